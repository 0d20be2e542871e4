"""Open connections of a node, and what the kernel has to say of them.

One ``epoll`` for all of them stands in the event loop as a single descriptor. The loop would keep
five objects for each connection and go through four calls for each event; here a connection costs
an entry in a dictionary, and an event one call. Draining waits until there are none.
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from im.settle import settle
from im.wire.portable_poll import Poll, PortablePoll

MAX_EVENTS = 512
"""Events that are taken from the kernel at once."""
LOOK_SECONDS = 0.002
"""Time for them in one turn of the loop; then others have their turn."""


def fastest_poll() -> Poll:
    """The kernel's ``epoll``, or what stands in for it."""
    return select.epoll() if hasattr(select, "epoll") else PortablePoll()


class Polled(Protocol):
    """A connection as the poller sees it."""

    def ready(self, events: int) -> None:
        """It can be read or written, or has failed; a mask of ``READ``, ``WRITE`` and others."""


P = TypeVar("P", bound=Polled)


class Poller(Generic[P]):
    """Open connections by descriptor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, poll: Poll) -> None:
        self._loop = loop
        self._connections: dict[int, P] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._poll = poll
        self._events: deque[tuple[int, int]] = deque()
        self._line: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._looking = self._more = False
        self._all_seen = loop.time()
        loop.add_reader(poll.fileno(), self._look)

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[P]:
        return iter(list(self._connections.values()))

    def standing(self) -> float:
        """Seconds for which there were always more that are ready than could be got to.

        Or for which the next one in line has waited for its turn, if that is longer.
        """
        now = self._loop.time()
        waited = now - self._line[0][0] if self._line else 0.0
        if self._looking or self._events or self._more:
            waited = max(waited, now - self._all_seen)
        return waited

    async def turn(self) -> None:
        """Wait in line, of which one has a turn in each turn of the loop.

        Who has brought much goes on like this, behind all who have just come with little: like the
        old and the new flows of RFC 8290, section 4.2.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        if not self._line:
            self._loop.call_soon(self._next)
        self._line.append((self._loop.time(), future))
        await future

    def oldest(self) -> P | None:
        """The one that came first, if there is any."""
        return next(iter(self._connections.values()), None)

    def add(self, descriptor: int, connection: P) -> None:
        """A connection is open; nothing is watched yet."""
        self._connections[descriptor] = connection
        self._empty.clear()

    def move_to_end(self, descriptor: int) -> None:
        """Count a connection as one that has just come."""
        self._connections[descriptor] = self._connections.pop(descriptor)

    def watch(self, descriptor: int, before: int, after: int) -> None:
        """Watch for these events instead of those ``before``; 0 is none at all."""
        if not before:
            self._poll.register(descriptor, after)
        elif after:
            self._poll.modify(descriptor, after)
        else:
            self._poll.unregister(descriptor)

    def discard(self, descriptor: int) -> None:
        """A connection is gone; it is watched no more."""
        self._connections.pop(descriptor, None)
        if not self._connections:
            self._empty.set()

    async def empty(self) -> None:
        """Return when no connection is open."""
        await self._empty.wait()

    def close(self) -> None:
        """Stop polling; who waits in line goes on."""
        while self._line:
            settle(self._line.popleft()[1], None)
        self._loop.remove_reader(self._poll.fileno())
        self._poll.close()

    def _next(self) -> None:
        if self._line:
            settle(self._line.popleft()[1], None)
        if self._line:
            self._loop.call_soon(self._next)

    def _look(self) -> None:
        if not self._events:
            self._fetch()
        # Those that are left come first in the next turn: the kernel would begin anew.
        end = self._loop.time() + LOOK_SECONDS
        self._looking = True
        while self._events:
            descriptor, events = self._events.popleft()
            connection = self._connections.get(descriptor)
            if connection is not None:
                connection.ready(events)
                if self._loop.time() > end:
                    break
        self._looking = False
        if self._more and not self._events:
            self._fetch()  # Perhaps that was all, and nobody would call to find out.

    def _fetch(self) -> None:
        self._events.extend(self._poll.poll(0, MAX_EVENTS))
        self._more = len(self._events) >= MAX_EVENTS
        if not self._more:
            self._all_seen = self._loop.time()
