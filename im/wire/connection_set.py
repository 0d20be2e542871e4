"""All open connections of a node, whoever is on them; draining waits until there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from im.wire.connection import Connection


class ConnectionSet:
    """Open connections."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()

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
