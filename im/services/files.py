"""The services of uploaded files, wired: they share threads and the place of the bytes."""

from __future__ import annotations

from pathlib import Path

from im.durations import HOUR_MS
from im.services.limits import SharedLimits
from im.services.media import Media
from im.services.media_sweeper import MediaSweeper
from im.services.pictures import Pictures
from im.services.uploads import Rules, Uploads
from im.settings import MediaSection
from im.store.byte_store import ByteStore, ChunkStore, FolderStore
from im.store.database import Database
from im.store.faults import Faults
from im.store.url import SqliteAddress, parse_url
from im.store.workers import Workers

DISK_THREADS = 2
DISK_WAITING = 1000


class Files:
    """Uploads, what becomes of them, and their end.

    Args:
        rate: uploads of one person.
        data: folder of this machine, for what has not come whole yet.
        faults: told at each step, for tests.
    """

    def __init__(
        self,
        database: Database,
        limits: SharedLimits,
        settings: MediaSection,
        rate: str,
        data: Path,
        faults: Faults,
    ) -> None:
        self._threads = Workers("files", DISK_THREADS, DISK_WAITING)
        self._pictures = Pictures(settings.picture_pixels, settings.picture_threads)
        store = byte_store(database, self._threads)
        self.media = Media(database, store, settings.downloads, faults)
        self.uploads = Uploads(
            database,
            store,
            self._pictures,
            limits,
            Rules(
                kinds=settings.kinds,
                max_bytes=settings.max_bytes,
                quota_bytes=settings.quota_bytes,
                guest_quota_bytes=settings.guest_quota_bytes,
                rate=rate,
                at_once=settings.uploads,
            ),
            data / "uploads",
            self._threads,
            faults,
        )
        self.sweeper = MediaSweeper(database, store, settings.unused_hours * HOUR_MS)

    def start(self) -> None:
        """Begin to remove what nobody shows."""
        self.sweeper.start()

    async def close(self) -> None:
        """Finish what was begun."""
        await self.sweeper.close()
        await self.media.close()
        self._pictures.close()
        self._threads.close(1)


def byte_store(database: Database, threads: Workers) -> ByteStore:
    """In the database; beside the file of an embedded one, which all its nodes can reach, too."""
    folder = files_folder(database)
    return FolderStore(database, folder, threads) if folder else ChunkStore(database, threads)


def files_folder(database: Database) -> Path | None:
    """The folder beside an embedded database in which the bytes are; None where it has them."""
    address = parse_url(database.settings.url)
    return address.path.parent / "media" if isinstance(address, SqliteAddress) else None
