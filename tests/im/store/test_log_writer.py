"""Entries are stored once, durably, numbered without gaps, in each sender's order."""

from __future__ import annotations

import asyncio
import time

import pytest

from im.errors import KeyConflict, Malformed, NotFound, TooLarge
from im.store import conversations, messages
from im.store.cursor import Cursor
from im.store.effects import SetRole
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.errors import StaleEpoch
from im.store.log_writer import LEAST_QUEUE
from tests.im.store.harness import (
    assert_whole,
    event,
    key,
    make_group,
    make_media,
    make_user,
    message,
    on_loop,
    one,
    outcome,
    private,
    ready,
    rows,
    run,
    writing,
)


@on_loop
async def test_entries_are_numbered_from_1_without_gaps(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        found = await asyncio.gather(
            *(writer.append(message(talk.id, 1, f"m{n}")) for n in range(200))
        )
        assert [entry.seq for entry in found] == list(range(1, 201))
        assert [entry.content for entry in found] == [f"m{n}" for n in range(200)]
        stored = await rows(
            database, "SELECT seq, content FROM message WHERE conversation_id = %s", talk.id
        )
        assert sorted(stored) == [(n + 1, f"m{n}") for n in range(200)]
        row = await database.read(conversations.by_id, talk.id)
        assert row is not None
        assert (row.last_seq, row.last_ordinal, row.epoch) == (200, 200, 0)
        assert row.changed_at == max(entry.time for entry in found)


@on_loop
async def test_what_append_returns_is_what_is_stored(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        media = await database.write(make_media, 1)
        made = await writer.append(
            message(
                *(talk.id, 2, "文字 😀 \\' \" %s ? \0"),
                extra={"mentions": [1, 2], "名": "值"},
                media_id=media,
            )
        )
        assert made == await database.read(messages.by_seq, talk.id, made.seq)
        found = await database.read(messages.by_keys, [(2, made.key)])
        assert found == {(2, made.key): made}
        assert made.conversation_name == "p:1:2"
        assert not made.repeated
        assert abs(made.time - time.time() * 1000) < 5000
        assert await one(database, "SELECT reference_count FROM media WHERE id = %s", media) == 1


@on_loop
async def test_ordinals_count_messages_and_not_events(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        found = [
            await writer.append(entry)
            for entry in (
                message(talk.id, 1, "a"),
                event(talk.id, 1, EntryKind.CREATED),
                event(talk.id, 2, EntryKind.RENAMED),
                message(talk.id, 2, "b"),
            )
        ]
        assert [(entry.seq, entry.ordinal) for entry in found] == [(1, 1), (2, 1), (3, 1), (4, 2)]


@on_loop
async def test_sending_moves_the_senders_own_marks_and_never_back(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        other = await private(database, 1, 3)
        await asyncio.gather(
            *(writer.append(message(talk.id, 1, f"m{n}")) for n in range(5)),
            writer.append(message(other.id, 3, "x")),
        )
        await writer.append(event(talk.id, 2, EntryKind.RENAMED))
        marks = "SELECT user_id, read_seq, read_ordinal, delivered_seq FROM member WHERE "
        assert sorted(await rows(database, marks + "conversation_id = %s", talk.id)) == [
            (1, 5, 5, 5),
            (2, 0, 0, 0),
        ]
        assert sorted(await rows(database, marks + "conversation_id = %s", other.id)) == [
            (1, 0, 0, 0),
            (3, 1, 1, 1),
        ]
        await run(database, "UPDATE member SET read_seq = 100, read_ordinal = 90")
        await writer.append(message(talk.id, 1, "again"))
        assert await rows(database, marks + "conversation_id = %s AND user_id = 1", talk.id) == [
            (1, 100, 90, 7)
        ]


@on_loop
async def test_sending_to_everyone_moves_the_mark_in_the_users_row(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        everyone = await database.read(conversations.broadcast)
        users = [await database.write(make_user, name) for name in ("a", "b")]
        await writer.append(message(everyone.id, users[0], "hello"))
        sql = "SELECT id, all_read_seq, all_read_ordinal, all_delivered_seq FROM user_basic"
        assert sorted(await rows(database, sql)) == [(users[0], 1, 1, 1), (users[1], 0, 0, 0)]
        assert await one(database, "SELECT COUNT(*) FROM member") == 0


@on_loop
async def test_the_same_key_never_makes_two_messages(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        entry = message(talk.id, 1, "once")
        # In one batch, in batches that overlap, and later.
        found = await asyncio.gather(*(writer.append(entry) for _ in range(50)))
        found.append(await writer.append(entry))
        assert {stored.seq for stored in found} == {1}
        assert [stored.repeated for stored in found].count(False) == 1
        assert await one(database, "SELECT COUNT(*) FROM message") == 1
        after = await writer.append(message(talk.id, 1, "next"))
        assert after.seq == 2


@on_loop
async def test_the_same_key_of_another_sender_is_another_message(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        found = await asyncio.gather(
            *(writer.append(message(talk.id, user, "hi", key=key("k"))) for user in (1, 2))
        )
        assert sorted(entry.seq for entry in found) == [1, 2]


@on_loop
async def test_a_key_with_another_content_is_refused(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk, other = await private(database, 1, 2), await private(database, 1, 3)
        first = message(talk.id, 1, "one", key=key("k"))
        await writer.append(first)
        refused = (
            message(talk.id, 1, "two", key=key("k")),
            message(other.id, 1, "one", key=key("k"), fingerprint=first.fingerprint),
        )
        for entry in refused:
            with pytest.raises(KeyConflict):
                await writer.append(entry)
        # Both in one batch: the first wins.
        found = await asyncio.gather(
            *(outcome(writer.append(message(talk.id, 1, text, key=key("l")))) for text in "ab")
        )
        assert isinstance(found[0], Entry)
        assert isinstance(found[1], KeyConflict)
        # Nothing to compare with.
        again = await writer.append(message(talk.id, 1, "two", key=key("k"), fingerprint=None))
        assert (again.seq, again.content, again.repeated) == (1, "one", True)
        assert await one(database, "SELECT last_seq FROM conversation WHERE id = %s", talk.id) == 2


@on_loop
async def test_two_writers_with_the_same_keys_store_each_once(url: str) -> None:
    async with ready(url) as database, ready(url) as second:
        talks = [await private(database, 1, other) for other in range(2, 12)]
        entries = [message(talks[n % 10].id, 1, f"m{n}") for n in range(300)]
        async with (
            writing(database, max_entries=20) as left,
            writing(second, max_entries=20) as right,
        ):
            both = await asyncio.gather(
                *(writer.append(entry) for entry in entries for writer in (left, right))
            )
        for one_entry, other in zip(both[::2], both[1::2], strict=True):
            assert (one_entry.conversation, one_entry.seq) == (other.conversation, other.seq)
            assert one_entry.repeated != other.repeated
        await assert_whole(database)


@on_loop
async def test_two_writers_into_one_conversation_leave_no_gap(url: str) -> None:
    async with ready(url) as database, ready(url) as second:
        talk = await private(database, 1, 2)
        async with writing(database) as left, writing(second) as right:
            # No more at once than may wait of one conversation on a machine that has no time.
            for start in range(0, 200, LEAST_QUEUE // 2):
                numbers = range(start, start + LEAST_QUEUE // 2)
                await asyncio.gather(
                    *(left.append(message(talk.id, 1, f"l{n}")) for n in numbers),
                    *(right.append(message(talk.id, 2, f"r{n}")) for n in numbers),
                )
        await assert_whole(database)
        for sender, letter in ((1, "l"), (2, "r")):
            texts = await rows(
                database, "SELECT content FROM message WHERE sender_id = %s ORDER BY seq", sender
            )
            assert texts == [(f"{letter}{n}",) for n in range(200)]


@on_loop
async def test_rights_are_those_at_commit(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        owner, user = [await database.write(make_user, name) for name in ("owner", "user")]
        talk = await database.write(make_group, "group", owner)
        await run(
            database,
            "INSERT INTO member (conversation_id, user_id, changed_at) VALUES (%s, %s, 1)",
            *(talk.id, user),
        )
        # All in one batch: the second message was authorised before the role changed.
        found = await asyncio.gather(
            outcome(writer.append(message(talk.id, user, "before", epoch=0))),
            outcome(
                writer.append(
                    event(talk.id, owner, EntryKind.ROLE, epoch=0, effect=SetRole(user, "admin"))
                )
            ),
            outcome(writer.append(message(talk.id, user, "stale", epoch=0))),
            outcome(writer.append(message(talk.id, user, "overtaker", epoch=1))),
            outcome(writer.append(message(talk.id, owner, "unchecked"))),
        )
        before, role, stale, overtaker, unchecked = found
        assert isinstance(before, Entry)
        assert isinstance(role, Entry)
        assert (before.epoch, role.epoch) == (0, 1)
        assert isinstance(stale, StaleEpoch)
        assert stale.epoch == 1
        assert isinstance(overtaker, StaleEpoch), "it must not overtake what it came behind"
        assert isinstance(unchecked, Entry)
        assert unchecked.seq == 3
        assert (await writer.append(message(talk.id, user, "stale", epoch=1))).seq == 4
        await assert_whole(database)


@on_loop
async def test_what_does_not_exist_is_refused_alone(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        found = await asyncio.gather(
            outcome(writer.append(message(talk.id, 1, "a"))),
            outcome(writer.append(message(9999, 1, "b"))),
            outcome(writer.append(message(talk.id, 1, "c", media_id=9999))),
            outcome(writer.append(message(talk.id, 1, "d"))),
        )
        assert isinstance(found[1], NotFound)
        assert isinstance(found[2], NotFound)
        assert found[2].field == "file"
        assert [entry.seq for entry in found if isinstance(entry, Entry)] == [1, 2]


@on_loop
async def test_texts_that_cannot_be_stored_are_refused_by_name(url: str) -> None:
    async with ready(url) as database, writing(database, max_bytes=2000) as writer:
        talk = await private(database, 1, 2)
        with pytest.raises(Malformed):
            await writer.append(message(talk.id, 1, "\ud800", key=key("k"), fingerprint=None))
        with pytest.raises(TooLarge):
            await writer.append(message(talk.id, 1, "文" * 600))
        # Each nearly as large as a batch: they go one by one, whole.
        found = await asyncio.gather(
            *(writer.append(message(talk.id, 1, f"{n}" + "文" * 550)) for n in range(5))
        )
        assert [entry.seq for entry in found] == [1, 2, 3, 4, 5]
        assert await one(database, "SELECT content FROM message WHERE seq = 5") == "4" + "文" * 550


@on_loop
async def test_a_send_costs_the_same_few_statements_whatever_the_size_of_the_group(
    url: str,
) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await database.write(make_group, "group", 1)

        async def cost(text: str) -> int:
            before = database.statistics.statements
            await writer.append(message(talk.id, 1, text))
            return database.statistics.statements - before

        small = await cost("small")

        def grow(cursor: Cursor) -> None:
            values = [value for user in range(2, 1002) for value in (talk.id, user, 1)]
            cursor.execute(
                "INSERT INTO member (conversation_id, user_id, changed_at) VALUES "
                + cursor.dialect.rows(1000, 3),
                values,
            )

        await database.write(grow)
        assert await cost("large") == small
        assert small <= 6


@on_loop
async def test_a_batch_costs_the_same_few_statements_whatever_its_size(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talks = [await private(database, 1, other) for other in range(2, 102)]
        before = database.statistics.statements
        await asyncio.gather(
            *(writer.append(message(talks[n % 100].id, 1, f"m{n}")) for n in range(500))
        )
        # The first goes alone or not, so there are one or two batches, seldom three.
        assert database.statistics.statements - before <= 3 * 6


def test_keys_and_fingerprints_have_16_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        NewEntry(1, 1, b"short")
    with pytest.raises(ValueError, match="16 bytes"):
        NewEntry(1, 1, bytes(16), fingerprint=b"")
