"""Content whose time is over is gone from every table; numbers, order and what is newer stay."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from im.errors import Expired
from im.store import expiry, mentions, messages
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.effects import Edit, GroupChange, Recall
from im.store.entries import Entry, EntryKind
from im.store.search_words import tokens_of
from tests.im.store.harness import (
    assert_whole,
    event,
    indexed,
    key,
    make_group,
    make_media,
    make_user,
    message,
    on_loop,
    one,
    private,
    ready,
    rows,
    run,
    writing,
)
from tests.im.store.test_search_index import follow

OLD = 1_000_000
BEFORE = 2_000_000
NOW = 3_000_000
"""Entries that a test makes old were stored at ``OLD``; those before ``BEFORE`` are to go."""


async def age(database: Database, conversation: int, last: int) -> None:
    """The entries up to a number, and their conversation, are as old as can be."""
    await run(
        database,
        "UPDATE message SET created_at = %s WHERE conversation_id = %s AND seq <= %s",
        *(OLD, conversation, last),
    )
    await run(database, "UPDATE conversation SET kept_from = %s WHERE id = %s", OLD, conversation)


async def step(database: Database, conversation: int) -> tuple[int, ...] | None:
    """Remove the next of what is old."""
    found = await database.read(expiry.expiring, conversation, BEFORE)
    tokens = {seq: tokens_of(text, who) for seq, (text, who, _) in found.messages.items()}
    return await database.write(expiry.expire, found, tokens, NOW)


def held_in(folder: Path) -> bytes:
    """What all files of the database have."""
    return b"".join(path.read_bytes() for path in folder.glob("im.db*"))


async def entry(database: Database, conversation: int, seq: int) -> Entry:
    """One entry."""
    found = await database.read(messages.by_seq, conversation, seq)
    assert found is not None
    return found


@on_loop
async def test_what_has_expired_is_gone_from_every_table(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        users = [await database.write(make_user, name) for name in ("a", "b")]
        talk = (await private(database, *users)).id
        file = await database.write(make_media, users[0], b"picture", b"thumbnail")
        mine = [
            message(
                talk, users[0], "秘密文字", media_id=file, extra={"a": 1}, mentions=(users[1],)
            ),
            message(talk, users[0], "second secret"),
            event(
                *(talk, users[0], EntryKind.EDIT),
                content="what it became",
                target_seq=2,
                effect=Edit(2),
            ),
            message(talk, users[0], "young"),
        ]
        for each in mine:
            await writer.append(each)
        await follow(database, talk)
        await age(database, talk, 3)

        gone = await step(database, talk)
        assert gone is not None
        assert len(gone) == 2
        for seq in (1, 2, 3):
            stone = await entry(database, talk, seq)
            assert stone.expired
            assert not stone.recalled
            assert (stone.content, stone.extra, stone.media_id, stone.media) == (None,) * 3 + ("",)
            assert stone.fingerprint is None
        for table in ("media", "media_chunk", "media_reference", "mention"):
            assert await one(database, f"SELECT COUNT(*) FROM {table}") == 0
        assert set(await database.read(indexed, talk)) == {4}
        young = await entry(database, talk, 4)
        assert (young.content, young.expired) == ("young", 0)
        assert await database.read(mentions.newest_unread, users[1], [talk]) == {}
        await assert_whole(database)
        # The number and the key stay: sent again it is still the same message.
        again = await writer.append(mine[0])
        assert (again.seq, again.repeated, again.content) == (1, True, None)
        # Nothing more is due.
        assert await database.read(expiry.due, BEFORE, 10) == []


@on_loop
async def test_a_page_of_an_old_range_has_every_number(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for number in range(1, 251):
            await writer.append(message(talk, 1 + number % 2, f"text {number}"))
        await age(database, talk, 230)
        steps = 0
        while await database.read(expiry.due, BEFORE, 10):
            assert await step(database, talk) is not None
            steps += 1
        assert steps == 3
        page = await database.read(lambda cursor: messages.page(cursor, talk, after=225, limit=10))
        assert [each.seq for each in page.entries] == list(range(226, 236))
        assert [bool(each.expired) for each in page.entries] == [True] * 5 + [False] * 5
        assert [each.ordinal for each in page.entries] == list(range(226, 236))
        await assert_whole(database)


@on_loop
async def test_nothing_goes_from_behind_an_entry_that_is_young(url: str) -> None:
    """A clock that was set back makes an entry look older than the one before it."""
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for text in ("one", "two", "three"):
            await writer.append(message(talk, 1, text))
        await age(database, talk, 3)
        await run(database, "UPDATE message SET created_at = %s WHERE seq = 2", BEFORE)
        while await database.read(expiry.due, BEFORE, 10):
            await step(database, talk)
        left = await rows(database, "SELECT content FROM message ORDER BY seq")
        assert left == [(None,), ("two",), ("three",)]


@on_loop
async def test_what_a_message_became_goes_with_it_however_late(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        await writer.append(message(talk, 1, "as it was"))
        change = event(
            *(talk, 1, EntryKind.EDIT), content="as it became", target_seq=1, effect=Edit(1)
        )
        await writer.append(change)
        await age(database, talk, 1)
        await step(database, talk)
        assert await rows(database, "SELECT content FROM message") == [(None,), (None,)]
        later = event(
            *(talk, 1, EntryKind.EDIT), content="again", target_seq=1, effect=Edit(1), key=key(9)
        )
        with pytest.raises(Expired):
            await writer.append(later)


@on_loop
async def test_what_became_of_a_group_stays(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        owner = await database.write(make_user, "owner")
        group = (await database.write(make_group, "walkers", owner)).id
        for kind, field, text in (
            (EntryKind.RENAMED, "name", "runners"),
            (EntryKind.ANNOUNCEMENT, "announcement", "meet at six"),
        ):
            effect = GroupChange({field: text})
            await writer.append(event(group, owner, kind, content=text, effect=effect))
        await age(database, group, 2)
        await step(database, group)
        assert await rows(database, "SELECT content FROM message ORDER BY seq") == [
            ("runners",),
            (None,),
        ]
        assert await one(database, "SELECT announcement FROM group_basic") == "meet at six"


@on_loop
async def test_a_change_meanwhile_makes_a_step_be_taken_anew(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for text in ("one", "two"):
            await writer.append(message(talk, 1, text))
        await follow(database, talk)
        await age(database, talk, 2)
        found = await database.read(expiry.expiring, talk, BEFORE)
        await writer.append(
            event(talk, 1, EntryKind.RECALL, target_seq=1, effect=Recall(1), key=key("recall"))
        )
        tokens = {seq: tokens_of(text, who) for seq, (text, who, _) in found.messages.items()}
        assert await database.write(expiry.expire, found, tokens, NOW) is None
        assert await step(database, talk) == ()
        assert await database.write(expiry.expire, found, tokens, NOW) is None
        assert await database.read(indexed, talk) == {}
        assert (await entry(database, talk, 1)).recalled


@on_loop
async def test_what_would_go_is_counted_a_part_at_a_time(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        for other in range(2, 7):
            talk = (await private(database, 1, other)).id
            for number in range(10):
                await writer.append(message(talk, 1, f"{number}", key=key(other, number)))
            await age(database, talk, 7)
        await step(database, talk)
        total, after, parts = 0, expiry.Reached(0, 0), 0
        reached: expiry.Reached | None = after
        while reached is not None:
            found, reached = await database.read(expiry.count, BEFORE, reached, 2)
            total, parts = total + found, parts + 1
        assert (total, parts) == (28, 3)


@on_loop
async def test_what_is_due_is_found_by_an_index(url: str) -> None:
    def plan(cursor: Cursor, sql: str) -> str:
        explain = "EXPLAIN QUERY PLAN " if cursor.dialect.name == "sqlite" else "EXPLAIN "
        return str(cursor.execute(explain + sql).all())

    async with ready(url) as database:
        for other in range(2, 60):
            await private(database, 1, other)
        due = "SELECT id FROM conversation WHERE kept_from < 5 ORDER BY kept_from LIMIT 5"
        assert "kept_from" in await database.read(plan, due)


@on_loop
async def test_erased_text_leaves_the_files(sqlite_url: str, tmp_path: Path) -> None:
    async with ready(sqlite_url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        await writer.append(message(talk, 1, "unmistakable words"))
        await age(database, talk, 1)
        await step(database, talk)
        assert await database.wipe()
        assert b"unmistakable" not in await asyncio.to_thread(held_in, tmp_path)
