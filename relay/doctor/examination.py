"""What an examination sends and what it makes of what it hears; no socket, no clock.

It sends probes (``probe.py``) in several sizes to all, to the other examinations that it hears, and
in the smallest size to hosts that it was told; and hellos (``voice.py``) for the nodes there.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from relay.doctor.probe import MAX_ENTRIES, SMALLEST, Doubt, Probe, decode_probe
from relay.doctor.recognise import recognise
from relay.doctor.report import Doctor, Kind, Node, Reach, Stranger, Way
from relay.doctor.voice import Voice, is_doctor
from relay.frames import Hello
from relay.keyring import Keyring
from relay.packet import SENDER_SIZE
from relay.peer import Address

PACKETS: Final = (576, 1000, 1280, 1400, 1450)
"""Bytes of the IP packets that are tried below the full size: the least that every network takes
(RFC 791), of IPv6, of common tunnels."""
PACKET_OVERHEAD: Final = 28
"""Bytes of an IPv4 packet around a datagram."""
MAX_PLACES: Final = 1024
MAX_NODES: Final = 128
MAX_STRANGERS: Final = 64
FRESH_TIME: Final = 2.5
"""Seconds; nodes say hello each second."""
NOTHING: Final = Reach()
GROUP_WAYS: Final = (Way.MULTICAST, Way.BROADCAST)


class Sending(NamedTuple):
    """A datagram to send, to all if ``address`` is None."""

    datagram: bytes
    way: Way
    address: Address | None


@dataclass(slots=True)
class _Doctor:
    address: Address
    interface: str
    full: int
    heard: Reach = NOTHING
    hears: Reach = NOTHING


@dataclass(slots=True)
class _Node:
    hello: Hello
    address: Address
    interface: str
    heard: Reach = NOTHING
    hears: Reach = NOTHING
    hears_senders: set[bytes] = field(default_factory=set)
    last: float = 0.0


def sizes_below(full: int) -> tuple[int, ...]:
    """Sizes of the datagrams to try, ascending, ``full`` the last."""
    return (0, *(s for packet in PACKETS if (s := packet - PACKET_OVERHEAD) < full), full)


class Examination:
    """One examination.

    Args:
        keyring: of the cluster, or None if it isn't known.
        rng: where its ids come from.
        full: bytes of the datagrams that a node sends at most.
        places: addresses where other examinations may listen; at most ``MAX_PLACES``.
        nodes: addresses of nodes to greet; at most ``MAX_NODES``.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        keyring: Keyring | None,
        rng: random.Random,
        full: int,
        places: Iterable[Address],
        nodes: Iterable[Address],
        now: float,
    ) -> None:
        self.sizes = sizes_below(full)
        self.own: set[Way] = set()
        self._keyring = keyring
        self._id = rng.randbytes(SENDER_SIZE)
        self._places = list(dict.fromkeys(places))[:MAX_PLACES]
        self._greeted = dict.fromkeys(list(nodes)[:MAX_NODES])
        self._started = now
        self._number = 0
        self._voices = [
            Voice(rng.randbytes(SENDER_SIZE), way, size) for way in Way for size in (0, full)
        ]
        self._doctors: dict[bytes, _Doctor] = {}
        self._nodes: dict[bytes, _Node] = {}
        self._strangers: dict[tuple[str, Kind, str], int] = {}

    # -- sending -----------------------------------------------------------------------------------

    def to_send(self, now: float) -> list[Sending]:
        """One round; ask for one each half second."""
        ready = [
            Sending(self._probe(way, size), way, None) for way in GROUP_WAYS for size in self.sizes
        ]
        ready += [
            Sending(self._probe(Way.UNICAST, size), Way.UNICAST, doctor.address)
            for doctor in self._doctors.values()
            for size in self.sizes
        ]
        ready += [
            Sending(self._probe(Way.UNICAST, 0), Way.UNICAST, address) for address in self._places
        ]
        if self._keyring is not None:
            for voice in self._voices:
                hello = voice.speak(self._keyring, now - self._started)
                addresses = list(self._greeted) if voice.way is Way.UNICAST else [None]
                ready += [Sending(hello, voice.way, address) for address in addresses]
        return ready

    def _probe(self, way: Way, size: int) -> bytes:
        self._number += 1
        seen = {sender: doctor.heard for sender, doctor in self._doctors.items()}
        return Probe(self._id, self._number, way, self.sizes[-1], seen).encode(size, self._keyring)

    # -- hearing -----------------------------------------------------------------------------------

    def receive(
        self, datagram: bytes, address: Address, way: Way, interface: str, chosen: bool, now: float
    ) -> None:
        """Take what a socket heard.

        ``way``: what the socket is for; ``chosen``: whether ``interface`` is the relay's.
        """
        probe = decode_probe(datagram, self._keyring) if len(datagram) >= SMALLEST else None
        if isinstance(probe, Doubt):
            self._stranger(address, probe.kind, probe.detail)
        elif probe is not None:
            self._hear_doctor(probe, len(datagram), address, interface, chosen)
        else:
            self._hear_relay(datagram, address, way, interface, chosen, now)

    def _hear_doctor(
        self, probe: Probe, size: int, address: Address, interface: str, chosen: bool
    ) -> None:
        if probe.sender == self._id:
            if chosen:
                self.own.add(probe.way)
            return
        doctor = self._doctors.get(probe.sender)
        if doctor is None:
            if len(self._doctors) >= MAX_ENTRIES:
                return
            doctor = self._doctors[probe.sender] = _Doctor(address, interface, probe.full)
        if chosen:
            # What comes on another interface is of no use to a node, but tells which one is right.
            doctor.interface = interface
            doctor.address = address
            doctor.heard = doctor.heard.and_also(probe.way, size)
        doctor.hears = doctor.hears.merged(probe.seen.get(self._id, NOTHING))

    def _hear_relay(
        self,
        datagram: bytes,
        address: Address,
        way: Way,
        interface: str,
        chosen: bool,
        now: float,
    ) -> None:
        found = recognise(datagram, self._keyring)
        if found is None:
            return
        if isinstance(found[0], Kind):
            self._stranger(address, found[0], str(found[1]))
            return
        sender, hello = found
        if not isinstance(hello, Hello) or is_doctor(hello.name):
            return
        node = self._nodes.get(sender)
        if node is None:
            if len(self._nodes) >= MAX_NODES:
                return
            node = self._nodes[sender] = _Node(hello, address, interface)
        node.hello, node.last = hello, now
        if chosen:
            node.interface, node.address = interface, address
            node.heard = node.heard.and_also(way, len(datagram))
            if len(self._greeted) < 2 * MAX_NODES:
                self._greeted.setdefault(address)
        named = {report[0] for report in hello.reports}
        node.hears_senders |= named
        for voice in self._voices:
            if voice.sender in named:
                node.hears = node.hears.and_also(voice.way, voice.length)

    def _stranger(self, address: Address, kind: Kind, detail: str) -> None:
        key = (str(address[0]), kind, detail)
        if key in self._strangers or len(self._strangers) < MAX_STRANGERS:
            self._strangers[key] = self._strangers.get(key, 0) + 1

    # -- the result --------------------------------------------------------------------------------

    def doctors(self) -> tuple[Doctor, ...]:
        """The other examinations, by host."""
        found = [
            Doctor(
                str(doctor.address[0]), doctor.interface, doctor.full, doctor.heard, doctor.hears
            )
            for doctor in self._doctors.values()
        ]
        return tuple(sorted(found, key=lambda doctor: doctor.host))

    def nodes(self, now: float) -> tuple[Node, ...]:
        """The nodes of this cluster, by name."""
        names = {sender: node.hello.name for sender, node in self._nodes.items()}
        found = [
            Node(
                name=node.hello.name,
                host=str(node.address[0]),
                port=node.address[1],
                interface=node.interface,
                heard=node.heard,
                hears=node.hears,
                hears_nodes=frozenset(names[s] for s in node.hears_senders if s in names),
                fresh=node.last >= now - FRESH_TIME,
            )
            for node in self._nodes.values()
        ]
        return tuple(sorted(found, key=lambda node: (node.name, node.host, node.port)))

    def strangers(self) -> tuple[Stranger, ...]:
        """Who else was heard."""
        found = [Stranger(*key, count) for key, count in self._strangers.items()]
        return tuple(sorted(found, key=lambda stranger: (stranger.host, stranger.kind.value)))
