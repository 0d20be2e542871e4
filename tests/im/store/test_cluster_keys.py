"""The relay's keys go from open-only over sending to deleted, two live at a time."""

from __future__ import annotations

import asyncio
import secrets

from im.store import cluster_keys
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import Database, DatabaseSettings, open_database
from im.store.migrations import migrate


async def opened(url: str) -> Database:
    database = open_database(DatabaseSettings(url))
    await migrate(database)
    await bootstrap(database)
    return database


def age(ms: int) -> object:
    """Makes everything older, as time would."""

    def write(cursor: Cursor) -> None:
        for column in ("created_at", "sending_at", "deleted_at"):
            cursor.execute(f"UPDATE cluster_key SET {column} = {column} - %s", (ms,))

    return write


def test_a_key_is_first_read_with_then_sent_with_and_the_old_one_goes_a_minute_later(
    url: str,
) -> None:
    async def run() -> None:
        database = await opened(url)
        try:
            new = await database.write(cluster_keys.add, b"n" * 32)
            assert new is not None and (new.number, new.state) == (2, "open-only")
            again = await database.write(cluster_keys.add, b"m" * 32)
            assert again == new, "two who change at once get the same key"
            keys, sending = await database.read(cluster_keys.ring)
            assert set(keys) == {1, 2} and keys[2] == b"n" * 32 and sending == 1
            assert await database.write(cluster_keys.retire) == []
            await database.write(cluster_keys.send_with, 2)
            assert (await database.read(cluster_keys.ring))[1] == 2
            assert await database.write(cluster_keys.retire) == [], "its minute isn't over"
            assert await database.write(cluster_keys.add, b"o" * 32) is None, "two are live"
            await database.write(age(61_000))
            assert await database.write(cluster_keys.retire) == [1]
            keys, sending = await database.read(cluster_keys.ring)
            assert set(keys) == {2} and sending == 2
            states = [(row.number, row.state) for row in await database.read(cluster_keys.rows)]
            assert states == [(2, "sending"), (1, "deleted")]
            row = await database.read(lambda cursor: cursor.execute(
                "SELECT secret FROM cluster_key WHERE number = 1").one())  # fmt: skip
            assert row is not None and bytes(row[0]) == bytes(32), "its secret is erased"
        finally:
            await database.close()

    asyncio.run(run())


def test_a_number_is_free_again_a_day_after_its_deletion_and_never_before(
    sqlite_url: str,
) -> None:
    async def change(database: Database) -> int:
        new = await database.write(cluster_keys.add, secrets.token_bytes(32))
        assert new is not None
        await database.write(cluster_keys.send_with, new.number)
        await database.write(age(1000))
        await database.write(cluster_keys.retire, 0)
        return new.number

    async def run() -> None:
        database = await opened(sqlite_url)
        try:
            numbers = [await change(database) for _ in range(254)]
            assert numbers == list(range(2, 256))
            await database.write(age(24 * 3600 * 1000 - 200_000))
            assert await change(database) == 1, "deleted a day ago"
            assert await change(database) == 2
            await database.write(age(24 * 3600 * 1000))
            assert await change(database) == 3
        finally:
            await database.close()

    asyncio.run(run())
