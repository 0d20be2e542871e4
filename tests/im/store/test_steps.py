"""Steps that are sent together are taken in order, and none after the first that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from im.store.backend import Connection
from im.store.database import Database
from im.store.errors import DatabaseFault, DuplicateKey
from im.store.steps import Begin, Commit, Statement
from tests.im.store.harness import on_loop, opened, rows

HOSTILE = "'; COMMIT; -- \\' %s %% \\\\ \" ` 消息 😀 \x00 \n"


@asynccontextmanager
async def notes(url: str) -> AsyncIterator[tuple[Database, Connection]]:
    """A database with a table of numbers and texts, and a connection of one's own."""
    async with opened(url) as database:
        await database.write(
            lambda cursor: cursor.execute(
                "CREATE TABLE note (number INTEGER PRIMARY KEY, text TEXT, raw VARBINARY(300))"
            )
        )
        connection = database.connection()
        try:
            yield database, connection
        finally:
            connection.close()


def insert(number: int, text: str | None = "", raw: bytes = b"") -> Statement:
    """A note."""
    return Statement(
        "INSERT INTO note (number, text, raw) VALUES (%s, %s, %s)", (number, text, raw)
    )


@on_loop
async def test_each_step_finds_its_rows(url: str) -> None:
    async with notes(url) as (database, connection):
        before = database.statistics.statements
        assert connection.run(
            [
                Statement("SELECT 1, 'a%%'"),
                Begin(1),
                insert(1),
                insert(2, None),
                Statement("SELECT number FROM note ORDER BY number"),
                Commit(),
            ]
        ) == [[(1, "a%")], [], [], [], [(1,), (2,)], []]
        assert database.statistics.statements - before == 4
        assert await rows(database, "SELECT number, text FROM note") == [(1, ""), (2, None)]


@on_loop
async def test_values_stay_values(url: str) -> None:
    every_byte = bytes(range(256))
    async with notes(url) as (database, connection):
        connection.run([insert(1, HOSTILE, every_byte), insert(2**31 - 1, "%s")])
        assert await rows(database, "SELECT * FROM note") == [
            (1, HOSTILE, every_byte),
            (2**31 - 1, "%s", b""),
        ]


@on_loop
async def test_nothing_is_committed_after_a_step_that_fails(url: str) -> None:
    async with notes(url) as (database, connection):
        with pytest.raises(DuplicateKey):
            connection.run([Begin(1), insert(1), insert(1), insert(2), Commit()])
        connection.rollback()
        with pytest.raises(DatabaseFault):
            connection.run([Begin(1), insert(3), Statement("NO SUCH STATEMENT"), Commit()])
        connection.rollback()
        assert await rows(database, "SELECT number FROM note") == []
        connection.run([Begin(1), insert(4), Commit()])
        assert await rows(database, "SELECT number FROM note") == [(4,)]


@on_loop
async def test_borrowed_connections_take_one_statement_at_a_time(mysql_url: str) -> None:
    async with notes(mysql_url) as (database, _):
        with pytest.raises(DatabaseFault):
            await rows(database, "SELECT 1; DELETE FROM note")
