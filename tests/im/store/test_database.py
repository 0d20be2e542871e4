"""``read`` and ``write``: whole transactions, bounded waiting, and coming back by itself."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from contextlib import closing, suppress

import pytest

from im.errors import Taken, Unavailable
from im.store import mysql
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DuplicateKey
from tests.cluster.wait import until
from tests.im.store.harness import on_loop, one, opened, rows, run
from tests.services.mariadb import MariaDB

TABLE = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL)"


async def _table(database: Database) -> None:
    await run(database, TABLE)
    await run(database, "INSERT INTO t VALUES (1, 0), (2, 0)")


async def _back(database: Database, seconds: float = 10.0) -> None:
    """Return when the database answers again."""
    end = time.monotonic() + seconds
    while not await database.healthy():
        assert time.monotonic() < end, "the database did not come back"
        await asyncio.sleep(0.05)


@on_loop
async def test_a_write_is_seen_by_the_next_read(url: str) -> None:
    async with opened(url) as database:
        await _table(database)
        for number in range(1, 30):
            await run(database, "UPDATE t SET n = %s WHERE id = 1", number)
            found = await asyncio.gather(
                *(one(database, "SELECT n FROM t WHERE id = 1") for _ in range(10))
            )
            assert found == [number] * 10


@on_loop
async def test_a_refusal_undoes_the_whole_transaction(url: str) -> None:
    async with opened(url) as database:
        await _table(database)

        def refuse(cursor: Cursor) -> None:
            cursor.execute("UPDATE t SET n = 5")
            raise Taken(field="name")

        with pytest.raises(Taken):
            await database.write(refuse)
        with pytest.raises(DuplicateKey):
            await database.write(
                lambda cursor: (
                    cursor.execute("UPDATE t SET n = 6"),
                    cursor.execute("INSERT INTO t VALUES (1, 1)"),
                )
            )
        assert await rows(database, "SELECT n FROM t") == [(0,), (0,)]
        # The connection that served it is fit for the next.
        assert await run(database, "UPDATE t SET n = 7") == 2


@on_loop
async def test_reading_cannot_write_by_mistake_on_sqlite(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        await _table(database)
        with pytest.raises(Unavailable, match="readonly"):
            await database.read(lambda cursor: cursor.execute("UPDATE t SET n = 1"))
        assert await one(database, "SELECT SUM(n) FROM t") == 0


@on_loop
async def test_a_transaction_that_lost_its_connection_is_run_again_as_a_whole(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with opened(mysql_url) as database:
        await _table(database)
        tries = 0

        def both(cursor: Cursor) -> None:
            nonlocal tries
            tries += 1
            cursor.execute("UPDATE t SET n = n + 1 WHERE id = 1")
            if tries == 1:
                row = cursor.execute("SELECT CONNECTION_ID()").one()
                assert row is not None
                with mariadb.connect() as admin, admin.cursor() as killer:
                    killer.execute("KILL CONNECTION %s", (row[0],))
            cursor.execute("UPDATE t SET n = n + 1 WHERE id = 2")

        await database.write(both)
        assert tries == 2
        assert await rows(database, "SELECT n FROM t ORDER BY id") == [(1,), (1,)]
        assert database.statistics.retries == 1


@on_loop
async def test_of_two_transactions_in_a_deadlock_both_end_well(mysql_url: str) -> None:
    async with opened(mysql_url) as database:
        await _table(database)
        met = threading.Barrier(2)
        meet = {1: True, 2: True}

        def cross(cursor: Cursor, first: int, second: int) -> None:
            cursor.execute("UPDATE t SET n = n + 1 WHERE id = %s", (first,))
            if meet.pop(first, False):
                met.wait(2)
            cursor.execute("UPDATE t SET n = n + 10 WHERE id = %s", (second,))

        await asyncio.gather(database.write(cross, 1, 2), database.write(cross, 2, 1))
        assert await rows(database, "SELECT n FROM t ORDER BY id") == [(11,), (11,)]
        assert database.statistics.retries >= 1


@on_loop
async def test_attempts_are_counted(mysql_url: str, mariadb: MariaDB) -> None:
    async with opened(mysql_url) as database:
        tries = 0

        def never(cursor: Cursor) -> None:
            nonlocal tries
            tries += 1
            row = cursor.execute("SELECT CONNECTION_ID()").one()
            assert row is not None
            with mariadb.connect() as admin, admin.cursor() as killer:
                killer.execute("KILL CONNECTION %s", (row[0],))
            cursor.execute("SELECT 1")

        with pytest.raises(Unavailable):
            await database.write(never, attempts=2)
        assert tries == 2


@on_loop
async def test_a_server_that_stalls_is_unavailable_within_3_seconds_and_then_comes_back(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with opened(mysql_url, pool_size=4) as database:
        await _table(database)
        await asyncio.gather(*(one(database, "SELECT SLEEP(0.05)") for _ in range(4)))
        mariadb.stop()
        start = time.monotonic()
        calls = [
            *(one(database, "SELECT n FROM t WHERE id = 1") for _ in range(20)),
            *(run(database, "UPDATE t SET n = n + 1") for _ in range(5)),
        ]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(error, Unavailable) for error in found), found
        waited = time.monotonic() - start
        print(f"refused after {waited:.2f} s")
        assert waited < 3 * 3.0
        assert database.statistics.unavailable == 25
        mariadb.cont()
        await _back(database)
        assert await one(database, "SELECT 1") == 1


@on_loop
async def test_when_all_connections_were_lost_at_once_one_more_attempt_finds_a_good_one(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with opened(mysql_url, pool_size=4) as database:
        asked = "SELECT CONNECTION_ID() + SLEEP(0.2)"
        ids = await asyncio.gather(*(one(database, asked) for _ in range(4)))
        with closing(mariadb.connect()) as server, server.cursor() as cursor:
            for number in sorted(set(ids)):
                cursor.execute("KILL %s", (int(number),))
        for _ in range(4):
            assert await one(database, "SELECT 1") == 1
        assert database.statistics.retries == 1


@on_loop
async def test_a_connection_that_has_just_answered_is_lent_without_asking_the_server(
    mysql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(mysql_url, pool_size=1) as database:
        asked = "SHOW SESSION STATUS LIKE 'Com_admin_commands'"
        ((_, before),) = await rows(database, asked)
        ((_, after),) = await rows(database, asked)
        assert after == before
        monkeypatch.setattr(mysql, "TRUST_SECONDS", 0.0)
        ((_, after),) = await rows(database, asked)
        assert int(after) == int(before) + 1


@on_loop
async def test_a_server_that_was_killed_is_unavailable_at_once_and_then_comes_back(
    mysql_url: str, mariadb: MariaDB
) -> None:
    async with opened(mysql_url) as database:
        await _table(database)
        mariadb.kill9()
        start = time.monotonic()
        with pytest.raises(Unavailable):
            await run(database, "UPDATE t SET n = 1")
        assert not await database.healthy()
        waited = time.monotonic() - start
        print(f"refused after {waited:.2f} s")
        assert waited < 3 * 3.0
        mariadb.restart()  # In this thread, with which the server would end.
        await _back(database)
        assert await run(database, "UPDATE t SET n = 2") == 2


@on_loop
async def test_no_more_calls_wait_than_allowed(url: str) -> None:
    async with opened(url, pool_size=1, max_waiting=5) as database:
        go_on = threading.Event()
        running = [asyncio.create_task(database.read(lambda _: go_on.wait(30))) for _ in range(20)]
        await until(lambda: sum(task.done() for task in running) >= 13)
        refused = [task for task in running if task.done()]
        for task in refused:
            with pytest.raises(Unavailable):
                task.result()
        go_on.set()
        left = await asyncio.gather(*(task for task in running if task not in refused))
        assert all(left)


@on_loop
async def test_what_its_caller_gave_up_while_it_waited_is_not_run(url: str) -> None:
    async with opened(url, pool_size=1) as database:
        begun, go_on = threading.Event(), threading.Event()
        ran: list[int] = []

        def hold(_: Cursor) -> None:
            begun.set()
            go_on.wait(30)

        first = asyncio.create_task(database.read(hold))
        await until(begun.is_set)
        second = asyncio.create_task(database.read(lambda _: ran.append(2)))
        # Started once, it stands in the line.
        await asyncio.sleep(0)
        second.cancel()
        with suppress(asyncio.CancelledError):
            await second
        go_on.set()
        await first
        await database.read(lambda _: ran.append(3))
        assert ran == [3]


@on_loop
async def test_slow_statements_are_logged_without_their_values(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(url, slow_ms=20) as database:
        slow = "SELECT SLEEP(0.05), %s"
        if database.dialect.name == "sqlite":
            slow = (
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)"
                " SELECT MAX(i), %s FROM n"
            )
        with caplog.at_level(logging.WARNING, "im.sql"):
            await rows(database, "SELECT %s", "quick-secret")
            await rows(database, slow, "slow-secret")
        lines = [record.getMessage() for record in caplog.records if record.name == "im.sql"]
        assert len(lines) == 1
        assert slow in lines[0]
        assert "secret" not in lines[0]
        assert database.statistics.slow == 1


@on_loop
async def test_statements_are_counted(url: str) -> None:
    async with opened(url) as database:
        await database.healthy()
        before = database.statistics.statements
        await database.write(
            lambda cursor: (cursor.execute("SELECT 1"), cursor.execute("SELECT 2"))
        )
        await one(database, "SELECT 3")
        assert database.statistics.statements - before == 3


@on_loop
async def test_a_database_is_not_taken_across_a_fork(url: str) -> None:
    async with opened(url) as database:
        await database.healthy()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                database.connection()
            except RuntimeError:
                code = 0
            finally:
                os._exit(code)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        assert os.waitstatus_to_exitcode(status) == 0


@on_loop
async def test_settings_that_lose_what_was_acknowledged_are_named(
    url: str, request: pytest.FixtureRequest
) -> None:
    async with opened(url) as database:
        assert await database.check_durability() == []
        if database.dialect.name == "sqlite":
            return
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        with mariadb.connect() as admin, admin.cursor() as cursor:
            cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
            try:
                sentences = await database.check_durability()
            finally:
                cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        assert len(sentences) == 1
        assert "innodb_flush_log_at_trx_commit" in sentences[0]
