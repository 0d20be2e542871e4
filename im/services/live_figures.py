"""Live figures of nodes: each writes its own with its heartbeat, and any node shows them all.

A heartbeat is read by every node anyway, so the figures need no way of their own. Each node keeps
the last ones in memory; after its start it knows what came since.
"""

from __future__ import annotations

import os
import resource
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from im.store.nodes import HEARTBEAT_SECONDS, NodeRow

POINTS = 3600 // HEARTBEAT_SECONDS
"""Heartbeats that are remembered of a node: an hour."""
MAX_NODES = 256
"""Nodes that are remembered; those heard of longest ago go first."""


class Counters(msgspec.Struct, frozen=True):
    """What a node counts from its start on, and what it has now."""

    connections: int
    people: int
    messages: int
    deliveries: int
    relay_gaps: int
    waiting: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A node since its last heartbeat.

    Attributes:
        connections, people: sockets of people who are known, and people, on this node now.
        messages: entries that it committed, a second.
        deliveries: entries that it handed to connections, a second.
        memory: bytes that the process holds.
        processor: processor time, in parts of one core (1.0: one core is busy).
        relay_gaps: how often something of another node was missing, since its start.
        waiting: entries that wait for their commit.
    """

    connections: int = 0
    people: int = 0
    messages: float = 0.0
    deliveries: float = 0.0
    memory: int = 0
    processor: float = 0.0
    relay_gaps: int = 0
    waiting: int = 0


class Meter:
    """Measures this node from one heartbeat to the next.

    Args:
        count: the counters as they are.
        now: seconds of a clock that never goes back.
    """

    def __init__(self, count: Callable[[], Counters], now: Callable[[], float]) -> None:
        self._count = count
        self._now = now
        self._at = now()
        self._before: Counters | None = None
        self._processor = _processor_seconds()

    def measure(self) -> str:
        """Figures since the last call, as JSON."""
        counters, at, processor = self._count(), self._now(), _processor_seconds()
        before = self._before or counters
        seconds = max(at - self._at, 0.001)
        figures = Figures(
            connections=counters.connections,
            people=counters.people,
            messages=round((counters.messages - before.messages) / seconds, 1),
            deliveries=round((counters.deliveries - before.deliveries) / seconds, 1),
            memory=_memory_bytes(),
            processor=round((processor - self._processor) / seconds, 3),
            relay_gaps=counters.relay_gaps,
            waiting=counters.waiting,
        )
        self._before, self._at, self._processor = counters, at, processor
        return msgspec.json.encode(figures).decode()


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A node's figures at a heartbeat, UTC ms of the database's clock."""

    at: int
    figures: Figures


class Series:
    """The last figures of each node, ``POINTS`` of them."""

    def __init__(self) -> None:
        self._of: dict[str, deque[Point]] = {}

    def keep(self, rows: Sequence[NodeRow]) -> None:
        """Remember what the nodes that live have written."""
        for row in rows:
            points = self._of.pop(row.name, None) or deque(maxlen=POINTS)
            # The last one is the one heard of last.
            self._of[row.name] = points
            if not points or points[-1].at < row.heartbeat_at:
                points.append(Point(at=row.heartbeat_at, figures=read_figures(row)))
        while len(self._of) > MAX_NODES:
            del self._of[next(iter(self._of))]

    def of(self, node: str, points: int) -> list[Point]:
        """The last ones of a node, the oldest first."""
        return list(self._of.get(node, ()))[-points:] if points else []


def read_figures(row: NodeRow) -> Figures:
    """What a node has written; nothing when its version writes something else."""
    try:
        return msgspec.json.decode(row.figures or "{}", type=Figures)
    except msgspec.DecodeError:
        return Figures()


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _memory_bytes() -> int:
    """Resident memory now; where the system does not say it, the most there was."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
