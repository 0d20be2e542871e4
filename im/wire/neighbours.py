"""The queues of the other workers of a port: who waits in one that nobody serves is taken in here.

A worker that fails at each start is started ever more rarely, and its share of those who come would
wait as long. Nobody has to say so: a queue that is not empty for a while is nobody's, or its worker
is glad of help.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Callable, Sequence
from typing import Any

from im.wire.listener import TURN_SECONDS

LOOK_SECONDS = 0.25
"""Between two looks. What is not empty at both is looked after."""
AGAIN_SECONDS = 0.02
"""Between two looks while somebody is taken in; others on the loop have their turn."""
MOST = 64
"""Connections that are taken in from one queue at a look, if there is time and room."""

Take = Callable[[socket.socket, Any], object]
"""Takes a connection and its address."""


class Neighbours:
    """Looks after the queues of others, on the event loop, from ``start`` to ``close``."""

    def __init__(
        self, sockets: Sequence[socket.socket], take: Take, has_room: Callable[[], bool]
    ) -> None:
        self._take = take
        self._has_room = has_room
        self._since: dict[socket.socket, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sockets = list(sockets)
        self.taken = 0
        """Connections taken in so far."""

    def start(self) -> None:
        """Begin to look."""
        if self._sockets:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def close(self) -> None:
        """Look no more; the sockets stay open."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting = _readable(self._sockets)
        self._since = {each: self._since.get(each, now) for each in waiting}
        # A little less, since a timer may come early by its clock's resolution.
        left = [each for each, since in self._since.items() if now - since >= LOOK_SECONDS * 0.9]
        for each in left:
            self._take_in(each)
        self._timer = loop.call_later(AGAIN_SECONDS if left else LOOK_SECONDS, self._look)

    def _take_in(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + TURN_SECONDS
        for _ in range(MOST):
            if loop.time() > end or not self._has_room():
                return
            try:
                connected, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError:
                # No descriptor is free. There may be one at the next look.
                return
            self.taken += 1
            self._take(connected, address)


def _readable(sockets: Sequence[socket.socket]) -> list[socket.socket]:
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, each)
        return [key.data for key, _ in selector.select(0)]
