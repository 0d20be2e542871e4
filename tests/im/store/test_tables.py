"""A backup's view of the tables: all are known, at one moment, and rows go in as they came out."""

from __future__ import annotations

from contextlib import closing

import pytest

from im.errors import Unavailable
from im.store import leases, restoring, tables, users
from im.store.cursor import Cursor
from im.store.errors import UnfinishedRestore
from im.store.migrations import migrate, schema_version
from im.store.restoring import NotEmpty
from tests.im.store.harness import on_loop, ready


def person(cursor: Cursor, name: str) -> int:
    """Someone new."""
    return users.create(cursor, name, "user", None, None, None, "en").id


@on_loop
async def test_of_every_table_it_is_decided_whether_it_is_kept(url: str) -> None:
    async with ready(url) as database:
        assert await database.read(tables.existing) == tables.TABLES.keys()
        for name, table in tables.TABLES.items():
            columns = {column.name for column in await database.read(tables.columns, name)}
            assert not table.passed_over or "id" in columns, name


@on_loop
async def test_a_snapshot_sees_nothing_of_what_comes_later_and_stops_nobody(url: str) -> None:
    async with ready(url) as database:
        await database.write(person, "before")
        with (
            closing(database.backend.snapshot()) as connection,
            closing(connection.cursor()) as cursor,
        ):
            for number in range(20):
                await database.write(person, f"later {number}")
            columns = tables.columns(cursor, "user_basic")
            pages = list(tables.rows(cursor, "user_basic", columns))
        assert [len(page) for page in pages] == [1]


@on_loop
async def test_ids_that_may_have_been_given_after_the_backup_are_passed_over(url: str) -> None:
    async with ready(url) as database:
        before = await database.write(person, "before")
        await database.write(tables.settle)
        assert await database.write(person, "after") > before + tables.SHOWN_IDS


@on_loop
async def test_a_part_of_a_backup_is_not_taken_for_a_whole_one(url: str) -> None:
    async with ready(url) as database:
        await database.write(restoring.begin, "one")
        assert await database.read(tables.existing) == {restoring.MARKER}
        for use in (migrate, schema_version):
            with pytest.raises(UnfinishedRestore, match=r"run\.py restore"):
                await use(database)
        await database.write(restoring.end)
        await migrate(database)


@on_loop
async def test_each_part_is_restored_once_and_only_by_who_began_last(url: str) -> None:
    async with ready(url) as database:
        await database.write(restoring.begin, "one")
        assert await database.write(restoring.advance, "one", 1)
        assert not await database.write(restoring.advance, "one", 1)
        await database.write(restoring.begin, "two")
        with pytest.raises(Unavailable, match="another restore"):
            await database.write(restoring.advance, "one", 2)
        assert await database.write(restoring.advance, "two", 1)


@on_loop
async def test_nothing_that_anybody_has_used_is_restored_into(url: str) -> None:
    async with ready(url) as database:
        await database.read(restoring.refuse_used)
        await database.write(person, "someone")
        with pytest.raises(NotEmpty, match="1 people and 0 messages"):
            await database.write(restoring.begin, "one")
        await database.write(lambda cursor: cursor.execute("CREATE TABLE accounts (id INTEGER)"))
        with pytest.raises(NotEmpty, match="accounts"):
            await database.write(restoring.begin, "one")
        assert "user_basic" in await database.read(tables.existing)


@on_loop
async def test_a_lease_is_seen_while_it_is_held(url: str) -> None:
    async with ready(url) as database:
        assert not await database.read(leases.held, "x", 60_000)
        assert await database.write(leases.take, "x", "me", 60_000)
        assert await database.read(leases.held, "x", 60_000)
        assert not await database.read(leases.held, "x", -1_000), "it ran out"
        await database.write(leases.release, "x", "me")
        assert not await database.read(leases.held, "x", 60_000)
