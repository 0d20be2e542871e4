"""All open connections of a node, whoever is on them; draining waits until there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from im.wire.connection import Connection


class ConnectionSet:
    """Open connections, and how many of their frames are being worked on.

    Attributes:
        listening: whether frames are still taken. At the end they are not: what would be done
            could not be answered any more, and whoever sent it sends it again elsewhere.
    """

    def __init__(self) -> None:
        self.listening = True
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections))

    def add(self, connection: Connection) -> None:
        """A connection is open."""
        self._connections.add(connection)
        self._empty.clear()

    def discard(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    async def empty(self) -> None:
        """Return when no connection is open."""
        await self._empty.wait()

    @contextmanager
    def work(self) -> Iterator[None]:
        """While a frame is being worked on."""
        self._working += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()

    async def idle(self) -> None:
        """Return when no frame is being worked on."""
        await self._idle.wait()
