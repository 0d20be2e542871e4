"""What every node does now and then: let go of what is kept only for a time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from im.errors import Unavailable
from im.services.background import Background

PAUSE_SECONDS = 3600.0

log = logging.getLogger("im.housekeeping")


class Housekeeping:
    """Runs its chores each ``PAUSE_SECONDS``; any node may do them, and several may at once."""

    def __init__(self, chores: Sequence[Callable[[], Awaitable[None]]]) -> None:
        self._chores = chores
        self._background = Background()

    def start(self) -> None:
        """Begin after a pause, drawn at random so that nodes started together don't meet."""
        self._background.start(self._run())

    async def close(self) -> None:
        """Stop."""
        await self._background.close()

    async def round(self) -> None:
        """All chores once. One that fails keeps none of the others from being done."""
        for chore in self._chores:
            try:
                await chore()
            except Unavailable:
                log.info("a chore waits for the database")
            except Exception:
                log.exception("a chore failed")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.0) * PAUSE_SECONDS)  # noqa: S311
            await self.round()
