"""The connections that Tornado serves, for pages, API calls and files: bounded, and none for ever.

Tornado closes a connection that is idle for ``port.IDLE_SECONDS``, and one whose body takes longer
than ``port.BODY_SECONDS``. Here is what it has no bound for: how many there are, and somebody who
takes nothing of an answer.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from handlers.caller import within
from handlers.stream import ArrivalStream
from im.addresses import source
from im.errors import Overloaded, RateLimited
from im.wire.capacity import Capacity
from im.wire.newcomers import Peer

STALLED_SECONDS = 60.0
"""Whoever takes nothing of an answer for so long is hung up on."""
LOOK_SECONDS = 15.0


class Served(Protocol):
    """What Tornado says of a connection (``HTTP1ServerConnection``)."""

    stream: ArrivalStream


class HttpConnections:
    """Counts connections, and closes those that do nothing.

    Args:
        most: how many there may be.
        most_per_address: how many of one address (``im.addresses.source``).
        proxies: trusted ones; each of their connections may be somebody else's.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        most: int,
        most_per_address: int,
        proxies: tuple[str, ...],
    ) -> None:
        self._loop = loop
        self._capacity = Capacity(most, most_per_address)
        self._proxies = proxies
        self._open: dict[ArrivalStream, str] = {}
        self._idle: dict[ArrivalStream, None] = {}
        self._timer = loop.call_later(LOOK_SECONDS, self._look)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, peer: Peer) -> str:
        """Count one more; what for. Where there is no room, whoever is idle longest goes for it.

        Raises ``RateLimited`` or ``Overloaded`` when nobody is.
        """
        host, port = peer[:2]
        address = f"{host} {port}" if within(host, self._proxies) else host
        try:
            return self._capacity.admit(address)
        except RateLimited:
            wanted = source(address)
            self._hang_up([each for each in self._idle if self._open[each] == wanted][:1])
        except Overloaded:
            self._hang_up(list(self._idle)[:1])
        return self._capacity.admit(address)

    def add(self, stream: ArrivalStream, counted: str) -> None:
        """One that was admitted is served from now on."""
        self._open[stream] = counted

    def waits(self, served: Served) -> None:
        """It waits for its next request. The first one is there already."""
        if served.stream in self._open and not served.stream.fresh:
            self._idle[served.stream] = None

    def works(self, served: Served) -> None:
        """Its request has come."""
        self._idle.pop(served.stream, None)

    def gone(self, stream: ArrivalStream) -> None:
        """It is closed, or no longer Tornado's."""
        self._idle.pop(stream, None)
        counted = self._open.pop(stream, None)
        if counted is not None:
            self._capacity.release(counted)

    def close(self) -> None:
        """Look after them no more."""
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)
        stalled = self._loop.time() - STALLED_SECONDS
        self._hang_up([each for each in self._open if each.writing() and each.last_taken < stalled])

    @staticmethod
    def _hang_up(streams: list[ArrivalStream]) -> None:
        for stream in streams:
            stream.close()
