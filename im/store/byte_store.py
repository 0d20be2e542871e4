"""Where the bytes of contents are: in the database, or in a folder beside an embedded one."""

from __future__ import annotations

import asyncio
import os
import queue
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from im.errors import NotFound, Unavailable
from im.flushing import flush_folder
from im.store import contents, leases
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.workers import Workers

CHUNK_BYTES = 1024 * 1024
"""Bytes of a row, and of what is held in memory at a time; well under MySQL's largest packet."""

SUBFOLDERS = 256
"""Folders among which the files are spread, so that none grows very large."""

T = TypeVar("T")


class ByteStore(Protocol):
    """Bytes of contents by the content's id. All raise ``Unavailable``."""

    async def write(self, content: int, source: BinaryIO) -> None:
        """Store a file from its beginning, durably."""

    async def read(self, content: int, number: int) -> bytes:
        """The ``number``-th piece of ``CHUNK_BYTES``, from 0. Raises ``NotFound``."""

    async def remove(self, erased: Collection[int]) -> None:
        """Remove what is left of erased contents; safe to repeat, and from several nodes.

        ``Unavailable`` also where a backup may still want to read it.
        """


class ChunkStore:
    """Bytes in the database, which every node reaches.

    Each piece is a transaction of its own, so that no upload keeps a connection. ``threads`` read
    the files that are to be stored.
    """

    def __init__(self, database: Database, threads: Workers) -> None:
        self._database = database
        self._threads = threads

    async def write(self, content: int, source: BinaryIO) -> None:
        await in_thread(self._threads, lambda: source.seek(0))
        number = 0
        while data := await in_thread(self._threads, lambda: source.read(CHUNK_BYTES)):
            await self._database.write(_insert_chunk, content, number, data)
            number += 1

    async def read(self, content: int, number: int) -> bytes:
        data = await self._database.read(_read_chunk, content, number)
        if data is None:
            raise NotFound("erased")
        return data

    async def remove(self, erased: Collection[int]) -> None:
        # The transaction that erased them has removed the pieces.
        await self._database.write(contents.forget, erased)


class FolderStore:
    """Bytes in files of a folder that all processes of this host share.

    A file's name is the content's id, which the database drew: nothing that people chose is in a
    path, and an id is never used twice, so removing what was erased can meet no new file.
    """

    def __init__(self, database: Database, folder: Path, threads: Workers) -> None:
        self._database = database
        self._folder = folder
        self._threads = threads

    async def write(self, content: int, source: BinaryIO) -> None:
        try:
            await in_thread(self._threads, lambda: _write_file(self._path(content), source))
        except OSError as error:
            raise Unavailable(f"a file cannot be stored: {error}") from error

    async def read(self, content: int, number: int) -> bytes:
        try:
            return await in_thread(self._threads, lambda: _read_piece(self._path(content), number))
        except FileNotFoundError as error:
            raise NotFound("erased") from error
        except OSError as error:
            raise Unavailable(f"a file cannot be read: {error}") from error

    async def remove(self, erased: Collection[int]) -> None:
        # A backup may have begun before they were erased: looked up after that was committed.
        if await self._database.read(leases.held, leases.BACKUP, leases.BACKUP_MS):
            raise Unavailable("a backup is being written")

        def remove() -> None:
            for content in erased:
                self._path(content).unlink(missing_ok=True)

        try:
            await in_thread(self._threads, remove)
        except OSError as error:
            raise Unavailable(f"a file cannot be removed: {error}") from error
        # Last, so that after a crash the sweeper still knows what is to be removed.
        await self._database.write(contents.forget, erased)

    def _path(self, content: int) -> Path:
        return content_path(self._folder, content)


def content_path(folder: Path, content: int) -> Path:
    """Where a ``FolderStore`` has a content's bytes."""
    return folder / f"{content % SUBFOLDERS:02x}" / str(content)


async def in_thread(threads: Workers, job: Callable[[], T]) -> T:
    """What ``job`` returns, run in one of a few threads. Raises ``Unavailable`` if too much waits.

    A job that has begun goes on when its caller is cancelled.
    """
    try:
        return await asyncio.wrap_future(threads.submit(job))
    except queue.Full:
        raise Unavailable("too much waits for the disk") from None


def _insert_chunk(cursor: Cursor, content: int, number: int, data: bytes) -> None:
    # A piece always fits, so that nothing can be cut.
    cursor.execute(
        f"{cursor.dialect.insert_ignore} media_chunk (content_id, number, data)"
        " VALUES (%s, %s, %s)",
        (content, number, data),
    )


def _read_chunk(cursor: Cursor, content: int, number: int) -> bytes | None:
    row = cursor.execute(
        "SELECT data FROM media_chunk WHERE content_id = %s AND number = %s", (content, number)
    ).one()
    return None if row is None else bytes(row[0])


def _write_file(path: Path, source: BinaryIO) -> None:
    source.seek(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as target:
            while data := source.read(CHUNK_BYTES):
                target.write(data)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    # Both folders may be new, and are known by the names in the ones above them.
    for folder in list(path.parents)[:3]:
        flush_folder(folder)


def _read_piece(path: Path, number: int) -> bytes:
    with path.open("rb") as source:
        source.seek(number * CHUNK_BYTES)
        return source.read(CHUNK_BYTES)
