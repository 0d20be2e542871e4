"""Whether a machine can hold so many people: what they need, what there is, how to get the rest.

Nothing is changed here: what is missing is told with the command that gives it.
"""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KEPT_FREE = 1800
"""Of a node's descriptors: 1,768 are no people's (``im.wire.descriptors``), some are spare."""
MOST_NODES = 64
"""The relay has no more members (docs/relay.md)."""
POOL = 2
"""Connections of a node to the database, besides the log writer's own."""
SPARE_CONNECTIONS = 20
NODE_KIB = 60 * 1024
"""What a node and its load generator take with nobody there; measured it was less."""
PERSON_KIB = 12.0
"""What a person takes in all: node, load generator, kernel for both ends (9.3), database."""
DATABASE_KIB = 1536 * 1024
"""What the database takes besides: its buffers, its log."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is to be held where: ``nodes`` nodes with ``each`` people."""

    nodes: int
    each: int

    @property
    def people(self) -> int:
        """All people."""
        return self.nodes * self.each

    @property
    def database_connections(self) -> int:
        """What all nodes together, and who prepares and looks on, may have open."""
        return self.nodes * (POOL + 1) + SPARE_CONNECTIONS


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine has; ``None`` where it does not say.

    Attributes:
        descriptors: that a process may have.
        files: that all processes together may still open.
        watches: descriptors that one user may watch with epoll.
        ports: of one address for outgoing connections.
        memory_kib: available now.
        receive_bytes: the largest receive buffer that a socket may ask for.
        tracked: connections that the firewall still remembers; None where it remembers none.
        programs: names of those that are missing.
    """

    descriptors: int
    files: int | None
    watches: int | None
    ports: int | None
    memory_kib: int | None
    receive_bytes: int | None
    tracked: int | None
    programs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortage:
    """Something is missing.

    Attributes:
        what: in words, with what is needed and what there is.
        remedy: a command, or what else to do.
        fatal: without it there is no use in beginning.
    """

    what: str
    remedy: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.what}\n    {self.remedy}"


def plan(connections: int, machine: Machine, nodes: int | None = None) -> Plan:
    """At least so many connections, on so many nodes, or as few as there can be."""
    if nodes is None:
        nodes = -(-connections // max(1, machine.descriptors - KEPT_FREE))
    return Plan(nodes, -(-connections // nodes))


def shortages(wanted: Plan, machine: Machine) -> Iterator[Shortage]:
    """What is missing on a machine."""
    for program in machine.programs:
        yield Shortage(f"{program} is not installed", "see bench/million.py on what it needs")
    if wanted.nodes > MOST_NODES:
        yield Shortage(
            f"{wanted.nodes} nodes with {machine.descriptors:,} descriptors each;"
            f" there can be {MOST_NODES}",
            f"ulimit -n {-(-wanted.people // MOST_NODES) + KEPT_FREE}, or fewer --connections",
        )
    if wanted.each + KEPT_FREE > machine.descriptors:
        yield Shortage(
            f"{wanted.each + KEPT_FREE:,} descriptors for a process; it may have"
            f" {machine.descriptors:,}",
            f"ulimit -n {wanted.each + KEPT_FREE}, or more --nodes",
        )
    sockets = 2 * wanted.people
    yield from _setting("open files", sockets + 200 * wanted.nodes, machine.files, "fs.file-max")
    yield from _setting("watched files", sockets, machine.watches, "fs.epoll.max_user_watches")
    yield from _setting(
        "connections that the firewall remembers",
        wanted.people,
        machine.tracked,
        "net.netfilter.nf_conntrack_max",
    )
    if machine.ports is not None and wanted.each > machine.ports:
        yield Shortage(
            f"{wanted.each:,} ports of an address; there are {machine.ports:,}",
            'sysctl -w net.ipv4.ip_local_port_range="10000 65535"',
        )
    memory = wanted.nodes * NODE_KIB + round(wanted.people * PERSON_KIB) + DATABASE_KIB
    if machine.memory_kib is not None and memory > machine.memory_kib:
        yield Shortage(
            f"{memory / 2**20:.1f} GiB of memory;"
            f" {machine.memory_kib / 2**20:.1f} GiB are available",
            "fewer --connections",
        )
    if machine.receive_bytes is not None and machine.receive_bytes < 4 * 2**20:
        yield Shortage(
            f"the relay asks for receive buffers of 4 MiB and gets {machine.receive_bytes:,} bytes:"
            " it will lose and repeat datagrams",
            "sysctl -w net.core.rmem_max=4194304",
            fatal=False,
        )


def read_machine() -> Machine:
    """This one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened, _, most = (_numbers("/proc/sys/fs/file-nr") or [0, 0, 0])[:3]
    ports = _numbers("/proc/sys/net/ipv4/ip_local_port_range")
    remembered = _number("/proc/sys/net/netfilter/nf_conntrack_count")
    most_remembered = _number("/proc/sys/net/netfilter/nf_conntrack_max")
    return Machine(
        descriptors=hard if hard != resource.RLIM_INFINITY else 2**20,
        files=most - opened if most else None,
        watches=_number("/proc/sys/fs/epoll/max_user_watches"),
        ports=ports[1] - ports[0] + 1 if ports else None,
        memory_kib=meminfo().get("MemAvailable"),
        receive_bytes=_number("/proc/sys/net/core/rmem_max"),
        tracked=most_remembered - remembered if remembered and most_remembered else None,
        programs=tuple(_missing()),
    )


def meminfo() -> dict[str, int]:
    """What the kernel says of the memory, by its names, in KiB (``proc_meminfo(5)``)."""
    found = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        found[name] = int(rest.split()[0])
    return found


def _setting(what: str, needed: int, there: int | None, name: str) -> Iterator[Shortage]:
    if there is not None and needed > there:
        yield Shortage(
            f"{needed:,} {what}; {there:,} are left",
            f"sysctl -w {name}=$(( $(sysctl -n {name}) + {needed - there} ))",
        )


def _missing() -> Iterator[str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for names in (("mariadbd", "mysqld"), ("cc",)):
        if not any(shutil.which(name) or shutil.which(name, path=path) for name in names):
            yield names[0]


def _numbers(path: str) -> list[int]:
    try:
        return [int(word) for word in Path(path).read_text().split()]
    except (OSError, ValueError):
        return []


def _number(path: str) -> int | None:
    found = _numbers(path)
    return found[0] if found else None
