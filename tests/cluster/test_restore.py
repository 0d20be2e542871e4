"""A backup that was restored, whole or cut short: who may use it, and from where all goes on."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from pathlib import Path

import pymysql
import pytest
from tornado.httpclient import HTTPClientError

from im.client import Client, call
from im.protocol.server import Message
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.errors import UnfinishedRestore
from im.store.migrations import HEAD, migrate, migrate_to
from tests.cluster.archives import command, content, make_past, refused, run
from tests.cluster.book import rows
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.test_media import execute
from tests.services.node import NodeFactory


async def use(url: str) -> None:
    """What whoever wants to use a database does first."""
    database = open_database(DatabaseSettings(url))
    try:
        await migrate(database)
    finally:
        await database.close()


@pytest.mark.timeout(300)
def test_a_restore_that_is_killed_is_used_by_nobody_and_may_be_begun_anew(
    database_url: str, other_url: str, tmp_path: Path, rng: random.Random
) -> None:
    make_past(database_url)
    file, again = tmp_path / "file.tar.gz", tmp_path / "again.tar.gz"
    run(database_url, "backup", str(file))

    def come(part: int) -> bool:
        try:
            return bool(rows(other_url, "SELECT part FROM unfinished_restore")[0][0] >= part)
        except (sqlite3.Error, pymysql.MySQLError, IndexError):
            return False

    for part in (0, *sorted(rng.sample(range(1, 25), 3))):
        process = command(other_url, "restore", str(file))
        while not come(part):
            assert process.poll() is None, process.communicate()
            time.sleep(0.001)
        process.kill()
        process.communicate()
        with pytest.raises(UnfinishedRestore):
            asyncio.run(use(other_url))
    for words in (("serve", "--port", "0"), ("backup", str(again))):
        said = refused(other_url, *words)
        assert "restoring it was cut short" in said and "run.py restore" in said
    run(other_url, "restore", str(file))
    run(other_url, "backup", str(again))
    tables, files = content(file)
    tables_again, files_again = content(again)
    assert files_again == files and len(files) == 40
    assert tables_again["message"] == tables["message"] and len(tables["message"]) == 4000
    assert "it already holds 2 people and 4000 messages" in refused(other_url, "restore", str(file))


def test_a_backup_of_an_older_schema_is_restored_and_brought_to_this_one(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.tar.gz"
    older = f"sqlite:///{tmp_path / 'older.db'}"

    def write(cursor: Cursor) -> None:
        cursor.execute(
            "INSERT INTO conversation (name, kind, last_seq, last_ordinal, changed_at, created_at)"
            " VALUES ('all', 'all', 1, 1, 7, 7)"
        )
        cursor.execute(
            "INSERT INTO message (conversation_id, seq, ordinal, sender_id, client_key, content,"
            " extra, created_at) VALUES (1, 1, 1, 1, %s, 'hello', %s, 7)",
            (bytes(16), '{"mentions":[5]}'),
        )

    async def make() -> None:
        database = open_database(DatabaseSettings(older))
        await migrate_to(database, 36)
        await database.write(write)
        await database.close()

    asyncio.run(make())
    run(older, "backup", str(file))
    run(other_url, "restore", str(file))
    assert list(rows(other_url, "SELECT conversation_id, seq, user_id FROM mention")) == [(1, 1, 5)]
    assert list(rows(other_url, "SELECT kept_from FROM conversation")) == [(7,)]
    assert run(other_url, "migrate").strip() == f"schema {HEAD}"

    execute(older, "UPDATE alembic_version SET version_num = '9999'")
    assert "start the newer version" in refused(older, "backup", str(tmp_path / "x.tar.gz"))


def test_sessions_stay_unless_everyone_is_to_log_in_anew(
    node: NodeFactory, database_url: str, other_url: str, tmp_path: Path
) -> None:
    started = node(env={"IM_DATABASE_URL": database_url, **SETTINGS})
    file = tmp_path / "file.tar.gz"

    async def register() -> str:
        client = await Client.register([started.url], "one", PASSWORD)
        return client.token

    token = asyncio.run(register())
    run(database_url, "backup", str(file))
    run(other_url, "restore", str(file), "--log-out")
    restored = node(env={"IM_DATABASE_URL": other_url, **SETTINGS})

    async def enter() -> None:
        with pytest.raises(HTTPClientError, match="401"):
            await call(restored.url, "GET", "/api/me", token=token)
        client = await Client.log_in([restored.url], "one", PASSWORD)
        assert (await client.api.call("GET", "/api/me"))["name"] == "one"

    asyncio.run(enter())


def test_a_program_does_not_mix_up_numbers_of_before_with_those_given_after_a_restore(
    node: NodeFactory, database_url: str, other_url: str, tmp_path: Path
) -> None:
    unread = database_url.startswith("sqlite:")
    env = {"IM_DATABASE_URL": database_url, **SETTINGS}
    started = node(env=env)
    file = tmp_path / "file.tar.gz"

    async def work() -> None:
        one = await Client.register([started.url], "one", PASSWORD)
        two = await Client.register([started.url], "two", PASSWORD)
        bot = Client([started.url], two.token, unread=unread)
        async with one, bot:
            to = f"u:{bot.user.id}"
            entries = bot.entries()

            async def shown(count: int) -> list[tuple[int, str]]:
                found = [await asyncio.wait_for(anext(entries), 20) for _ in range(count)]
                return [(e.seq, e.text or "") for e in found if isinstance(e, Message)]

            for number in range(1, 4):
                await one.send(to, f"{number}")
            seen = await asyncio.wait_for(anext(entries), 20)
            await bot.read(seen)
            assert await shown(2) == [(2, "2"), (3, "3")]
            await asyncio.to_thread(run, database_url, "backup", str(file))
            for number in range(4, 7):
                await one.send(to, f"lost {number}")
            assert [seq for seq, _ in await shown(3)] == [4, 5, 6]
            started.kill9()
            await asyncio.to_thread(run, other_url, "restore", str(file))
            started.process.environment["IM_DATABASE_URL"] = other_url
            started.start(wait=False)
            await asyncio.to_thread(started.wait_ready)
            assert (await one.send(to, "anew 4")).seq == 4
            assert (await one.send(to, "anew 5")).seq == 5
            before = [(2, "2"), (3, "3")] if unread else [(1, "1"), (2, "2"), (3, "3")]
            anew = [(4, "anew 4"), (5, "anew 5")]
            assert await shown(len(before) + 2) == [*before, *anew]

    asyncio.run(work())
