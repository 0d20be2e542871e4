"""Changes of membership, roles and groups take effect at their place in the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.errors import (
    AlreadyExists,
    Forbidden,
    ImError,
    LimitReached,
    NotFound,
    Taken,
)
from im.store import conversations, members
from im.store.database import Database
from im.store.effects import (
    Dissolve,
    Effect,
    GroupChange,
    Join,
    Leave,
    Mute,
    Recall,
    SetOwner,
    SetRole,
)
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.log_writer import LogWriter
from tests.im.store.harness import (
    event,
    key,
    make_group,
    make_media,
    make_user,
    message,
    on_loop,
    one,
    outcome,
    ready,
    rows,
    writing,
)


def recall(conversation: int, sender: int, seq: int, name: str = "", **how: Any) -> NewEntry:
    """An entry that takes a message back."""
    return event(
        *(conversation, sender, EntryKind.RECALL),
        key=key("recall", seq, name),
        target_seq=seq,
        effect=Recall(seq, **how),
    )


class Group:
    """A group of owner, admin and user, with a log writer."""

    def __init__(self, database: Database, writer: LogWriter) -> None:
        self.database = database
        self.writer = writer

    async def make(self) -> Group:
        """Fill the database."""
        names = ("owner", "admin", "user", "other")
        made = [await self.database.write(make_user, name) for name in names]
        self.owner, self.admin, self.user, self.other = made
        self.talk = await self.database.write(make_group, "The Group", self.owner)
        await self.do(EntryKind.CREATED, Join((self.admin, self.user)))
        return self

    async def do(self, kind: EntryKind, effect: Effect, sender: int | None = None) -> Entry:
        """An event of this effect."""
        count = await one(self.database, "SELECT COUNT(*) FROM message")
        return await self.writer.append(
            event(*(self.talk.id, sender or self.owner, kind), key=key(count), effect=effect)
        )

    async def members(self) -> dict[int, tuple[Any, ...]]:
        """(role, joined, left, read) by user."""
        found = await rows(
            self.database,
            "SELECT user_id, role, joined_seq, left_seq, read_seq FROM member"
            " WHERE conversation_id = %s",
            self.talk.id,
        )
        return {row[0]: row[1:] for row in found}

    async def epoch(self) -> int:
        """Of the conversation."""
        row = await self.database.read(conversations.by_id, self.talk.id)
        assert row is not None
        return row.epoch

    async def column(self, name: str) -> Any:
        """Of the group's row."""
        return await one(
            self.database, f"SELECT {name} FROM group_basic WHERE id = %s", self.talk.group_id
        )

    async def refused(self, error: type[ImError], effect: Effect) -> ImError:
        """The error, after which nothing is stored and no right has changed."""
        before = await self.epoch(), await one(self.database, "SELECT COUNT(*) FROM message")
        with pytest.raises(error) as refusal:
            await self.do(EntryKind.SETTINGS, effect)
        after = await self.epoch(), await one(self.database, "SELECT COUNT(*) FROM message")
        assert before == after
        return refusal.value


@on_loop
async def test_joining_and_leaving_take_effect_at_their_place_in_the_log(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        assert await group.members() == {
            group.owner: ("owner", 1, None, 0),
            group.admin: ("member", 1, None, 1),
            group.user: ("member", 1, None, 1),
        }
        assert await group.epoch() == 1
        await writer.append(message(group.talk.id, group.owner, "hello"))
        left = await group.do(EntryKind.LEFT, Leave((group.user, group.other)))
        assert (left.seq, left.epoch) == (3, 2)
        assert (await group.members())[group.user] == ("member", 1, 3, 1)
        back = await group.do(EntryKind.JOINED, Join((group.user, group.admin), role="admin"))
        assert (back.seq, back.ordinal) == (4, 1)
        found = await group.members()
        assert found[group.user] == ("admin", 4, None, 4)
        assert found[group.admin] == ("member", 1, None, 1), "who is in stays as they are"
        assert await group.epoch() == 3


@on_loop
async def test_who_joins_sees_the_past_as_the_group_has_it_at_their_place_in_the_log(
    url: str,
) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        people = [await database.write(make_user, f"new{number}") for number in range(12)]
        waiting = []
        for number, user in enumerate(people):
            switched = event(
                *(group.talk.id, group.owner, EntryKind.PAST_SHOWN),
                key=key("switch", number),
                effect=GroupChange({"shows_past": number % 2}),
            )
            joined = event(group.talk.id, user, EntryKind.JOINED, effect=Join((user,)))
            waiting += [writer.append(switched), writer.append(joined)]
        entries = sorted(await asyncio.gather(*waiting), key=lambda entry: entry.seq)
        shows, wanted = 0, {}
        for entry in entries:
            if entry.kind == EntryKind.JOINED:
                wanted[entry.sender] = 1 if shows else entry.seq
            else:
                shows = next(n for n in range(12) if key("switch", n) == entry.key) % 2
        assert set(wanted.values()) > {1}, "some see the past and some don't"
        pairs = [(group.talk.id, user) for user in people]
        found = await database.read(members.several, pairs)
        assert {row.user: row.first_seq for row in found} == wanted
        assert {row.user: row.read_seq for row in found} == {
            row.user: row.joined_seq for row in found
        }


@on_loop
async def test_what_no_longer_holds_at_commit_is_refused(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        await group.refused(AlreadyExists, Join((group.user,)))
        await group.refused(NotFound, Leave((group.other,)))
        await group.refused(NotFound, SetRole(group.other, "admin"))
        await group.refused(NotFound, SetOwner(group.other))
        await group.refused(NotFound, Mute(group.other, 1))
        await group.refused(NotFound, GroupChange({"icon_id": 4711}))
        limit = await group.refused(LimitReached, Join((group.other,), most=3))
        assert limit.values == {"limit": 3}
        assert (await group.members())[group.owner][0] == "owner"
        await group.do(EntryKind.JOINED, Join((group.other,), most=4))


@on_loop
async def test_roles_owner_and_mute_change(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        await group.do(EntryKind.ROLE, SetRole(group.admin, "admin"))
        await group.do(EntryKind.OWNER, SetOwner(group.admin))
        found = {user: row[0] for user, row in (await group.members()).items()}
        assert found == {group.owner: "member", group.admin: "owner", group.user: "member"}
        assert await group.column("owner_id") == group.admin
        await group.refused(Forbidden, Mute(group.admin, 99))
        await group.do(EntryKind.SILENCED, Mute(group.user, 99))
        muted = "SELECT muted_until FROM member WHERE user_id = %s"
        assert await one(database, muted, group.user) == 99
        await group.do(EntryKind.LEFT, Leave((group.user,)))
        await group.do(EntryKind.JOINED, Join((group.user,)))
        assert await one(database, muted, group.user) == 99, "coming back is no way out"
        await group.do(EntryKind.UNSILENCED, Mute(group.user, None))
        assert await one(database, muted, group.user) is None
        await group.do(EntryKind.SILENCED, Mute(group.user, 99))
        await group.do(EntryKind.ROLE, SetRole(group.user, "admin"))
        assert await one(database, muted, group.user) is None, "who leads may write"
        assert await group.epoch() == 9


@on_loop
async def test_a_groups_name_is_its_own_until_it_is_dissolved(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        other = await database.write(make_group, "Other", group.owner)
        rename = GroupChange({"name": "OTHER", "name_folded": "other"})
        assert (await group.refused(Taken, rename)).field == "name"
        assert await group.column("name") == "The Group"
        dissolved = await writer.append(
            event(other.id, group.owner, EntryKind.DISSOLVED, effect=Dissolve())
        )
        assert dissolved.seq == 1
        left = "SELECT left_seq FROM member WHERE conversation_id = %s"
        assert await one(database, left, other.id) == 1
        await group.do(EntryKind.RENAMED, rename)
        assert await group.column("name") == "OTHER"
        with pytest.raises(NotFound):
            await writer.append(
                event(other.id, group.owner, EntryKind.SETTINGS, effect=GroupChange({"note": "x"}))
            )


@on_loop
async def test_a_groups_columns_and_icon_change(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        icons = [await database.write(make_media, group.owner, data) for data in (b"a", b"b")]
        said = await group.do(EntryKind.ANNOUNCEMENT, GroupChange({"announcement": "公告"}))
        assert await group.column("announcement") == "公告"
        assert await group.column("announcement_at") == said.time
        assert await group.column("announcement_by") == group.owner
        counts = "SELECT reference_count FROM media ORDER BY id"
        await group.do(EntryKind.SETTINGS, GroupChange({"icon_id": icons[0], "approval": 1}))
        assert await rows(database, counts) == [(1,), (0,)]
        await group.do(EntryKind.SETTINGS, GroupChange({"icon_id": icons[1]}))
        assert await rows(database, counts) == [(1,)], "the icon before is gone"
        await group.do(EntryKind.SETTINGS, GroupChange({"icon_id": None}))
        assert await rows(database, counts) == []
        assert await one(database, "SELECT COUNT(*) FROM media_chunk") == 0
        assert await group.column("approval") == 1


@on_loop
async def test_a_refused_effect_leaves_the_rest_of_its_batch_alone(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        group = await Group(database, writer).make()
        talk = group.talk.id
        found = await asyncio.gather(
            outcome(writer.append(message(talk, group.user, "a"))),
            outcome(writer.append(recall(talk, group.user, 99))),
            outcome(writer.append(message(talk, group.user, "b"))),
            outcome(
                writer.append(event(talk, group.owner, EntryKind.OWNER, effect=SetOwner(4711)))
            ),
            outcome(writer.append(recall(talk, group.user, 2))),
            outcome(writer.append(message(talk, group.user, "c"))),
        )
        kinds = [type(result) for result in found]
        # The first message may have gone in a batch of its own, or the recall found it in its own.
        assert kinds == [Entry, NotFound, Entry, NotFound, Entry, Entry]
        assert [entry.seq for entry in found if isinstance(entry, Entry)] == [2, 3, 4, 5]
        assert (await group.members())[group.owner][0] == "owner", "a refused effect did nothing"
