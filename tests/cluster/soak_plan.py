"""Draws from a seed what breaks in a soak, when, how long: the same plan for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

LANES = {
    "nodes": {
        "node killed": (0.0, 3.0),
        "node halted": (0.5, 5.0),
        "rolling restart": (0.0, 0.0),
    },
    "stores": {
        "database killed": (0.0, 3.0),
        "database restarted": (0.0, 0.0),
        "database hung": (0.5, 5.0),
        "redis killed": (0.0, 4.0),
        "redis hung": (0.5, 5.0),
    },
    "clients": {
        "flood": (0.5, 3.0),
        "half-open": (0.5, 3.0),
        "cut connections": (0.5, 3.0),
    },
}
"""What breaks at once with what other lanes break; in each lane one after the other, with the
shortest and longest time that it lasts (s). What lasts no time is over when all are back."""
BACK = {"node killed": 2.0, "database killed": 1.0, "database restarted": 2.0}
"""Time that is left for what was ended until it is back (s)."""
ROLLED = 5.0
"""The same for each node of a rolling restart (s)."""
PAUSE = (0.5, 3.0)
"""Shortest and longest time between two faults of a lane (s)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something breaks.

    Attributes:
        at: how long after the beginning, at the earliest (s).
        kind: what, as in ``LANES``.
        seconds: how long it lasts.
        node: which node it is, where it is one.
    """

    at: float
    kind: str
    seconds: float
    node: int

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind} for {self.seconds:.1f} s, node {self.node}"


def plan(seed: int, seconds: float, nodes: int) -> dict[str, list[Fault]]:
    """The faults of each lane; none begins after so many seconds.

    Each lane has each of its kinds once, in an order by chance, before any comes again.
    """
    return {lane: _lane(random.Random(f"{seed} {lane}"), lane, seconds, nodes) for lane in LANES}


def _lane(rng: random.Random, lane: str, seconds: float, nodes: int) -> list[Fault]:
    faults: list[Fault] = []
    kinds: list[str] = []
    at = rng.uniform(*PAUSE)
    while at < seconds:
        if not kinds:
            kinds = list(LANES[lane])
            rng.shuffle(kinds)
        kind = kinds.pop()
        lasts = rng.uniform(*LANES[lane][kind])
        faults.append(Fault(at, kind, lasts, rng.randrange(nodes)))
        back = ROLLED * nodes if kind == "rolling restart" else BACK.get(kind, 0.0)
        at += lasts + back + rng.uniform(*PAUSE)
    return faults
