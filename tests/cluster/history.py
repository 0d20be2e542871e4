"""What people did, were told and saw, and what the database holds: the two sides that must agree.

It adds to ``tests.checker`` who may see what, and what was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from tests.checker import Acknowledged, Attempt, Event, Head, Received, Row


@dataclass(frozen=True, slots=True)
class Recalled:
    """The recall of this entry was answered with ``ok``, or a device was shown it."""

    conversation: str
    seq: int


@dataclass(slots=True)
class Reading:
    """All that came to one device, in order.

    Attributes:
        user: whose device it is.
        late: it began when everything had been acknowledged.
    """

    device: str
    user: int
    late: bool = False
    shown: list[Received | Recalled] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """What all people did, were told and saw.

    Attributes:
        writers: what each person sent and was told, in order.
        recalled: what was taken back for certain.
        waits: of each acknowledged message, when it was begun and when answered (s).
    """

    writers: dict[int, list[Attempt | Acknowledged]] = field(default_factory=dict)
    recalled: list[Recalled] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)

    def events(self) -> list[list[Event]]:
        """As ``tests.checker`` wants it."""
        shown = (
            [event for event in reading.shown if isinstance(event, Received)]
            for reading in self.readings
        )
        return [
            *(list[Event](events) for events in self.writers.values()),
            *map(list[Event], shown),
        ]

    @property
    def acknowledged(self) -> int:
        """Messages that were acknowledged."""
        return len(self.waits)

    @property
    def longest_wait(self) -> float:
        """Seconds that a message took at most, all retries included."""
        return max((done - begun for begun, done in self.waits), default=0.0)

    @property
    def longest_stall(self) -> float:
        """Seconds in which nobody at all was told that a message is stored, at most."""
        times = sorted(done for _, done in self.waits)
        return max((b - a for a, b in pairwise(times)), default=0.0)


View = tuple[int, int | None]
"""First and last number that someone may see; None: no end."""


@dataclass(slots=True)
class Book:
    """What the database holds.

    Attributes:
        views: of each person the conversations that they may see.
    """

    rows: list[Row] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    views: dict[int, dict[str, View]] = field(default_factory=dict)
