"""Runs an examination on the sockets of a node, beside a node that may run on this machine."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from relay.bus import BusError
from relay.doctor.examination import GROUP_WAYS, Examination, Sending
from relay.doctor.machine import all_interfaces, kernel_drops
from relay.doctor.report import Report, Way
from relay.interfaces import Interface, choose_interface
from relay.keyring import Keyring
from relay.peer import Address
from relay.peers import PROBED_PORTS
from relay.sockets import (
    RECEIVE_BUFFER,
    UNICAST_PORTS,
    Endpoint,
    Mode,
    datagram_size,
    open_endpoint,
)

ROUND: Final = 0.5
"""Seconds between two rounds of datagrams."""
OTHER_INTERFACES: Final = 8
"""Interfaces besides the relay's on which to listen."""
LARGEST: Final = 2048
"""Bytes that are read of one datagram; ours are smaller."""
DRAIN: Final = 64
"""Datagrams that are read from a socket before others get their turn on the loop."""

_MODES: Final[dict[Way, Mode]] = {
    Way.MULTICAST: "multicast",
    Way.BROADCAST: "broadcast",
    Way.UNICAST: "peers",
}
_EXPECTED: Final = (errno.EMSGSIZE, errno.EAGAIN, errno.ECONNREFUSED)
"""Errors of sending that are no refusal: the size is part of the question."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to examine.

    Attributes:
        group, port, interface: as in ``UdpSettings``.
        seconds: how long to send and listen.
        hosts: addresses of machines where another examination or a node may run.
        nodes: host and port of nodes to greet.
    """

    group: str = "239.192.77.1"
    port: int = 3000
    interface: str = ""
    seconds: float = 8.0
    hosts: tuple[str, ...] = ()
    nodes: tuple[tuple[str, int], ...] = ()


async def examine(
    options: Options, keyring: Keyring | None, progress: Callable[[float], None]
) -> Report:
    """Send and listen for ``options.seconds`` and say what was found. Never raises ``OSError``.

    ``progress`` is called with the seconds that are left, each half second. Without a ``keyring``
    it can't tell whose the nodes are that it hears.
    """
    interfaces = all_interfaces(options.group)
    try:
        chosen = choose_interface(options.interface, options.group)
    except BusError as error:
        return Report(None, interfaces, error=str(error))
    with ExitStack() as stack:
        ears = _Ears(options, keyring, chosen)
        stack.callback(ears.close)
        ears.open(interfaces)
        if not ears.endpoints:
            return Report(chosen, interfaces, error=ears.first_error())
        return await ears.run(interfaces, progress)


class _Ears:
    """The sockets of one examination."""

    def __init__(self, options: Options, keyring: Keyring | None, chosen: Interface) -> None:
        self._options = options
        self._keyring = keyring
        self._chosen = chosen
        self.endpoints: dict[Way, Endpoint] = {}
        self._others: list[tuple[Interface, Endpoint]] = []
        self._closed: dict[Way, str] = {}
        self._refused: dict[Way, str] = {}
        self._loop = asyncio.get_running_loop()
        first = options.port + 1
        ports = range(first, min(first + UNICAST_PORTS, 65536))
        near = [(host, port) for host in options.hosts for port in ports[:PROBED_PORTS]]
        self._examination = Examination(
            keyring,
            random.SystemRandom(),
            datagram_size(chosen),
            self._reachable((host, port) for host in options.hosts for port in ports),
            self._reachable((*options.nodes, *near)),
            self._loop.time(),
        )

    def open(self, interfaces: tuple[Interface, ...]) -> None:
        """Open what can be opened, and listen."""
        options = self._options
        for way, mode in _MODES.items():
            try:
                self.endpoints[way] = open_endpoint(mode, options.group, options.port, self._chosen)
            except (BusError, OSError) as error:
                self._closed[way] = str(error)
        others = [i for i in interfaces if i.name != self._chosen.name and i.name != "lo"]
        for interface in others[:OTHER_INTERFACES]:
            try:
                endpoint = open_endpoint("multicast", options.group, options.port, interface)
            except (BusError, OSError):
                continue  # it is not what a node would use
            self._others.append((interface, endpoint))
        for way, endpoint in self.endpoints.items():
            self._listen(endpoint, way, self._chosen, chosen=True)
        for interface, endpoint in self._others:
            self._listen(endpoint, Way.MULTICAST, interface, chosen=False)

    def close(self) -> None:
        """Close all sockets."""
        for endpoint in self._all():
            for opened in (endpoint.unicast, endpoint.group):
                if opened is not None:
                    self._loop.remove_reader(opened)
            endpoint.close()

    def first_error(self) -> str:
        """Why a socket could not be opened."""
        return next(iter(self._closed.values()), "")

    async def run(
        self, interfaces: tuple[Interface, ...], progress: Callable[[float], None]
    ) -> Report:
        """Send and listen, then report."""
        before = kernel_drops(self._options.port)
        end = self._loop.time() + self._options.seconds
        while (now := self._loop.time()) < end:
            progress(end - now)
            for number, sending in enumerate(self._examination.to_send(now)):
                self._send(sending)
                if number % DRAIN == DRAIN - 1:
                    await asyncio.sleep(0)
            await asyncio.sleep(min(ROUND, max(0.0, end - self._loop.time())))
        examination = self._examination
        wanted = RECEIVE_BUFFER * 2 if sys.platform == "linux" else RECEIVE_BUFFER
        return Report(
            interface=self._chosen,
            interfaces=interfaces,
            closed=tuple(self._closed.items()),
            refused=tuple(self._refused.items()),
            own=frozenset(examination.own),
            doctors=examination.doctors(),
            nodes=examination.nodes(self._loop.time()),
            strangers=examination.strangers(),
            sizes=examination.sizes,
            receive_buffer=min(e.receive_buffer for e in self.endpoints.values()),
            wanted_buffer=wanted,
            drops=max(0, kernel_drops(self._options.port) - before),
        )

    def _reachable(self, places: Iterable[tuple[str, int]]) -> list[Address]:
        """Addresses for the sockets' family; a link-local one needs the interface."""
        found: list[Address] = []
        for host, port in places:
            bare = host.partition("%")[0]
            if (":" in bare) != (":" in self._chosen.address):
                continue
            if ":" not in bare:
                found.append((bare, port))
            else:
                scope = self._chosen.number if bare.lower().startswith("fe80:") else 0
                found.append((bare, port, 0, scope))
        return found

    def _all(self) -> list[Endpoint]:
        return [*self.endpoints.values(), *(endpoint for _, endpoint in self._others)]

    def _send(self, sending: Sending) -> None:
        endpoint = self.endpoints.get(sending.way)
        if endpoint is None:
            return
        address = sending.address or endpoint.destination
        if address is None:
            return
        try:
            endpoint.unicast.sendto(sending.datagram, address)
        except OSError as error:
            if error.errno not in _EXPECTED and (
                sending.way in GROUP_WAYS or self._is_policy(error)
            ):
                self._refused.setdefault(sending.way, error.strerror or str(error))

    @staticmethod
    def _is_policy(error: OSError) -> bool:
        """Whether a packet filter of this machine refused it; else that host can't be reached."""
        return error.errno in (errno.EPERM, errno.EACCES)

    def _listen(self, endpoint: Endpoint, way: Way, interface: Interface, *, chosen: bool) -> None:
        if endpoint.group is not None:
            self._loop.add_reader(
                endpoint.group, partial(self._read, endpoint.group, way, interface, chosen)
            )
        self._loop.add_reader(
            endpoint.unicast, partial(self._read, endpoint.unicast, Way.UNICAST, interface, chosen)
        )

    def _read(self, opened: socket.socket, way: Way, interface: Interface, chosen: bool) -> None:
        for _ in range(DRAIN):
            try:
                datagram, address = opened.recvfrom(LARGEST)
            except OSError:
                return  # nothing more, or an earlier datagram of ours was refused there
            self._examination.receive(
                datagram, address, way, interface.name, chosen, self._loop.time()
            )
