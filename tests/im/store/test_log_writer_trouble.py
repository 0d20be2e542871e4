"""The log writer when entries are poisoned, the database is away, or nobody waits any more."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from im.errors import Internal, Unavailable
from im.store.batch import Outcome
from im.store.entries import Entry
from tests.im.store.harness import (
    assert_whole,
    message,
    on_loop,
    one,
    outcome,
    private,
    ready,
    rows,
    until_stored,
    writing,
)
from tests.services.mariadb import MariaDB

POISON = {"target_seq": 2**64}
"""A number that no database holds."""

PATIENT = 30.0
"""Seconds for which a writer waits that nothing but its test may hold up."""


@on_loop
async def test_a_poisoned_entry_is_found_and_the_others_keep_their_order(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with ready(url) as database, writing(database) as writer:
        talks = [await private(database, 1, other) for other in (2, 3, 4)]
        entries = [message(talks[n % 3].id, 1, f"m{n}") for n in range(100)]
        poisoned = {17, 18, 60}
        for number in poisoned:
            entries[number] = message(talks[number % 3].id, 1, f"m{number}", **POISON)
        with caplog.at_level(logging.ERROR, "im.store"):
            found = await asyncio.gather(*(outcome(writer.append(entry)) for entry in entries))
        for number, result in enumerate(found):
            assert isinstance(result, Internal if number in poisoned else Entry), result
        assert len(caplog.records) == len(poisoned)
        for index, talk in enumerate(talks):
            texts = await rows(
                *(database, "SELECT content FROM message WHERE conversation_id = %s ORDER BY seq"),
                talk.id,
            )
            wanted = [n for n in range(100) if n % 3 == index and n not in poisoned]
            assert texts == [(f"m{n}",) for n in wanted]
        await assert_whole(database)


@on_loop
async def test_a_stalled_server_is_unavailable_within_3_seconds_and_nothing_is_stored_twice(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with ready(mysql_url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        await writer.append(message(talk.id, 1, "first"))
        mariadb.stop()
        start = time.monotonic()
        entries = [message(talk.id, 1, f"m{n}") for n in range(30)]
        found = await asyncio.gather(*(outcome(writer.append(entry)) for entry in entries))
        assert all(isinstance(result, Unavailable) for result in found), found
        waited = time.monotonic() - start
        print(f"refused after {waited:.2f} s")
        assert waited < 3 * 3.0
        mariadb.cont()
        # As an outbox does: in order, each until it is stored.
        for entry in entries:
            await until_stored(writer, entry)
        texts = await rows(database, "SELECT content FROM message ORDER BY seq")
        assert texts == [("first",), *((f"m{n}",) for n in range(30))]
        await assert_whole(database)


@on_loop
async def test_a_killed_server_is_unavailable_and_the_writer_comes_back_by_itself(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with ready(mysql_url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        await writer.append(message(talk.id, 1, "first"))
        mariadb.kill9()
        with pytest.raises(Unavailable):
            await writer.append(message(talk.id, 1, "second"))
        mariadb.restart()
        await until_stored(writer, message(talk.id, 1, "second"))
        assert await rows(database, "SELECT content FROM message ORDER BY seq") == [
            ("first",),
            ("second",),
        ]


@on_loop
async def test_a_connection_that_was_cut_while_idle_costs_nobody_an_error(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with ready(mysql_url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        for number in range(2):
            await writer.append(message(talk.id, 1, f"m{number}"))
            with mariadb.connect() as admin, admin.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM information_schema.processlist WHERE db = %s",
                    (mysql_url.rpartition("/")[2],),
                )
                for (connection,) in cursor.fetchall():
                    cursor.execute("KILL CONNECTION %s", (connection,))
            # Once at once, and once after the writer would look for itself.
            await asyncio.sleep(number * 1.1)
            await writer.append(message(talk.id, 1, f"after {number}"))
        assert await one(database, "SELECT COUNT(*) FROM message") == 4


@on_loop
async def test_an_entry_that_expires_takes_along_what_its_sender_queued_behind_it(
    url: str,
) -> None:
    """Else the sender, who sends the first again, would find it behind the second."""
    async with ready(url) as database, ready(url) as holder:
        talk, other = await private(database, 1, 2), await private(database, 3, 4)
        async with writing(database, timeout=1.0, max_entries=1) as writer:
            connection = holder.connection()
            connection.begin(1)
            connection.cursor().execute(
                "UPDATE conversation SET epoch = epoch WHERE id = %s", (talk.id,)
            )
            first = asyncio.create_task(writer.append(message(talk.id, 1, "in flight")))
            await asyncio.sleep(0.2)
            second = asyncio.create_task(writer.append(message(talk.id, 1, "queued")))
            await asyncio.sleep(0.2)
            third = asyncio.create_task(writer.append(message(talk.id, 1, "behind")))
            fourth = asyncio.create_task(writer.append(message(other.id, 3, "elsewhere")))
            found = await asyncio.gather(outcome(first), outcome(second))
            connection.rollback()
            connection.close()
            assert all(isinstance(result, Unavailable) for result in found)
            assert isinstance(await outcome(third), Unavailable)
            elsewhere = await outcome(fourth)
            assert isinstance(elsewhere, Entry), elsewhere
            assert (await writer.append(message(talk.id, 1, "in flight"))).repeated in (True, False)
        texts = await rows(
            database, "SELECT content FROM message WHERE conversation_id = %s", talk.id
        )
        assert texts == [("in flight",)]


@on_loop
async def test_an_entry_whose_time_began_before_is_told_before_the_others(url: str) -> None:
    async with ready(url) as database, ready(url) as holder, writing(database) as writer:
        talk, other = await private(database, 1, 2), await private(database, 1, 3)
        connection = holder.connection()
        connection.begin(1)
        connection.cursor().execute("UPDATE conversation SET epoch = epoch")
        fresh = asyncio.create_task(writer.append(message(talk.id, 1, "fresh")))
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Outcome] = loop.create_future()
        writer.submit(message(other.id, 1, "old"), told.set_result, loop.time() - 1)
        assert isinstance(await told, Unavailable)
        assert not fresh.done()
        connection.rollback()
        connection.close()
        assert isinstance(await fresh, Entry)


@on_loop
async def test_a_full_queue_refuses_at_once(url: str) -> None:
    async with (
        ready(url) as database,
        ready(url) as holder,
        writing(database, max_queue=6, max_entries=1, timeout=PATIENT) as writer,
    ):
        talks = [await private(database, 1, 2), await private(database, 1, 3)]
        # The thread takes one entry and gets no further while they come.
        connection = holder.connection()
        connection.begin(1)
        connection.cursor().execute("UPDATE conversation SET epoch = epoch")
        coming = [
            asyncio.create_task(outcome(writer.append(message(talk.id, 1, f"{talk.id} {number}"))))
            for talk in talks
            for number in range(50)
        ]
        while sum(task.done() for task in coming) < 93:  # noqa: ASYNC110 - each has one of its own
            await asyncio.sleep(0.001)
        connection.rollback()
        connection.close()
        found = await asyncio.gather(*coming)
        refused = [result for result in found if isinstance(result, Unavailable)]
        stored = [result for result in found if isinstance(result, Entry)]
        assert 93 <= len(refused) <= 94
        assert len(refused) + len(stored) == 100
        for talk in talks:
            assert sum(result.conversation == talk.id for result in stored) >= 3, "half for each"


@on_loop
async def test_closing_waits_for_what_was_appended_and_refuses_more(url: str) -> None:
    async with ready(url) as database:
        talk = await private(database, 1, 2)
        async with writing(database, max_entries=3) as writer:
            tasks = [
                asyncio.create_task(writer.append(message(talk.id, 1, f"m{n}"))) for n in range(20)
            ]
            await asyncio.sleep(0)
            await writer.close()
            assert all(task.done() for task in tasks)
            assert [task.result().seq for task in tasks] == list(range(1, 21))
            with pytest.raises(Unavailable):
                await writer.append(message(talk.id, 1, "late"))


@on_loop
async def test_flush_waits_for_what_was_appended_before(url: str) -> None:
    async with ready(url) as database, writing(database, max_entries=3) as writer:
        talk = await private(database, 1, 2)
        tasks = [
            asyncio.create_task(writer.append(message(talk.id, 1, f"m{n}"))) for n in range(20)
        ]
        await asyncio.sleep(0)
        await writer.flush()
        assert await one(database, "SELECT COUNT(*) FROM message") == 20
        assert all([await task for task in tasks])
        assert writer.waiting == 0


@on_loop
async def test_a_cancelled_caller_does_not_take_its_entry_back(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        task = asyncio.create_task(writer.append(message(talk.id, 1, "a")))
        await asyncio.sleep(0)
        task.cancel()
        after = await writer.append(message(talk.id, 1, "b"))
        assert after.seq == 2
