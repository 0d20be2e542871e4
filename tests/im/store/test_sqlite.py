"""Several processes on one file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from im.errors import Unavailable
from im.store.cursor import Cursor
from im.store.errors import OutOfService
from im.store.sqlite import refuse_network_filesystem
from tests.im.store.harness import on_loop, one, opened, rows, run

ROOT = Path(__file__).resolve().parents[3]

COUNT = """
import asyncio, sys
from im.store.database import DatabaseSettings, open_database

async def main():
    database = open_database(DatabaseSettings(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        def add(cursor):
            (before,) = cursor.execute("SELECT n FROM t WHERE id = 1").one()
            cursor.execute("UPDATE t SET n = %s WHERE id = 1", (before + 1,))
            cursor.execute(
                "INSERT INTO turn (process) VALUES (%s)", (int(sys.argv[2]),)
            )
        await database.write(add)
    await database.close()

asyncio.run(main())
"""


def _counting(url: str, process: int, times: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", COUNT, url, str(process), str(times)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _all_at_once(processes: list[subprocess.Popen[bytes]]) -> None:
    """Let them begin when the last of them is ready."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()


@on_loop
async def test_processes_take_turns_and_lose_no_update(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        await run(database, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")
        await run(database, "CREATE TABLE turn (id INTEGER PRIMARY KEY, process INTEGER)")
        await run(database, "INSERT INTO t VALUES (1, 0)")
        processes = [_counting(sqlite_url, number, 400) for number in range(3)]
        await asyncio.to_thread(_all_at_once, processes)
        for process in processes:
            assert await asyncio.to_thread(process.wait, 60) == 0
        assert await one(database, "SELECT n FROM t") == 1200
        # Nobody waits until the others are done: each has some of the middle third.
        turns = await rows(database, "SELECT process FROM turn ORDER BY id LIMIT 400 OFFSET 400")
        shares = [turns.count((number,)) for number in range(3)]
        print(shares)
        assert min(shares) > 20, shares


@on_loop
async def test_a_file_that_stays_locked_is_unavailable_within_3_seconds(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database, opened(sqlite_url) as other:
        await run(database, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
        holder = other.connection()
        holder.begin(1)
        holder.cursor().execute("INSERT INTO t VALUES (1)")
        start = time.monotonic()
        with pytest.raises(Unavailable):
            await run(database, "INSERT INTO t VALUES (2)")
        waited = time.monotonic() - start
        print(f"refused after {waited:.2f} s")
        assert 2.5 < waited < 3 * 3.0
        assert await rows(database, "SELECT id FROM t") == [], "readers are not kept waiting"
        holder.commit()
        holder.close()
        await run(database, "INSERT INTO t VALUES (2)")
        assert await rows(database, "SELECT id FROM t") == [(1,), (2,)]


@on_loop
async def test_each_connection_is_durable_and_erases_what_it_deletes(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:

        def pragmas(cursor: Cursor) -> list[object]:
            names = ("journal_mode", "synchronous", "secure_delete")
            found = [cursor.execute(f"PRAGMA {name}").one() for name in names]
            return [row[0] for row in found if row is not None]

        assert await database.read(pragmas) == ["wal", 2, 1]
        assert await database.write(pragmas) == ["wal", 2, 1]


@on_loop
async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path / 'nowhere' / 'im.db'}") as database:
        with pytest.raises(Unavailable, match="nowhere"):
            await one(database, "SELECT 1")


MOUNTS = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
server:/export /mnt/nfs nfs4 rw 0 0
//server/share /mnt/with\\040blank cifs rw 0 0
/dev/vdb /mnt/nfs/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/nfs/im.db", "nfs4"),
        ("/mnt/nfs/deep/er/im.db", "nfs4"),
        ("/mnt/with blank/im.db", "cifs"),
        ("/mnt/nfs/local/im.db", None),
        ("/mnt/nfsx/im.db", None),
        ("/srv/im.db", None),
    ],
)
def test_a_network_file_system_is_refused_by_name(path: str, kind: str | None) -> None:
    if kind is None:
        refuse_network_filesystem(Path(path), MOUNTS.splitlines())
        return
    with pytest.raises(OutOfService, match=kind):
        refuse_network_filesystem(Path(path), MOUNTS.splitlines())
