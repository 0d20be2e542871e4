"""A simulated network of cores: hours of failures in seconds, the same for the same seed."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from relay.core import Core
from relay.events import Deliver, Down, Event, Gap, Up
from relay.keyring import Keyring
from relay.outgoing import GROUP
from relay.peer import Address
from tests.relay.nodes import keyring

DATAGRAM = 1452


@dataclass
class Published:
    """A reliable payload: who published it, when, as which of its life."""

    node: str
    life: int
    number: int
    ordered: bool
    time: float

    @property
    def payload(self) -> bytes:
        return f"{self.node}/{self.life}/{self.number}".encode()


@dataclass
class SimulatedNode:
    """One life of a node, and all that its core said, with the time."""

    name: str
    life: int
    core: Core
    address: Address
    started: float
    seen: list[tuple[float, Event]] = field(default_factory=list)
    alive: bool = True
    deadline: float = 0.0

    def of(self, kind: type[Event], node: str) -> list[float]:
        """When this event of ``node`` happened here."""
        return [at for at, event in self.seen if type(event) is kind and event[0] == node]


class Network:
    """Links with loss, duplication, delay and cuts; everything from one seeded generator."""

    def __init__(
        self,
        seed: int,
        *,
        loss: float = 0.0,
        duplication: float = 0.0,
        delay: tuple[float, float] = (0.0001, 0.0005),
        group: bool = True,
        ring: Keyring | None = None,
        kept_bytes: int = 16 * 1024 * 1024,
        held_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self.rng = random.Random(seed)
        self.now = 1000.0
        self.loss = loss
        self.duplication = duplication
        self.delay = delay
        self.cut: set[tuple[str, str]] = set()  # from, to
        self.group_filtered: set[tuple[str, str]] = set()
        self.nodes: dict[str, SimulatedNode] = {}
        self.lives: list[SimulatedNode] = []
        self.published: list[Published] = []
        self.recording: list[tuple[bytes, Address]] | None = None
        self.datagrams = 0
        self.drop: Callable[[SimulatedNode, bytes, Address | None], bool] | None = None
        self._numbers: Counter[tuple[str, int]] = Counter()
        self._group = group
        self._ring = ring
        self._kept_bytes = kept_bytes
        self._held_bytes = held_bytes
        self._flying: list[tuple[float, int, bytes, Address, SimulatedNode]] = []
        self._sent = 0

    # -- what may happen ---------------------------------------------------------------------------

    def start(self, name: str, ring: Keyring | None = None) -> SimulatedNode:
        life = sum(node.name == name for node in self.lives)
        address = (f"10.0.0.{len(self.lives) + 1}", 3001)
        core = Core(
            name,
            ring or self._ring or keyring(),
            random.Random(self.rng.getrandbits(64)),
            self.now,
            datagram_size=DATAGRAM,
            receive_buffer=3600,
            group=self._group,
            kept_bytes=self._kept_bytes,
            held_bytes=self._held_bytes,
        )
        node = SimulatedNode(name, life, core, address, self.now)
        self.nodes[name] = node
        self.lives.append(node)
        if not self._group:
            core.set_seeds(other.address for other in self.nodes.values() if other is not node)
        self.serve(node)
        return node

    def crash(self, name: str) -> None:
        self.nodes.pop(name).alive = False

    def leave(self, name: str) -> None:
        node = self.nodes[name]
        self.serve(node)
        for datagram, destination in node.core.goodbye():
            self._send(node, datagram, destination)
        self.crash(name)

    def publish(self, name: str, *, ordered: bool = False, size: int = 0) -> Published:
        node = self.nodes[name]
        number = self._numbers[name, node.life]
        self._numbers[name, node.life] += 1
        published = Published(name, node.life, number, ordered, self.now)
        self.published.append(published)
        padding = b" " * max(0, size - len(published.payload))
        node.core.publish("t", published.payload + padding, ordered=ordered, ephemeral=False)
        node.deadline = self.now
        return published

    def separate(self, one: set[str], other: set[str]) -> None:
        self.cut |= {(a, b) for a in one for b in other} | {(b, a) for a in one for b in other}

    # -- time --------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            arrival = self._flying[0][0] if self._flying else end
            soonest = min((node.deadline for node in self.nodes.values()), default=end)
            at = min(arrival, soonest)
            if at >= end:
                break
            self.now = max(self.now, at)
            if arrival <= soonest:
                _, _, datagram, source, target = heapq.heappop(self._flying)
                if target.alive:
                    target.core.receive_datagram(datagram, source, self.now)
                    self.serve(target)
            else:
                for node in list(self.nodes.values()):
                    if node.deadline <= self.now:
                        node.core.handle_timer(self.now)
                        self.serve(node)
        self.now = end

    def serve(self, node: SimulatedNode) -> None:
        """What a driver does after each datagram and each alarm."""
        while ready := node.core.datagrams_to_send(self.now):
            for datagram, destination in ready:
                self._send(node, datagram, destination)
        node.seen += [(self.now, event) for event in node.core.events()]
        node.deadline = max(node.core.next_deadline(), self.now + 1e-6)

    def _send(self, source: SimulatedNode, datagram: bytes, destination: Address | None) -> None:
        assert len(datagram) <= DATAGRAM
        self.datagrams += 1
        if self.drop is not None and self.drop(source, datagram, destination):
            return
        if self.recording is not None:
            self.recording.append((datagram, source.address))
        for target in self.nodes.values():
            if destination is GROUP:
                if (source.name, target.name) in self.group_filtered:
                    continue
            elif destination != target.address:
                continue
            if (source.name, target.name) in self.cut and target is not source:
                continue
            copies = 1 + (self.rng.random() < self.duplication)
            for _ in range(copies):
                if target is source or self.rng.random() >= self.loss:
                    self._sent += 1
                    at = self.now + self.rng.uniform(*self.delay)
                    heapq.heappush(self._flying, (at, self._sent, datagram, source.address, target))

    # -- what must hold ----------------------------------------------------------------------------

    def check(self) -> None:
        """Every promise of the bus, for all that has been published at least 15 s ago."""
        for receiver in self.lives:
            self._check_membership(receiver)
            arrived: dict[bytes, int] = {}
            for _, event in receiver.seen:
                if type(event) is Deliver and event.topic == "t":
                    payload = event.payload.rstrip()
                    arrived[payload] = arrived.get(payload, 0) + 1
            assert all(times == 1 for times in arrived.values()), "delivered twice"
            known = {p.payload for p in self.published}
            assert set(arrived) <= known, "something that nobody published"
            self._check_order(receiver)
            if receiver.alive:
                self._check_complete(receiver, set(arrived))

    def _check_membership(self, receiver: SimulatedNode) -> None:
        is_up: dict[str, bool] = {}
        for _, event in receiver.seen:
            if type(event) is Up:
                assert not is_up.get(event.node), "up twice"
                is_up[event.node] = True
            elif type(event) is Down:
                assert is_up.get(event.node), "down without up"
                is_up[event.node] = False
            elif type(event) is Deliver:
                assert is_up.get(event.node), "delivered from a node that is not up"

    def _check_order(self, receiver: SimulatedNode) -> None:
        ordered = {p.payload: p for p in self.published if p.ordered}
        last: dict[str, tuple[int, int]] = {}
        for _, event in receiver.seen:
            if type(event) is Deliver and event.payload.rstrip() in ordered:
                p = ordered[event.payload.rstrip()]
                assert last.get(p.node, (-1, -1)) < (p.life, p.number), "out of order"
                last[p.node] = (p.life, p.number)

    def _check_complete(self, receiver: SimulatedNode, arrived: set[bytes]) -> None:
        for p in self.published:
            if p.node == receiver.name or p.payload in arrived or p.time > self.now - 15:
                continue
            ups = [at for at in receiver.of(Up, p.node) if at <= p.time]
            downs = [at for at in receiver.of(Down, p.node) if at <= p.time]
            if len(ups) > len(downs):
                assert any(at >= p.time for at in receiver.of(Gap, p.node)), (
                    f"{p.payload!r} is lost at {receiver.name} without a gap"
                )

    def silent_losses(self) -> int:
        """Reliable payloads that did not arrive at a node that is alive, whatever was said."""
        missing = 0
        for receiver in self.nodes.values():
            arrived = {e.payload.rstrip() for _, e in receiver.seen if type(e) is Deliver}
            missing += sum(
                p.payload not in arrived for p in self.published if p.node != receiver.name
            )
        return missing


def busy_cluster(*, grown: int = 30, loss: float = 0.0, ring: Keyring | None = None) -> Network:
    """Three nodes that have talked for two seconds, everything recorded.

    ``grown``: bytes by which each payload is larger than the one before.
    """
    network = Network(1, loss=loss, ring=ring)
    network.recording = []
    for number in range(3):
        network.start(f"n{number}")
    network.run(0.5)
    for number in range(60):
        network.publish(f"n{number % 3}", ordered=number % 2 == 0, size=number * grown)
        network.run(0.02)
    return network
