"""One wheel for the heartbeats of all connections, instead of a timer for each.

A connection that was silent for ``ping_seconds`` is pinged, one silent for ``dead_seconds`` is
dropped. Each connection stands in one slot of a second; most of the time nothing is done for it.
"""

from __future__ import annotations

import asyncio
import math

from im.wire.connection import Connection

TICK_SECONDS = 1.0


class Heartbeat:
    """Watches over connections."""

    def __init__(self, ping_seconds: float, dead_seconds: float) -> None:
        self._ping_seconds = ping_seconds
        self._dead_seconds = max(dead_seconds, ping_seconds)
        self._slots: dict[int, list[Connection]] = {}
        self._turned = 0
        self._timer: asyncio.TimerHandle | None = None
        self.dropped = 0
        """Connections found dead so far."""

    def start(self, now: float) -> None:
        """Begin to turn; ``now`` in monotonic seconds."""
        self._turned = math.floor(now)
        self._next()

    def watch(self, connection: Connection) -> None:
        """Watch over a connection until it is closed."""
        self._put(connection, connection.heard + self._ping_seconds)

    def turn(self, now: float) -> None:
        """Look at the connections whose time has come."""
        second = math.floor(now)
        while self._turned < second:
            self._turned += 1
            for connection in self._slots.pop(self._turned, ()):
                self._look(connection, now)

    def close(self) -> None:
        """Stop turning."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, connection: Connection, now: float) -> None:
        if connection.closed:
            return
        silent = now - connection.heard
        if silent >= self._dead_seconds:
            self.dropped += 1
            connection.abort()
        elif silent >= self._ping_seconds:
            connection.ping()
            # When it would be dead without an answer.
            self._put(connection, now - silent + self._dead_seconds)
        else:
            self._put(connection, connection.heard + self._ping_seconds)

    def _put(self, connection: Connection, due: float) -> None:
        slot = max(math.ceil(due), self._turned + 1)
        self._slots.setdefault(slot, []).append(connection)

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        self.turn(loop.time())
        self._timer = loop.call_later(TICK_SECONDS, self._next)
