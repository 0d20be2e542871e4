"""Takes a backup: what the database holds at one moment, while nodes go on writing."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import BinaryIO

from im.app import program_version
from im.backup import layout
from im.backup.layout import Contents, Header, Refused
from im.backup.writer import BackupWriter
from im.errors import Unavailable
from im.services.background import Background
from im.services.files import files_folder
from im.services.held_lease import HeldLease
from im.store import leases, nodes, tables
from im.store.byte_store import content_path
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DatabaseFault
from im.store.migrations import usable_version

KEPT_SECONDS = 5.0
"""The lease is shown to be held so often."""

Say = Callable[[str], None]
"""Takes a sentence about how far it has come; often."""


class Stopped(Exception):
    """The person at the terminal has had enough."""


async def take(database: Database, target: BinaryIO, say: Say) -> Contents:
    """Write a backup into a file that nobody else writes.

    It is of the moment at which it begins: everything that was acknowledged before is in it,
    nothing that was taken back before. Raises ``Refused``, ``ImError``, ``UnusableDatabase`` or
    ``OSError``.
    """
    if await database.read(usable_version) == 0:
        raise Refused("there is nothing in this database yet")
    stop = threading.Event()
    async with _alone(database):
        try:
            return await asyncio.to_thread(_write, database, target, say, stop)
        except DatabaseFault as fault:
            raise Unavailable(str(fault)) from fault
        finally:
            # The thread would go on, and keep the program.
            stop.set()


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """Hold the lease under which no file is removed; only one backup does so at a time."""
    lease = HeldLease(
        database,
        leases.BACKUP,
        f"backup/{os.getpid()}/{time.time_ns()}",
        lease_ms=leases.BACKUP_MS,
        kept_seconds=KEPT_SECONDS,
    )
    if not await lease.keep():
        raise Refused(
            "another backup of this database is being written, or was killed less than"
            f" {leases.BACKUP_MS // 1000} s ago"
        )
    shown = time.monotonic()
    longest = 0.0

    async def keep() -> None:
        nonlocal shown, longest
        while True:
            await asyncio.sleep(KEPT_SECONDS)
            try:
                held = await lease.keep()
            except Unavailable:
                continue
            longest = max(longest, time.monotonic() - shown)
            shown = time.monotonic()
            if not held:
                longest = leases.BACKUP_MS

    keeper = Background()
    keeper.start(keep())
    try:
        yield
        if max(longest, time.monotonic() - shown) * 1000 >= leases.BACKUP_MS:
            raise Unavailable("the database did not answer for too long; begin again")
    finally:
        await keeper.close()
        await lease.release()


def _write(database: Database, target: BinaryIO, say: Say, stop: threading.Event) -> Contents:
    """In a thread of its own."""

    def go_on(sentence: str) -> None:
        if stop.is_set():
            raise Stopped
        say(sentence)

    with (
        closing(database.backend.snapshot()) as connection,
        closing(connection.cursor()) as cursor,
    ):
        schema = usable_version(cursor)
        refuse_full_disk(target, tables.content_bytes(cursor))
        header = Header(
            format=layout.FORMAT,
            program=program_version(),
            schema=schema,
            made_at=nodes.now_ms(cursor),
            database=cursor.dialect.name,
        )
        writer = BackupWriter(target, header)
        for table in sorted(tables.existing(cursor) & tables.TABLES.keys()):
            if tables.TABLES[table].kept:
                _write_table(writer, cursor, table, go_on)
        _write_files(writer, cursor, files_folder(database), go_on)
        contents = writer.finish()
    target.flush()
    os.fsync(target.fileno())
    return contents


def refuse_full_disk(target: BinaryIO, wanted: int) -> None:
    """Raise ``OSError`` if there is not room for so many bytes where a file lies."""
    place = os.fstatvfs(target.fileno())
    free = place.f_bavail * place.f_frsize
    if free < wanted:
        raise OSError(
            f"there is not enough room: {megabytes(wanted)} are needed, {megabytes(free)} are free"
        )


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1_000_000:,.1f} MB"


def _write_table(writer: BackupWriter, cursor: Cursor, table: str, say: Say) -> None:
    columns = tables.columns(cursor, table)
    done = 0

    def pages() -> Iterator[list[tuple[object, ...]]]:
        nonlocal done
        for page in tables.rows(cursor, table, columns):
            yield list(page)
            done += len(page)
            say(f"{table}: {done:,} rows")

    writer.table(table, [column.name for column in columns], pages())


def _write_files(writer: BackupWriter, cursor: Cursor, folder: Path | None, say: Say) -> None:
    last = done = 0
    while page := tables.contents(cursor, last):
        for content in page:
            last = content.id
            if folder is None:
                whole = tables.chunk_bytes(cursor, last) == content.size
                pieces = tables.chunks(cursor, last)
            else:
                path = content_path(folder, last)
                whole = path.is_file() and path.stat().st_size == content.size
                pieces = _pieces(path)
            if whole:
                writer.file(content.sha256, content.size, pieces)
            else:
                writer.lost(content.sha256)
            done += content.size
            say(f"files: {megabytes(done)}")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while data := source.read(layout.READ_BYTES):
            yield data
