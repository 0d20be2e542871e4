"""The bus over UDP: a ``Core`` on real sockets and asyncio's clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from relay.bus import BusError, BusListener
from relay.core import Core
from relay.interfaces import Interface, choose_interface
from relay.keyring import Keyring
from relay.outgoing import GROUP, Destination
from relay.peer import Address
from relay.peers import PeerFinder
from relay.sockets import (
    DATAGRAM_COST,
    RECEIVE_BUFFER,
    Endpoint,
    Mode,
    datagram_size,
    open_endpoint,
    show_address,
)
from relay.telling import Telling

log = logging.getLogger(__name__)

DRAIN: Final = 64
"""Datagrams that are read from a socket, or sent, before others get their turn on the loop."""
LARGEST: Final = 2048
"""Bytes that are read of one datagram; ours are smaller, what is cut off doesn't authenticate."""
WATCH_INTERVAL: Final = 2.0
"""Seconds between two looks at the interface."""
PEERS_INTERVAL: Final = 5.0
"""Seconds between two looks at the list of peers and their addresses."""
CLOSE_TIME: Final = 2.0
WRITE_PAUSE: Final = 0.01
"""Seconds between two looks at the timers while the kernel takes no datagrams."""
DROPS_INTERVAL: Final = 1.0
"""Seconds between two looks at what the kernel has dropped."""
DROPS_SILENCE: Final = 60
"""Looks after a warning that are silent."""


@dataclass(frozen=True)
class UdpSettings:
    """How the nodes find each other.

    Attributes:
        mode: ``multicast``, ``broadcast`` (the interface's subnet) or ``peers`` (unicast alone).
        group: the multicast group, in that mode. Where there is no IPv4, ``sockets.GROUP_IPV6``
            stands for an IPv4 one.
        port: the group's UDP port; a node's own is the first free one of the 64 after it.
        interface: its name; empty: the one that leads to the group, or else loopback.
        peers: ``host``, ``host:port`` or ``[IPv6]:port`` each, in that mode; empty: from the
            ``peers`` function.
    """

    mode: Mode = "multicast"
    group: str = "239.192.77.1"
    port: int = 3000
    interface: str = ""
    peers: tuple[str, ...] = ()


class UdpBus:
    """A ``Bus`` over UDP. Make it in the process and the loop that use it, after any fork."""

    def __init__(
        self,
        settings: UdpSettings,
        keyring: Keyring,
        node_name: str,
        peers: Callable[[], Awaitable[list[str]]] | None = None,
    ) -> None:
        """``peers`` is asked every 5 s in mode ``peers`` when the settings list none."""
        self.on_unknown_key: Callable[[int], None] = lambda number: None
        """Called, at most once a second, when a key number is seen that isn't held: reread them."""
        self._settings = settings
        self._keyring = keyring
        self._name = node_name
        self._finder = PeerFinder(settings.peers, peers, settings.port)
        self._core: Core | None = None
        self._endpoint: Endpoint | None = None
        self._interface: Interface | None = None
        self._telling: Telling | None = None
        self._outbox: deque[tuple[bytes, Destination]] = deque()
        self._work_soon = False
        self._writing = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_over = False
        self._tasks: list[asyncio.Task[None]] = []
        self._quiet = asyncio.Event()
        self._closing = False
        self._send_errors = 0
        self._drops_before = 0  # on sockets that are closed

    # -- the bus -----------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """This node's own address, ``ip:port`` or ``[ip]:port``; empty while it isn't open."""
        return show_address(self._endpoint.address) if self._endpoint else ""

    def publish(
        self, topic: str, payload: bytes, *, ordered: bool = False, ephemeral: bool = False
    ) -> None:
        """See ``Bus.publish``; what is published while the bus isn't open reaches nobody.

        All that is published within one turn of the loop travels together. Raises
        ``PayloadTooLarge``, and ``ValueError`` for a topic of more than 255 bytes.
        """
        if self._core is None or self._closing:
            return
        self._core.publish(topic, payload, ordered=ordered, ephemeral=ephemeral)
        self._schedule()

    def members(self) -> list[str]:
        """Names of the nodes that are up now, without this one, sorted."""
        return self._core.members() if self._core else []

    def keys_held(self) -> dict[str, frozenset[int]]:
        """Numbers of the keys that each member holds, to see who lacks a new one."""
        return self._core.keys_held() if self._core else {}

    def statistics(self) -> Mapping[str, float]:
        """The core's figures, and those of the sockets while they are open."""
        if self._core is None:
            return {}
        figures = dict(self._core.statistics())
        figures["send_errors"] = self._send_errors
        figures["kernel_drops"] = self._drops_before
        if self._endpoint is not None:
            figures["receive_buffer_bytes"] = self._endpoint.receive_buffer
            figures["kernel_drops"] += self._endpoint.kernel_drops()
        return figures

    async def start(self, listener: BusListener) -> None:
        """Open the sockets and greet the others. Raises ``BusError``."""
        if self._core is not None:
            raise BusError("a bus starts once")
        settings = self._settings
        seeds = await self._finder.find() if settings.mode == "peers" else []
        self._interface = self._choose_interface(seeds)
        self._endpoint = self._open(self._interface)
        loop = asyncio.get_running_loop()
        self._telling = Telling(listener, lambda number: self.on_unknown_key(number))
        try:
            self._core = Core(
                self._name,
                self._keyring,
                random.SystemRandom(),
                loop.time(),
                datagram_size=datagram_size(self._interface),
                receive_buffer=self._endpoint.receive_buffer // DATAGRAM_COST,
                group=settings.mode != "peers",
            )
        except ValueError as error:
            self._endpoint.close()
            raise BusError(str(error)) from error
        self._set_seeds(seeds)
        self._listen()
        self._tasks.append(loop.create_task(self._watch_interface()))
        self._tasks.append(loop.create_task(self._watch_drops()))
        if settings.mode == "peers":
            self._tasks.append(loop.create_task(self._watch_peers()))
        self._schedule()

    async def ready(self) -> None:
        """Return when the first round of finding others is over, after 0.2 to 1 s.

        Raises ``BusError``, and has closed the bus, when this node must not stay: another live node
        has its name, or the cluster is full.
        """
        if self._telling is not None:
            await self._telling.ready(self.close)

    async def close(self) -> None:
        """Wait for confirmation, at most for 2 s, say goodbye and close. Never raises."""
        if self._core is None or self._closing:
            return
        self._closing = True
        self._quiet.clear()
        self._work()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), CLOSE_TIME)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        if self._endpoint is not None:
            for datagram, destination in self._core.goodbye():
                with contextlib.suppress(OSError):
                    self._transmit(self._endpoint, datagram, destination)
            self._drops_before += self._endpoint.kernel_drops()
            self._stop_listening(self._endpoint)
            self._endpoint = None

    # -- the loop ----------------------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._work_soon:
            self._work_soon = True
            asyncio.get_running_loop().call_soon(self._work)

    def _read(self, opened: socket.socket) -> None:
        if self._core is None:
            return
        now = asyncio.get_running_loop().time()
        for _ in range(DRAIN):
            try:
                datagram, address = opened.recvfrom(LARGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:  # such as a port unreachable that came back
                log.debug("relay: receiving failed: %s", error)
                continue
            self._core.receive_datagram(datagram, address, now)
        self._work()

    def _work(self) -> None:
        """Do what is due: timers, sending, telling the program; then set the next alarm."""
        self._work_soon = False
        if self._core is None or self._endpoint is None:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._outbox or self._core.is_due(now):
            self._core.handle_timer(now)
            self._send(self._core, self._endpoint, now)
        elif self._core.is_idle():
            self._quiet.set()
        if self._telling is not None:
            self._telling.tell(self._core.events())
            if not self._telling.is_over:
                found = bool(self._core.members()) and not self._core.has_candidates()
                self._telling.look_ready(now, found=found)
        # While the socket takes nothing, what is due stays due: don't spin.
        soonest = now + WRITE_PAUSE if self._writing else now
        at = max(self._core.next_deadline(), soonest)
        if self._timer is None or self._timer.when() != at or self._timer_over:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(at, self._alarm)
            self._timer_over = False

    def _alarm(self) -> None:
        self._timer_over = True
        self._work()

    def _send(self, core: Core, endpoint: Endpoint, now: float) -> None:
        if self._writing:
            return
        for _ in range(DRAIN):
            if not self._outbox:
                self._outbox.extend(core.datagrams_to_send(now))
                if not self._outbox:
                    if core.is_idle():
                        self._quiet.set()
                    return
            datagram, destination = self._outbox[0]
            try:
                self._transmit(endpoint, datagram, destination)
            except (BlockingIOError, InterruptedError):
                self._writing = True
                asyncio.get_running_loop().add_writer(endpoint.unicast, self._writable, endpoint)
                return
            except OSError as error:  # counts as lost
                self._send_errors += 1
                log.debug("relay: sending to %s failed: %s", destination, error)
            self._outbox.popleft()
        self._schedule()

    def _writable(self, endpoint: Endpoint) -> None:
        asyncio.get_running_loop().remove_writer(endpoint.unicast)
        self._writing = False
        self._work()

    @staticmethod
    def _transmit(endpoint: Endpoint, datagram: bytes, destination: Destination) -> None:
        address = endpoint.destination if destination is GROUP else destination
        if address is not None:
            endpoint.unicast.sendto(datagram, address)

    # -- sockets, interface, peers -----------------------------------------------------------------

    def _choose_interface(self, seeds: list[Address]) -> Interface:
        destination = self._settings.group
        if self._settings.mode == "peers" and seeds:
            destination = seeds[0][0]
        return choose_interface(self._settings.interface, destination)

    def _open(self, interface: Interface) -> Endpoint:
        settings = self._settings
        endpoint = open_endpoint(settings.mode, settings.group, settings.port, interface)
        # Linux answers with twice what it took, for its own overhead.
        wanted = RECEIVE_BUFFER * 2 if sys.platform == "linux" else RECEIVE_BUFFER
        if endpoint.receive_buffer < wanted:
            log.warning(
                "relay: the kernel gives a receive buffer of %d bytes of %d: "
                "raise net.core.rmem_max to %d",
                endpoint.receive_buffer,
                wanted,
                RECEIVE_BUFFER,
            )
        log.info("relay: %s on %s, own address %s", settings.mode, interface.name or "?",
                 show_address(endpoint.address))  # fmt: skip
        return endpoint

    def _listen(self) -> None:
        if self._endpoint is None:
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(self._endpoint.unicast, self._read, self._endpoint.unicast)
        if self._endpoint.group is not None:
            loop.add_reader(self._endpoint.group, self._read, self._endpoint.group)

    def _stop_listening(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_writer(endpoint.unicast)
        self._writing = False
        loop.remove_reader(endpoint.unicast)
        if endpoint.group is not None:
            loop.remove_reader(endpoint.group)
        endpoint.close()

    async def _watch_interface(self) -> None:
        """Follow the interface when its address, its MTU or the route changes."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            if self._core is None or self._endpoint is None:
                continue
            try:
                interface = self._choose_interface(list(self._core.seeds))
                if interface == self._interface:
                    continue
                endpoint = self._open(interface)
            except (BusError, OSError) as error:  # such as that no descriptor is free
                log.warning("relay: %s", error)
                continue
            self._drops_before += self._endpoint.kernel_drops()
            self._stop_listening(self._endpoint)
            self._endpoint, self._interface = endpoint, interface
            self._core.moved(datagram_size(interface), asyncio.get_running_loop().time())
            self._listen()
            self._schedule()

    async def _watch_drops(self) -> None:
        """Warn when the kernel drops datagrams since we don't take them fast enough."""
        before = silent = 0
        while True:
            await asyncio.sleep(DROPS_INTERVAL)
            if self._endpoint is None:
                continue
            dropped = self._drops_before + self._endpoint.kernel_drops()
            silent -= 1
            if dropped > before and silent <= 0:
                log.warning("relay: the receive buffer was full: %d datagrams dropped (repaired)",
                            dropped - before)  # fmt: skip
                before, silent = dropped, DROPS_SILENCE

    async def _watch_peers(self) -> None:
        while True:
            await asyncio.sleep(PEERS_INTERVAL)
            self._set_seeds(await self._finder.find())

    def _set_seeds(self, seeds: list[Address]) -> None:
        if self._core is not None and self._endpoint is not None:
            own = self._endpoint.address
            # What has only an address of the other family can't be reached from this socket.
            seeds = [seed for seed in seeds if len(seed) == len(own)]
            self._core.set_seeds(seed for seed in seeds if seed != own)
