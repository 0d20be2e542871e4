"""The other machines, put together from all that was heard of each."""

from __future__ import annotations

from dataclasses import dataclass

from relay.doctor.report import Node, Reach, Report, Way

MODE_WAYS = {"multicast": Way.MULTICAST, "broadcast": Way.BROADCAST, "peers": Way.UNICAST}


@dataclass(frozen=True, slots=True)
class Machine:
    """Another machine from which something of this cluster came on the right interface.

    Attributes:
        host: its address.
        heard: what came from it.
        hears: what came to it from here, as it says.
        doctor: another doctor runs there now, so all three ways are known.
        full: bytes of the largest datagrams that its doctor sends; 0 without one.
        nodes: names of its nodes.
    """

    host: str
    heard: Reach
    hears: Reach
    doctor: bool
    full: int
    nodes: tuple[str, ...]

    def both(self, way: Way) -> bool:
        """Whether datagrams get through in both directions."""
        return bool(self.heard[way] and self.hears[way])


def is_local(host: str, report: Report) -> bool:
    """Whether this is an address of this machine."""
    return host in report.addresses or is_loopback(host)


def is_loopback(host: str) -> bool:
    """Whether this address leads nowhere else."""
    return host.startswith("127.") or host == "::1"


def remote_nodes(report: Report) -> list[Node]:
    """The nodes of other machines."""
    return [node for node in report.nodes if not is_local(node.host, report)]


def machines(report: Report) -> list[Machine]:
    """All other machines that were heard on the relay's interface."""
    name = report.interface.name if report.interface else ""
    doctors = [d for d in report.doctors if d.interface == name and not is_local(d.host, report)]
    nodes = [node for node in remote_nodes(report) if node.interface == name]
    found = []
    for host in sorted({d.host for d in doctors} | {n.host for n in nodes}):
        here = [d for d in doctors if d.host == host]
        living = [n for n in nodes if n.host == host]
        heard, hears = Reach(), Reach()
        reaches = [(d.heard, d.hears) for d in here] + [(n.heard, n.hears) for n in living]
        for inwards, outwards in reaches:
            heard, hears = heard.merged(inwards), hears.merged(outwards)
        full = max((d.full for d in here), default=0)
        names = tuple(n.name for n in living)
        found.append(Machine(host, heard, hears, bool(here), full, names))
    return found
