"""Addresses to greet where neither multicast nor broadcast goes."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from relay.peer import Address

log = logging.getLogger(__name__)

PROBED_PORTS: Final = 8
"""A peer without a port may have one of so many ports after the relay's."""
LOOKUP_TIME: Final = 2.0
"""Seconds that the look-up of a host name may take."""


class PeerFinder:
    """Turns ``host``, ``host:port`` and ``[IPv6]:port`` into addresses, whenever it is asked."""

    def __init__(
        self,
        listed: tuple[str, ...],
        ask: Callable[[], Awaitable[list[str]]] | None,
        relay_port: int,
    ) -> None:
        """``ask`` is used only when nothing is ``listed``."""
        self._listed = listed
        self._ask = ask
        self._relay_port = relay_port
        self._asked: list[str] = []

    async def find(self) -> list[Address]:
        """Addresses of all peers; those that can't be found are left out, with a warning."""
        found: list[Address] = []
        for peer in self._listed or await self._list():
            try:
                found += await self._resolve(peer)
            except (OSError, ValueError, TimeoutError) as error:
                log.warning("relay: peer %r can't be found: %s", peer, error)
        return found

    async def _list(self) -> list[str]:
        """What ``ask`` says, or said last if it fails now."""
        if self._ask is not None:
            try:
                self._asked = await self._ask()
            except Exception:
                log.exception("relay: the list of peers can't be read")
        return self._asked

    async def _resolve(self, peer: str) -> list[Address]:
        host, port = _split(peer)
        first = port or self._relay_port + 1
        async with asyncio.timeout(LOOKUP_TIME):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        # IPv4 first, as for the interface.
        _, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        ports = range(first, first + (1 if port else PROBED_PORTS))
        if len(address) == 2:
            return [(str(address[0]), number) for number in ports]
        host, scope = str(address[0]).partition("%")[0], address[3]
        return [(host, number, 0, scope) for number in ports]


def _split(peer: str) -> tuple[str, int]:
    """``host``, ``host:port``, an IPv6 address or ``[IPv6]:port``; port 0 where there is none."""
    if peer.startswith("["):
        host, _, port = peer[1:].partition("]")
        port = port.removeprefix(":")
    elif peer.count(":") > 1:
        host, port = peer, ""
    else:
        host, _, port = peer.partition(":")
    return host, int(port) if port else 0
