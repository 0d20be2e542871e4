"""A service's own task, from its start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Runs one coroutine until it is closed."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether ``start`` was called."""
        return self._task is not None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin; called once."""
        self._task = asyncio.get_running_loop().create_task(work)

    async def close(self) -> None:
        """Cancel it and wait until it has ended; nothing if it never began."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
