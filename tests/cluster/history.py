"""What people did, were told and saw, and what the database holds: the two sides that must agree.

It adds to ``tests.checker`` who may see what, and what was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from tests.checker import Acknowledged, Attempt, Head, Received, Row


@dataclass(frozen=True, slots=True)
class Recalled:
    """The recall of this entry was answered with ``ok``, or a device was shown it."""

    conversation: str
    seq: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read a conversation."""

    user: int
    conversation: str
    seq: int


@dataclass(frozen=True, slots=True)
class Glance:
    """A device asked how far somebody has read, when it had heard of ``known`` already."""

    device: str
    mark: Mark
    known: int


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of a group's log that says who belongs to it, or who may write.

    ``kind`` is one of ``came``, ``went``, ``silenced``, ``unsilenced``; ``users`` are those whom it
    concerns, None for all. Silences here last until they are lifted.
    """

    conversation: str
    seq: int
    kind: str
    users: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Told:
    """A message was acknowledged: when it was begun and when answered (s), and by which node."""

    place: tuple[str, int]
    begun: float
    done: float
    node: str


@dataclass(slots=True)
class Reading:
    """All that came to one device, in order.

    Attributes:
        user: whose device it is.
        late: it began when everything had been acknowledged.
        node: the one that it keeps to; empty if it may go to any.
        times: when each entry was shown (s).
        last: the last number shown of each conversation.
    """

    device: str
    user: int
    late: bool = False
    shown: list[Received | Recalled] = field(default_factory=list)
    node: str = ""
    times: dict[tuple[str, int], float] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """What all people did, were told and saw.

    Attributes:
        writers: what each person sent and was told, in order.
        recalled: what was taken back for certain.
        told: all acknowledgements.
        read: marks whose move was answered with ``ok``.
        glances: what devices were told of marks.
        samples: all marks as the database held them, time after time.
        found: what was found by the words of a message that was taken back.
    """

    writers: dict[int, list[Attempt | Acknowledged]] = field(default_factory=dict)
    recalled: list[Recalled] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    read: list[Mark] = field(default_factory=list)
    glances: list[Glance] = field(default_factory=list)
    samples: list[list[Mark]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    @property
    def acknowledged(self) -> int:
        """Messages that were acknowledged."""
        return len(self.told)

    def last_told(self, node: str) -> float:
        """When a node last acknowledged something (s)."""
        return max((t.done for t in self.told if t.node == node), default=0.0)

    def longest_wait(self, node: str = "") -> float:
        """Seconds that a message took at most, all retries included, by any or one node."""
        return max((t.done - t.begun for t in self.told if t.node.startswith(node)), default=0.0)

    def longest_stall(self, node: str = "") -> float:
        """Seconds in which nobody at all was told that a message is stored, at most."""
        times = sorted(t.done for t in self.told if t.node.startswith(node))
        return max((b - a for a, b in pairwise(times)), default=0.0)

    def delays(self, begin: float = 0.0, *, across: bool = False) -> list[float]:
        """Seconds from acknowledgement to each device, sorted, of messages told after ``begin``.

        ``across``: to devices on other nodes than the one that acknowledged.
        """
        told = {t.place: t for t in self.told if t.done >= begin}
        return sorted(
            at - told[place].done
            for reading in self.readings
            if not reading.late
            for place, at in reading.times.items()
            if place in told and not (across and told[place].node == reading.node)
        )

    def ends(self, before: float) -> dict[str, int]:
        """The last number of each conversation that was acknowledged before a moment."""
        ends: dict[str, int] = {}
        for told in self.told:
            conversation, seq = told.place
            if told.done <= before:
                ends[conversation] = max(seq, ends.get(conversation, 0))
        return ends

    def overdue(self, moment: float) -> float:
        """Seconds after a moment in which all that was acknowledged before it was shown."""
        before = {t.place for t in self.told if t.done <= moment}
        shown = (
            at
            for reading in self.readings
            if not reading.late
            for place, at in reading.times.items()
            if place in before
        )
        return max(0.0, max(shown, default=moment) - moment)


View = tuple[int, int | None]
"""First and last number that someone may see; None: no end."""


@dataclass(slots=True)
class Book:
    """What the database holds.

    Attributes:
        views: of each person the conversations that they may see.
        changes: who came into groups, went, and was silenced, in the order of each log.
        words: the words of messages that are in any table, with the names of the tables.
        marks: how far each person has read.
    """

    rows: list[Row] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    views: dict[int, dict[str, View]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    words: dict[str, set[str]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
