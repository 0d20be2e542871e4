"""Much that is to be done on the event loop, a little in each of its turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from im.store.fair_queue import FairQueue

IN_TURN = 8
"""Items of one turn; entries that are told to readers and answered take less than a millisecond."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Slices(Generic[K, T]):
    """Calls ``work`` for each item, the keys taking turns; the first ones at once."""

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._queue: FairQueue[K, T] = FairQueue()
        self._called = False

    def append(self, key: K, item: T) -> None:
        """Put an item in line."""
        self._queue.append(key, item)

    def go_on(self) -> None:
        """Begin, unless it is going on already."""
        if not self._called:
            self._turn()

    def _turn(self) -> None:
        for _ in range(min(IN_TURN, len(self._queue))):
            self._work(self._queue.popleft())
        self._called = bool(self._queue)
        if self._called:
            asyncio.get_running_loop().call_soon(self._turn)
