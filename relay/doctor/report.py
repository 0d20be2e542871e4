"""What an examination of the network found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from relay.interfaces import Interface


class Way(IntEnum):
    """How a datagram travels; the value is its place in a ``Reach``."""

    MULTICAST = 0
    BROADCAST = 1
    UNICAST = 2


class Reach(NamedTuple):
    """Bytes of the largest datagram that got through by each way; 0: none did."""

    multicast: int = 0
    broadcast: int = 0
    unicast: int = 0

    def and_also(self, way: Way, size: int) -> Reach:
        """This, after a datagram of ``size`` bytes got through."""
        return self.merged(Reach(*(size if other == way else 0 for other in Way)))

    def merged(self, other: Reach) -> Reach:
        """The larger of both for each way."""
        return Reach(*map(max, self, other))


class Kind(Enum):
    """What a datagram is that is not of a node of this cluster."""

    FOREIGN = "foreign"
    """Of another cluster; ``detail`` is the first four bytes of its id in hex."""
    OTHER_VERSION = "other version"
    """Of another version of the relay; ``detail`` is its number."""
    UNKNOWN_KEY = "unknown key"
    """Sealed with a key that isn't held here; ``detail`` is its number."""
    WRONG_KEY = "wrong key"
    """It doesn't open with the key of its number, ``detail``."""
    SEALED = "sealed"
    """Of some cluster, ``detail`` as in ``FOREIGN``; there are no keys here to open it with."""
    JUNK = "junk"
    """Of another program that uses the same port."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Datagrams of one kind from one address.

    Attributes:
        host: where they came from.
        kind: what they are.
        detail: see ``Kind``.
        count: how many.
    """

    host: str
    kind: Kind
    detail: str
    count: int


@dataclass(frozen=True, slots=True)
class Doctor:
    """Another examination that runs at the same time.

    Attributes:
        host: where it runs.
        interface: name of the interface on which it was heard.
        full: bytes of the largest datagrams that it sends.
        heard: what came from it.
        hears: what it says came to it from here.
    """

    host: str
    interface: str
    full: int
    heard: Reach
    hears: Reach


@dataclass(frozen=True, slots=True)
class Node:
    """A node of this cluster that was heard.

    Attributes:
        name: its name.
        host: where it runs.
        port: of its own, from which it sends.
        interface: name of the interface on which it was heard.
        heard: what came from it.
        hears: what it says came to it from here. It hears the group by one way only, its mode.
        hears_nodes: names of the nodes that it hears.
        fresh: it has said hello in the last ``FRESH_TIME`` seconds.
    """

    name: str
    host: str
    port: int
    interface: str
    heard: Reach
    hears: Reach
    hears_nodes: frozenset[str]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found.

    Attributes:
        interface: the one that a node would use; None if it can't be used, see ``error``.
        interfaces: all that are up, loopback included.
        error: why nothing could be opened; empty if something could.
        closed: ways that could not be opened, and why.
        refused: ways by which the system refused to send small datagrams, and why.
        own: ways by which what this examination sent to all came back to itself.
        doctors: other examinations.
        nodes: nodes of this cluster, those on this machine included.
        strangers: who else was heard.
        sizes: bytes of the datagrams that were sent, ascending; the last is what nodes send.
        receive_buffer: bytes that the kernel gave, by its own count.
        wanted_buffer: bytes, by its own count, that it was asked for.
        drops: datagrams to the relay's ports of this machine that the kernel dropped while this
            ran, because a receive buffer was full.
    """

    interface: Interface | None
    interfaces: tuple[Interface, ...]
    error: str = ""
    closed: tuple[tuple[Way, str], ...] = ()
    refused: tuple[tuple[Way, str], ...] = ()
    own: frozenset[Way] = frozenset()
    doctors: tuple[Doctor, ...] = ()
    nodes: tuple[Node, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    sizes: tuple[int, ...] = ()
    receive_buffer: int = 0
    wanted_buffer: int = 0
    drops: int = 0

    @property
    def addresses(self) -> frozenset[str]:
        """This machine's addresses."""
        return frozenset(found.address for found in self.interfaces)
