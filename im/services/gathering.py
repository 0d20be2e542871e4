"""Many looking for one thing each: what is asked for at the same time is looked up together.

When thousands come back at once, each with a question to the database, a call for each would keep
them waiting for a long time, and everyone else with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from im.errors import Unavailable

MOST = 64
"""Keys in one call."""
CALLS = 2
"""Calls at the same time; there are other uses for the database."""
MAX_WAITING = 20_000
"""Keys that wait for a call: as many as a process can have connections."""

K = TypeVar("K")
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """Calls ``look_up`` with keys that are waiting: one at once, the next ones together.

    ``look_up`` returns what it found by key. What ``get`` returns was read after ``get`` was
    called. It belongs to one event loop.
    """

    def __init__(
        self, look_up: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, most: int = MOST
    ) -> None:
        self._look_up = look_up
        self._most = most
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._calling = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """What is found under ``key``, or None. Raises ``Unavailable`` or what a look-up raised."""
        found = self._waiting.get(key)
        if found is None:
            if len(self._waiting) >= MAX_WAITING:
                raise Unavailable("too many wait for the database")
            loop = asyncio.get_running_loop()
            found = self._waiting[key] = loop.create_future()
            if self._calling < CALLS:
                self._calling += 1
                task = loop.create_task(self._work())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(found)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._call()
        finally:
            # In the same step as the last look at who waits; the task's end is heard of later, and
            # whoever asks in between needs another call.
            self._calling -= 1

    async def _call(self) -> None:
        keys = list(self._waiting)[: self._most]
        asked = {key: self._waiting.pop(key) for key in keys}
        try:
            answers = await self._look_up(keys)
        except Exception as error:
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # whoever asked may be gone
        else:
            for key, future in asked.items():
                future.set_result(answers.get(key))
