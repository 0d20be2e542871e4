"""The same statements do the same on MySQL, MariaDB and SQLite."""

from __future__ import annotations

import time

import pytest

from im.store.cursor import Cursor
from im.store.dialect import LONGEST_TRANSLATION, TRANSLATIONS, SqliteDialect
from im.store.errors import DatabaseFault, DuplicateKey
from tests.im.store.harness import on_loop, one, opened, ready, rows, run

TABLE = "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, c VARCHAR(20), PRIMARY KEY (a, b))"


@on_loop
async def test_a_literal_percent_sign_is_doubled_everywhere(url: str) -> None:
    async with opened(url) as database:
        assert await one(database, "SELECT 7 %% 4") == 3
        assert await one(database, "SELECT %s LIKE 'a%%'", "abc") == 1
        assert await one(database, "SELECT '%%s'") == "%s"
        assert await one(database, "SELECT %s", "100% ? %s") == "100% ? %s"


@on_loop
async def test_an_upsert_replaces_only_the_columns_named(url: str) -> None:
    async with opened(url) as database:
        await run(database, TABLE)
        upsert = database.dialect.upsert(("a", "b"), ("c",))
        await run(database, f"INSERT INTO t VALUES (1, 2, 'old'){upsert}")
        await run(database, f"INSERT INTO t VALUES (1, 2, 'new'), (1, 3, 'other'){upsert}")
        found = await rows(database, "SELECT a, b, c FROM t ORDER BY b")
        assert found == [(1, 2, "new"), (1, 3, "other")]


@on_loop
async def test_rowcount_counts_what_matched_and_not_what_changed(url: str) -> None:
    async with opened(url) as database:
        await run(database, TABLE)
        insert = f"{database.dialect.insert_ignore} t VALUES (1, 2, 'x')"
        assert await run(database, insert) == 1
        assert await run(database, insert) == 0
        assert await run(database, "UPDATE t SET c = 'x'") == 1
        assert await run(database, "UPDATE t SET c = 'y' WHERE a = 9") == 0


@on_loop
async def test_a_duplicate_is_named_by_its_columns(url: str) -> None:
    async with ready(url) as database:
        await run(
            database,
            "INSERT INTO user_basic (name, name_folded, phone, created_at, updated_at)"
            " VALUES ('A', 'a', '13', 1, 1)",
        )
        for name, phone, wanted in (("a", "14", "name_folded"), ("b", "13", "phone")):
            with pytest.raises(DuplicateKey) as refusal:
                await run(
                    database,
                    "INSERT INTO user_basic (name, name_folded, phone, created_at, updated_at)"
                    " VALUES (%s, %s, %s, 1, 1)",
                    *(name, name, phone),
                )
            assert refusal.value.key == wanted
        member = "INSERT INTO member (conversation_id, user_id, changed_at) VALUES (1, 1, 1)"
        await run(database, member)
        with pytest.raises(DuplicateKey) as refusal:
            await run(database, member)
        assert refusal.value.key == "PRIMARY"
        entry = (
            "INSERT INTO message (conversation_id, seq, ordinal, sender_id, client_key, created_at)"
            " VALUES (1, %s, 1, 1, %s, 1)"
        )
        await run(database, entry, 1, bytes(16))
        with pytest.raises(DuplicateKey) as refusal:
            await run(database, entry, 2, bytes(16))
        assert refusal.value.key == "sender_id_client_key"


@on_loop
async def test_names_and_keys_are_compared_exactly(url: str) -> None:
    async with ready(url) as database:
        for number, name in enumerate(["Ab1", "ab1", "😀", "😁", "é", "e"]):
            await run(
                database,
                "INSERT INTO user_basic (name, name_folded, created_at, updated_at)"
                " VALUES (%s, %s, 1, 1)",
                *(name, f"{number}"),
            )
        for name in ("Ab1", "😀", "é"):
            found = await rows(database, "SELECT name FROM user_basic WHERE name = %s", name)
            assert found == [(name,)]


@on_loop
async def test_the_clock_is_utc_milliseconds(url: str) -> None:
    async with opened(url) as database:
        before = time.time() * 1000
        now = await one(database, f"SELECT {database.dialect.now_ms}")
        assert isinstance(now, int)
        # The server runs on this machine; a millisecond is lost to rounding.
        assert before - 2 <= now <= time.time() * 1000 + 2


@on_loop
async def test_rows_are_picked_by_tuples_through_the_index(url: str) -> None:
    async with opened(url) as database:
        await run(database, TABLE)
        dialect = database.dialect
        values = [value for n in range(200) for value in (n, n % 7, f"c{n}")]
        await run(database, f"INSERT INTO t VALUES {dialect.rows(200, 3)}", *values)
        sql = f"SELECT t.a, t.c {dialect.picked('t', ('t.a', 't.b'), 3)} AND t.c <> %s"
        found = await rows(database, sql, *(3, 3, 9, 2, 50, 0), "c9")
        assert found == [(3, "c3")]
        plan = str(await rows(database, f"EXPLAIN {_plan(dialect.name)}{sql}", *range(6), "c"))
        assert "SEARCH t USING" in plan or "'range'" in plan, plan


@on_loop
async def test_sizes_are_bytes_and_bounds_choose_the_right_side(url: str) -> None:
    async with opened(url) as database:
        dialect = database.dialect
        assert await one(database, f"SELECT {dialect.size('%s')}", "消息😀") == 10
        assert await one(database, f"SELECT {dialect.greatest('3', '5')}") == 5
        assert await one(database, f"SELECT {dialect.least('3', '5')}") == 3


@on_loop
async def test_a_text_that_is_too_long_is_refused_and_not_cut(url: str) -> None:
    async with ready(url) as database:
        if database.dialect.name == "sqlite":
            return  # It has no lengths; the services check them.
        with pytest.raises(DatabaseFault):
            await run(database, "INSERT INTO cluster VALUES (%s, %s, 1)", "n" * 65, b"")


def test_translations_are_remembered_up_to_a_bound() -> None:
    dialect = SqliteDialect()
    for number in range(TRANSLATIONS * 3):
        assert dialect.translate(f"SELECT %s + {number}") == f"SELECT ? + {number}"
    assert len(dialect._translated) <= TRANSLATIONS
    dialect.translate("SELECT " + "%s, " * LONGEST_TRANSLATION)
    assert max(map(len, dialect._translated)) < LONGEST_TRANSLATION


def test_a_cursor_gives_itself_so_that_calls_may_be_chained(sqlite_url: str) -> None:
    @on_loop
    async def check() -> None:
        async with opened(sqlite_url) as database:

            def read(cursor: Cursor) -> int:
                row = cursor.execute("SELECT 1 + 1").one()
                assert row is not None
                return int(row[0])

            assert await database.read(read) == 2

    check()


def _plan(name: str) -> str:
    return "QUERY PLAN " if name == "sqlite" else ""


@on_loop
async def test_a_list_finds_each_of_its_values_once(url: str) -> None:
    async with opened(url) as database:
        await run(database, TABLE)
        for a in range(1, 7):
            await run(database, "INSERT INTO t VALUES (%s, 0, '')", a)
        for count in range(1, 7):
            marks, listed = database.dialect.listed(range(1, count + 1))
            found = await rows(
                database, f"SELECT a FROM t WHERE a IN ({marks}) ORDER BY a", *listed
            )
            assert found == [(a,) for a in range(1, count + 1)]


def test_lists_of_many_lengths_have_few_texts_where_each_is_kept() -> None:
    dialect = SqliteDialect()
    assert len({dialect.listed(range(count))[0] for count in range(1, 513)}) == 10
