"""What arrives from one sender: once each, in order where asked, and the word when some is lost."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from relay.frames import NAK_RANGES, Data, Frame, Nak, Part, join_parts
from relay.holes import Holes
from relay.packet import PacketError
from relay.rangeset import RangeSet

MAX_RANGES: Final = 4096
"""Ranges of numbers that are remembered for one sender; beyond it the oldest hole is given up."""

HELD_BYTES: Final = 16 * 1024 * 1024
"""Payloads of all senders that wait for their turn or for their other parts."""

CONFIRM_COUNT: Final = 16
CONFIRM_TIME: Final = 0.005
"""What has come is confirmed after so many datagrams or, among few nodes, seconds."""
_DUPLICATE_TIME: Final = 0.001  # seconds between confirmations that duplicates draw

_EARLY: Final = 0.75  # share of it for what comes early; the rest is for what fills the first hole


class Budget:
    """Bytes that all receivers of a node hold together: ``used`` of at most ``limit``."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0


class _Assembly:
    """The parts of one payload so far."""

    __slots__ = ("ordered", "pieces", "size", "total")

    def __init__(self, total: int, ordered: bool) -> None:
        self.total = total
        self.ordered = ordered
        self.pieces: dict[int, bytes] = {}
        self.size = 0


class Receiver:
    """The reliable numbers of one member, from ``start`` on; earlier ones are never accepted.

    A hole is a range of numbers that should have come; it is asked for. One that isn't filled
    within 3 s, or that the sender no longer keeps, is given up, and ``gap`` is called.

    Attributes:
        highest: the highest number that is known to have been sent.
    """

    def __init__(
        self,
        sender: bytes,
        start: int,
        budget: Budget,
        first_wait: Callable[[], float],
        confirm_time: Callable[[], float],
        deliver: Callable[[str, bytes], None],
        gap: Callable[[], None],
    ) -> None:
        """``first_wait`` draws the seconds before the first NAK for a hole; ``confirm_time`` says
        after how many seconds what has come is confirmed, ``CONFIRM_TIME`` or more."""
        self._received = RangeSet()
        self._received.add(0, start)
        self._have = start  # how many numbers are in it
        self._sender = sender
        self._budget = budget
        self._confirm_time = confirm_time
        self._deliver = deliver
        self._gap = gap
        self.highest = start - 1
        self._holes = Holes(self._received, first_wait)
        self._naks: list[Nak] = []
        self._unconfirmed = 0
        self._confirm_at = float("inf")
        self._confirmed_at = float("-inf")
        self._assemblies: dict[int, _Assembly] = {}  # by the number of the first part
        # Payloads that wait for their turn by number, and heaps of these numbers, up and down.
        self._waiting: dict[int, list[tuple[str, bytes]]] = {}
        self._next_turns: list[int] = []
        self._latest: list[int] = []
        self._dropped: set[int] = set()  # in the first heap, but not held any more

    @property
    def prefix(self) -> int:
        """The number up to which nothing is missing."""
        return self._received.first_stop - 1

    @property
    def beyond(self) -> int:
        """How many numbers after the first missing one have come, or are given up."""
        return self._have - self._received.first_stop

    def is_new(self, number: int) -> bool:
        """Whether ``number`` has not come yet and would still be taken."""
        return number not in self._received

    def receive(self, number: int, frames: list[Frame], now: float) -> bool:
        """Take the frames of a new, authenticated datagram.

        False if there is no memory to hold them: then it is as if they had never come.
        """
        if not self._make_room(number, frames, now):
            self.expect(number + 1, now)
            return False
        if number > self.highest:
            self.expect(number, now)
            self.highest = number
        else:
            self._holes.filled(number, now)
        self._received.add(number, number + 1)
        self._have += 1
        self._unconfirmed += 1
        wait = 0.0 if self._unconfirmed >= CONFIRM_COUNT else self._confirm_time()
        self._confirm_at = min(self._confirm_at, now + wait)
        deliver = self._deliver
        in_turn = number < self._received.first_stop and not self._waiting
        for frame in frames:
            if type(frame) is Data:
                if in_turn or not frame.ordered:
                    deliver(frame.topic, frame.payload)
                else:
                    self._wait(number, frame)
            elif type(frame) is Part:
                self._collect(number, frame)
        if number in self._waiting and all(type(f) is Data and f.ordered for f in frames):
            heapq.heappush(self._latest, -number)
        self._release()
        while len(self._received) > MAX_RANGES:
            self._give_up(*self._received.first_hole)
        return True

    def expect(self, following: int, now: float) -> None:
        """All numbers below ``following`` have been sent: what is missing is a hole from now on."""
        if following > self.highest + 1:
            self._holes.add(self.highest + 1, following, now)
            self.highest = following - 1

    def forget_below(self, lowest: int) -> None:
        """The sender keeps nothing below ``lowest``: holes there are lost."""
        if lowest > self._received.first_stop:
            self._give_up(self._received.first_stop, lowest)

    def lost(self) -> None:
        """Something that can't be read has been received: that is a gap, too."""
        self._gap()

    def is_complete(self) -> bool:
        """Whether nothing that was sent, as far as known, is missing or waits for its turn."""
        return self.prefix >= self.highest and not self._assemblies

    def next_deadline(self) -> float:
        """When ``handle_timer`` wants to be called and something is to be sent."""
        return min(self._holes.alarm, self._confirm_at)

    def handle_timer(self, now: float) -> None:
        """Ask for what is missing; give up what has been missing for too long."""
        if now < self._holes.alarm:
            return
        first, again, lost = self._holes.due(now)
        for ranges, group in ((first, False), (again, True)):
            self._naks += [
                Nak(self._sender, group, tuple(ranges[start : start + NAK_RANGES]))
                for start in range(0, len(ranges), NAK_RANGES)
            ]
        for start, stop in lost:
            self._give_up(start, stop)

    def take_naks(self) -> list[Nak]:
        """What is to be asked for."""
        naks, self._naks = self._naks, []
        return naks

    def hold_back(self, nak: Nak, now: float) -> None:
        """Another node has asked the group for this."""
        self._holes.hold_back(nak.missing, now)

    def duplicate(self, now: float) -> None:
        """A number has come again: the sender doesn't know yet that it came."""
        due = max(now, self._confirmed_at + _DUPLICATE_TIME)
        self._confirm_at = min(self._confirm_at, due + self._confirm_time() - CONFIRM_TIME)

    def take_confirm(self, now: float) -> bool:
        """Whether to confirm now what has come."""
        if now < self._confirm_at:
            return False
        self._unconfirmed = 0
        self._confirm_at = float("inf")
        self._confirmed_at = now
        return True

    def close(self) -> None:
        """Drop all that waits and return its memory."""
        for assembly in self._assemblies.values():
            self._budget.used -= assembly.size
        self._assemblies.clear()
        for number in list(self._waiting):
            self._take(number)
        self._next_turns.clear()
        self._latest.clear()
        self._dropped.clear()
        self._waiting.clear()
        self._holes.clear()

    def _make_room(self, number: int, frames: list[Frame], now: float) -> bool:
        """Whether there is memory for what of these frames must be held.

        If there isn't, the datagrams that will be needed last are dropped, as far as nothing of
        them has been delivered: they can be asked for again.
        """
        in_order = number == self._received.first_stop
        needed = 0
        for frame in frames:
            if type(frame) is Data:
                if in_order:
                    continue
                if frame.ordered:
                    needed += len(frame.payload)
            elif type(frame) is Part:
                needed += len(frame.content)
        limit = self._budget.limit * (1.0 if in_order else _EARLY)
        if not needed or self._budget.used + needed <= limit:
            return True
        while self._latest and -self._latest[0] > number:
            latest = -heapq.heappop(self._latest)
            if latest in self._waiting and latest >= self._received.first_stop:
                self._take(latest)
                self._dropped.add(latest)
                self._received.remove(latest)
                self._have -= 1
                self._holes.add(latest, latest + 1, now)
                if self._budget.used + needed <= limit:
                    return True
        return False

    def _wait(self, number: int, data: Data, *, first: bool = False) -> None:
        """Hold a payload until its turn, ``first`` of those of this number or last."""
        if not self._waiting and number <= self.prefix:
            self._deliver(data.topic, data.payload)
            return
        self._budget.used += len(data.payload)
        held = self._waiting.get(number)
        if held is None:
            held = self._waiting[number] = []
            if number in self._dropped:
                self._dropped.remove(number)
            else:
                heapq.heappush(self._next_turns, number)
        held.insert(0 if first else len(held), (data.topic, data.payload))

    def _take(self, number: int) -> list[tuple[str, bytes]]:
        """What waits under ``number``, no longer held."""
        held = self._waiting.pop(number)
        self._budget.used -= sum(len(payload) for _, payload in held)
        return held

    def _collect(self, number: int, part: Part) -> None:
        first = number - part.place
        assembly = self._assemblies.get(first)
        if assembly is None:
            missing = self._received.missing(first, first + part.total)
            if sum(stop - start for start, stop in missing) != part.total - 1:
                return  # another part was given up, or came before we listened
            assembly = self._assemblies[first] = _Assembly(part.total, part.ordered)
        if assembly.total != part.total:
            self._drop(first)
            self._gap()
            return
        assembly.pieces[part.place] = part.content
        assembly.size += len(part.content)
        self._budget.used += len(part.content)
        if len(assembly.pieces) < assembly.total:
            return
        self._drop(first)
        try:
            data = join_parts(
                [assembly.pieces[place] for place in range(assembly.total)], assembly.ordered
            )
        except PacketError:
            self._gap()
            return
        if data.ordered:
            # Its turn is where its last part stands, before what follows in that datagram.
            self._wait(first + assembly.total - 1, data, first=True)
        else:
            self._deliver(data.topic, data.payload)

    def _drop(self, first: int) -> None:
        self._budget.used -= self._assemblies.pop(first).size

    def _give_up(self, start: int, stop: int) -> None:
        missing = self._received.missing(start, stop)
        if not missing:
            return
        for gone, end in missing:
            self._received.add(gone, end)
            self._have += end - gone
            for first in [
                first
                for first, assembly in self._assemblies.items()
                if first < end and gone < first + assembly.total
            ]:
                self._drop(first)
        self.highest = max(self.highest, stop - 1)
        self._gap()
        self._release()

    def _release(self) -> None:
        """Deliver what has waited for its turn and has it now."""
        prefix = self.prefix
        while self._next_turns and self._next_turns[0] <= prefix:
            number = heapq.heappop(self._next_turns)
            self._dropped.discard(number)
            if number in self._waiting:
                for topic, payload in self._take(number):
                    self._deliver(topic, payload)
        if not self._waiting:
            self._latest.clear()
