"""Removes what nobody shows: uploads that were never sent, and what crashes left behind.

Every node does it; two at once do no harm, since each row is looked at again under its lock.
"""

from __future__ import annotations

import asyncio
import logging
import random

from im.errors import Unavailable
from im.services.background import Background
from im.store import contents, media
from im.store.byte_store import ByteStore
from im.store.database import Database

PAUSE_SECONDS = 60.0
COUNT_TURNS = 10
"""How much is stored is looked up in every tenth turn: it takes a look at each file's row."""
BATCH = 100
"""Files that are removed in one turn; with more to do the next turn comes at once, after others."""
UNFINISHED_MS = 3_600_000
"""A content that is not whole after an hour is not on its way any more: an upload takes minutes
until it is whole, and only then is it stored."""

log = logging.getLogger("im.media")


class MediaSweeper:
    """Looks for what is to be removed, in a task of its own.

    Args:
        unused_ms: how long a file stays that was uploaded and is shown nowhere.
    """

    def __init__(self, database: Database, store: ByteStore, unused_ms: int) -> None:
        self._database = database
        self._store = store
        self._unused_ms = unused_ms
        self._background = Background()
        self.total_bytes = 0
        """Bytes of all files of all people, thumbnails too, as last looked up."""

    def start(self) -> None:
        """Begin to look."""
        self._background.start(self._run())

    async def close(self) -> None:
        """Stop looking."""
        await self._background.close()

    async def sweep(self) -> int:
        """One turn; how many files and contents were removed. Raises ``Unavailable``."""
        files = await self._database.read(media.unused, self._unused_ms, BATCH)
        for file in files:
            await self._database.write(media.erase_unused, file)
        # Those just erased, and those that were begun, or erased, before a crash.
        gone = await self._database.write(contents.claim_nobodys, UNFINISHED_MS, BATCH)
        if gone:
            await self._store.remove(gone)
        return len(files) + len(gone)

    async def count(self) -> None:
        """Look up how much is stored. Raises ``Unavailable``."""
        self.total_bytes = await self._database.read(media.total)

    async def _run(self) -> None:
        turn = 0
        while True:
            try:
                if turn % COUNT_TURNS == 0:
                    await self.count()
                turn += 1
                removed = await self.sweep()
                if removed:
                    log.info("%d files that nobody shows were removed", removed)
                if removed >= BATCH:
                    continue
            except Unavailable as error:
                log.info("files that nobody shows are removed later: %s", error)
            except Exception:
                log.exception("removing files that nobody shows failed")
            # Spread, so that nodes that started together don't meet each time.
            await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311
