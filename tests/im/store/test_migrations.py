"""The schema: complete, made once by whoever is first, and made to the end after any crash."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from im.store import members
from im.store.errors import NewerSchema
from im.store.migrations import HEAD, migrate, needs_migration, schema_version
from tests.im.store.harness import make_group, on_loop, one, opened, rows, run

ROOT = Path(__file__).resolve().parents[3]

TABLES = {
    *("alembic_version", "audit", "cluster", "cluster_key", "contact"),
    *(
        "conversation",
        "device_link",
        "group_basic",
        "hidden",
        "invitation",
        "join_request",
        "media",
    ),
    *(
        "media_chunk",
        "media_content",
        "media_reference",
        "member",
        "mention",
        "message",
        "node",
        "quick_reply",
        "revision",
        "search",
        "session",
    ),
    *("state_version", "user_basic", "user_setting", "webhook"),
}

MIGRATE = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate

url, number = sys.argv[1], int(sys.argv[2])
seen = 0

@event.listens_for(Engine, "after_cursor_execute")
def count(connection, cursor, statement, parameters, context, executemany):
    global seen
    if statement.lstrip().startswith(("ALTER", "CREATE", "DROP", "INSERT", "UPDATE")):
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    database = open_database(DatabaseSettings(url))
    print(await migrate(database))
    await database.close()

asyncio.run(main())
"""


def _migrating(url: str, number: int = 0) -> subprocess.Popen[str]:
    """A process that migrates, and dies after its ``number``-th change."""
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, url, str(number)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@on_loop
async def test_an_empty_database_gets_every_table(url: str) -> None:
    async with opened(url) as database:
        assert await schema_version(database) == 0
        assert await needs_migration(database)
        assert await migrate(database) == HEAD
        assert await schema_version(database) == HEAD
        assert not await needs_migration(database)
        if database.dialect.name == "sqlite":
            found = await rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'")
            names = {row[0] for row in found}
            assert {name for name in names if not name.startswith(("sqlite_", "search_"))} == TABLES
        else:
            assert {row[0] for row in await rows(database, "SHOW TABLES")} == TABLES


@on_loop
async def test_migrating_again_changes_nothing(url: str) -> None:
    async with opened(url) as database:
        await migrate(database)
        await run(database, "INSERT INTO cluster VALUES ('a', %s, 1)", b"b")
        before = database.statistics.statements
        assert await migrate(database) == HEAD
        assert database.statistics.statements - before == 3, "it only looks what there is"
        assert await one(database, "SELECT COUNT(*) FROM cluster") == 1


@on_loop
async def test_an_index_of_the_shape_before_is_made_anew(url: str) -> None:
    async with opened(url) as database:
        await migrate(database)
        await run(database, "DROP TABLE search")
        before = "CREATE TABLE search (conversation_id BIGINT, tokens TEXT, FULLTEXT t (tokens))"
        if database.dialect.name == "sqlite":
            before = "CREATE VIRTUAL TABLE search USING fts5(tokens, detail=none)"
        await run(database, before)
        await run(database, "UPDATE alembic_version SET version_num = '0032'")
        assert await migrate(database) == HEAD
        assert await rows(database, "SELECT block, token, messages FROM search") == []
        if database.dialect.name == "sqlite":
            left = "SELECT name FROM sqlite_master WHERE name LIKE 'search%%'"
            assert await rows(database, left) == [("search",)]


@on_loop
async def test_members_of_before_see_what_they_saw_and_their_groups_show_no_past(url: str) -> None:
    async with opened(url) as database:
        await migrate(database)
        talk = await database.write(make_group, "crew", 1)
        await run(database, "UPDATE member SET joined_seq = 7, read_seq = 9")
        # As it was before.
        await run(database, "ALTER TABLE member DROP COLUMN sees_past")
        back = "ALTER TABLE group_basic RENAME COLUMN shows_past TO history_from_join"
        await run(database, back)
        await run(database, "UPDATE alembic_version SET version_num = '0034'")
        assert await migrate(database) == HEAD
        assert await one(database, "SELECT shows_past FROM group_basic") == 0
        row = await database.read(members.get, talk.id, 1)
        assert row is not None
        assert (row.first_seq, row.joined_seq, row.read_seq) == (7, 7, 9)


@on_loop
async def test_a_newer_schema_is_refused(url: str) -> None:
    async with opened(url) as database:
        await migrate(database)
        await run(database, "UPDATE alembic_version SET version_num = %s", f"{HEAD + 1:04d}")
        with pytest.raises(NewerSchema, match=f"schema {HEAD + 1}.* knows {HEAD}"):
            await needs_migration(database)
        with pytest.raises(NewerSchema):
            await migrate(database)


def test_nodes_that_start_at_once_make_one_schema(url: str) -> None:
    processes = [_migrating(url) for _ in range(4)]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert output.strip() == str(HEAD), errors

    async def check() -> None:
        async with opened(url) as database:
            assert await rows(database, "SELECT version_num FROM alembic_version") == [
                (f"{HEAD:04d}",)
            ]

    asyncio.run(check())


def test_a_migration_killed_after_any_change_is_taken_to_its_end(url: str) -> None:
    """Each process gets one change further than the one before it, and is killed."""
    # A revision is a table and its number; on SQLite each process starts anew.
    anew, further = (1, 2, 3, 20, 40, 60), (1, 2, 3, 3, 2, 10, 13, 15, 2, 3)
    for step in anew if url.startswith("sqlite") else further:
        process = _migrating(url, step)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, errors

    async def check() -> None:
        async with opened(url) as database:
            assert await migrate(database) == HEAD
            assert await schema_version(database) == HEAD
            assert await one(database, "SELECT COUNT(*) FROM audit") == 0

    asyncio.run(check())


def test_the_newest_revision_is_the_one_the_program_knows() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(ROOT / "im/store/migrations"))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_heads() == [f"{HEAD:04d}"]


def test_reading_the_version_does_not_load_the_migration_tool(sqlite_url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from im.store.database import DatabaseSettings, open_database\n"
        "from im.store.migrations import needs_migration\n"
        f"database = open_database(DatabaseSettings({sqlite_url!r}))\n"
        "assert asyncio.run(needs_migration(database))\n"
        "assert not {'alembic', 'sqlalchemy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
