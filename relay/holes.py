"""The missing reliable numbers of one sender, and when to ask for them again."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from relay.rangeset import RangeSet
from relay.states import HOLE_MOVES, HoleCause, HoleState

FEW_NODES: Final = 4
"""Among so many nodes NAKs go to the sender alone at first."""
GIVE_UP: Final = 3.0
"""Seconds after which a hole counts as lost."""
REPEAT: Final = 0.006
"""Seconds, beyond the round trip, after which a NAK is repeated."""
FLAT_REPEATS: Final = 10
"""So often a NAK is repeated before the time between two grows: whoever backs off from the first
loss on is much too slow where a fifth of everything is lost."""
GROWTH: Final = 1.25
LONGEST_REPEAT: Final = 0.1
"""Seconds. At 50 % loss each way one NAK in four gets its repair; the 45 that go out within
``GIVE_UP`` fail for one hole in 400,000."""
MAX_HOLES: Final = 8192
"""Holes that are remembered before those filled meanwhile are thrown out."""
SAMPLES: Final = 16
"""Round trips that are remembered."""
_FIRST_ROUND_TRIP: Final = 0.001
_LONGEST_ROUND_TRIP: Final = 0.2


def draw_first_wait(nodes: int, rng: random.Random) -> float:
    """Seconds before the first NAK for a hole, in a cluster of so many nodes.

    Among few it is only for datagrams that overtake one another. Among many it is a truncated
    exponential time (RFC 5401, RandomBackoff), so that mostly one asks and the others hear it.
    """
    if nodes <= FEW_NODES:
        return rng.uniform(0.0005, 0.001)
    longest = 0.002 + 0.00035 * nodes
    steepness = math.log(nodes) + 1
    rate = steepness / longest
    spread = math.exp(steepness) - 1
    drawn = rng.uniform(0, rate) + rate / spread
    return math.log(drawn * spread / rate) / rate


class _Hole:
    """A range in which numbers were missing when it was found."""

    __slots__ = ("asked", "give_up", "pause", "start", "state", "stop")

    def __init__(self, start: int, stop: int, give_up: float) -> None:
        self.start = start
        self.stop = stop
        self.give_up = give_up
        self.state = HoleState.WAITING
        self.asked = 0
        self.pause = 0.0

    def move(self, cause: HoleCause) -> None:
        self.state = HOLE_MOVES[self.state, cause]


class Holes:
    """Holes by the time of their next NAK; what has come meanwhile is seen when that time comes.

    Attributes:
        alarm: when ``due`` wants to be called.
        round_trip: seconds from a NAK to its repair, the lower quartile of the last 16.
    """

    def __init__(self, received: RangeSet, first_wait: Callable[[], float]) -> None:
        """``first_wait`` draws the seconds before the first NAK for a hole."""
        self.alarm = float("inf")
        self.round_trip = _FIRST_ROUND_TRIP
        self._received = received
        self._first_wait = first_wait
        self._heap: list[tuple[float, int, _Hole]] = []
        self._count = 0
        self._timed: tuple[int, float] | None = None  # a number and when it was first asked for
        self._samples: deque[float] = deque(maxlen=SAMPLES)

    def add(self, start: int, stop: int, now: float) -> None:
        """The numbers ``start`` … ``stop - 1`` are missing from now on."""
        if len(self._heap) >= MAX_HOLES:
            self._heap = [
                entry
                for entry in self._heap
                if self._received.missing(entry[2].start, entry[2].stop)
            ]
            heapq.heapify(self._heap)
        self._push(now + self._first_wait(), _Hole(start, stop, now + GIVE_UP))

    def filled(self, number: int, now: float) -> None:
        """``number`` has come, late."""
        if self._timed is not None and self._timed[0] == number:
            self._samples.append(min(now - self._timed[1], _LONGEST_ROUND_TRIP))
            # Some had to be asked for twice and took longer than a round trip, but not most.
            self.round_trip = sorted(self._samples)[len(self._samples) // 4]
            self._timed = None

    def due(
        self, now: float
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[tuple[int, int]]]:
        """Ranges to ask for the first time, to ask for again, and to give up."""
        first: list[tuple[int, int]] = []
        again: list[tuple[int, int]] = []
        lost: list[tuple[int, int]] = []
        while self._heap and self._heap[0][0] <= now:
            _, _, hole = heapq.heappop(self._heap)
            missing = self._received.missing(hole.start, hole.stop)
            if not missing:
                hole.move(HoleCause.FILLED)
                continue
            hole.start, hole.stop = missing[0][0], missing[-1][1]
            if hole.give_up <= now:
                hole.move(HoleCause.LATE)
                if self._timed is not None and hole.start <= self._timed[0] < hole.stop:
                    self._timed = None
                lost += missing
                continue
            if hole.state is HoleState.WAITING:
                hole.move(HoleCause.DUE)
                first += missing
                if self._timed is None:
                    self._timed = (hole.start, now)
            else:
                hole.move(HoleCause.AGAIN)
                again += missing
            hole.asked += 1
            if hole.asked <= FLAT_REPEATS:
                hole.pause = self.round_trip + REPEAT
            else:
                hole.pause = min(hole.pause * GROWTH, LONGEST_REPEAT)
            self._push(min(now + hole.pause, hole.give_up), hole)
        self.alarm = self._heap[0][0] if self._heap else float("inf")
        return first, again, lost

    def hold_back(self, ranges: Iterable[tuple[int, int]], now: float) -> None:
        """Another node has asked the group for these: wait for what it gets."""
        until = now + self.round_trip + REPEAT
        wanted = RangeSet()
        for start, stop in ranges:
            wanted.add(start, stop)
        held: list[tuple[float, int, _Hole]] = []
        for at, count, hole in self._heap:
            if not wanted.missing(hole.start, hole.stop):
                hole.move(HoleCause.HEARD)
                at = max(at, min(until, hole.give_up))
            held.append((at, count, hole))
        heapq.heapify(held)
        self._heap = held
        self.alarm = held[0][0] if held else float("inf")

    def clear(self) -> None:
        """There are none any more."""
        self._heap.clear()
        self.alarm = float("inf")

    def _push(self, at: float, hole: _Hole) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, hole))
        self.alarm = self._heap[0][0]
