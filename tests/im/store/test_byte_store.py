"""Bytes are stored whole, found by any node, and gone when they are removed."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from im.errors import NotFound, Unavailable
from im.store import contents, leases
from im.store.byte_store import CHUNK_BYTES, ByteStore, ChunkStore, FolderStore
from im.store.database import Database
from im.store.workers import Workers
from tests.im.store.harness import on_loop, one, ready


@asynccontextmanager
async def storing(url: str, folder: Path) -> AsyncIterator[tuple[Database, ByteStore]]:
    """The store of bytes that belongs to a database."""
    threads = Workers("files", 2, 10)
    async with ready(url) as database:
        if database.dialect.name == "sqlite":
            yield database, FolderStore(database, folder, threads)
        else:
            yield database, ChunkStore(database, threads)
    threads.close(1)


def files_in(folder: Path) -> list[Path]:
    """The files of contents."""
    return list(folder.rglob("media/*/*"))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 1])
@on_loop
async def test_what_is_written_is_read(url: str, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    async with storing(url, tmp_path / "media") as (database, store):
        content = await database.write(contents.begin)
        source = io.BytesIO(data)
        source.seek(size)
        await store.write(content, source)
        pieces = -(-size // CHUNK_BYTES)
        assert b"".join([await store.read(content, n) for n in range(pieces)]) == data


@on_loop
async def test_what_is_removed_is_gone_and_may_be_removed_again(url: str, tmp_path: Path) -> None:
    async with storing(url, tmp_path / "media") as (database, store):
        content, kept = [await database.write(contents.begin) for _ in range(2)]
        for each in (content, kept):
            await store.write(each, io.BytesIO(b"x"))
        await database.write(contents.settle, kept, bytes(32))
        claimed = await database.write(contents.claim_nobodys, -1000, 10)
        assert claimed == [content]
        for _ in range(2):
            await store.remove(claimed)
        with pytest.raises(NotFound):
            await store.read(content, 0)
        assert await store.read(kept, 0) == b"x"
        assert await one(database, "SELECT COUNT(*) FROM media_content") == 1
        assert len(files_in(tmp_path)) == (database.dialect.name == "sqlite")


@on_loop
async def test_what_is_erased_while_a_backup_is_written_stays_until_its_end(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with storing(sqlite_url, tmp_path / "media") as (database, store):
        content = await database.write(contents.begin)
        await store.write(content, io.BytesIO(b"x"))
        await database.write(leases.take, leases.BACKUP, "backup", leases.BACKUP_MS)
        for _ in range(2):
            assert await database.write(contents.claim_nobodys, -1000, 10) == [content]
            with pytest.raises(Unavailable, match="backup"):
                await store.remove([content])
        assert await store.read(content, 0) == b"x"
        await database.write(leases.release, leases.BACKUP, "backup")
        assert await database.write(contents.claim_nobodys, -1000, 10) == [content]
        await store.remove([content])
        assert files_in(tmp_path) == []


@on_loop
async def test_what_is_claimed_for_removal_cannot_be_finished(url: str, tmp_path: Path) -> None:
    async with storing(url, tmp_path / "media") as (database, _):
        content = await database.write(contents.begin)
        assert await database.write(contents.claim_nobodys, 60_000, 10) == []
        assert await database.write(contents.claim_nobodys, -1000, 10) == [content]
        with pytest.raises(Unavailable):
            await database.write(contents.settle, content, bytes(32))


@on_loop
async def test_a_full_disk_is_told_and_leaves_nothing(sqlite_url: str, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(size)

    async with storing(sqlite_url, tmp_path / "media") as (_, store):
        with pytest.raises(Unavailable):
            await store.write(1, Broken(b"x" * (2 * CHUNK_BYTES)))
        assert files_in(tmp_path) == []


@on_loop
async def test_a_power_cut_takes_neither_a_stored_file_nor_the_folders_that_lead_to_it(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, flushed = os.fsync, set()

    def note(descriptor: int) -> None:
        flush(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr("os.fsync", note)
    async with storing(sqlite_url, tmp_path / "media") as (_, store):
        await store.write(1, io.BytesIO(b"x"))
    (file,) = files_in(tmp_path)
    # Each is known by the folder above it, from the one that was there already.
    for place in (file, file.parent, tmp_path / "media", tmp_path):
        assert place.stat().st_ino in flushed, place
