"""A service's own task, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("im.background")


class Background:
    """Runs one coroutine until it is closed.

    It is to handle what can go wrong; a mistake that ends it is logged at once.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether ``start`` was called."""
        return self._task is not None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin; called once."""
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(_ended)

    async def close(self) -> None:
        """Cancel it and wait until it has ended; nothing if it never began."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _ended(task: asyncio.Task[None]) -> None:
    """Nobody awaits it, so nobody else would hear of it before the node ends."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a service's work has ended: %r", task, exc_info=error)
