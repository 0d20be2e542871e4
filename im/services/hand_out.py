"""Handing frames out to many readers without keeping everyone else waiting.

Each conversation has a line of frames. Where few read, it is handed out at once. Where many do, in
slices: some readers in each turn of the loop, one conversation after the other, so that a private
message waits for a slice and not for a room. What a room gets meanwhile goes out together in its
next round.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from im.protocol.outgoing import Outgoing, OutgoingBatch, batches

FEW = 8
"""Readers who are told at once."""
READERS_IN_TURN = 64
"""Readers who are told in one turn of the loop: with what follows, about a millisecond."""
BYTES_IN_TURN = 512 * 1024
"""Bytes that go to them in one turn, unless one reader gets more."""
ROUND_BYTES = 256 * 1024
"""Bytes that one reader gets before the next one, unless one frame has more."""
BEHIND_BYTES = 1024 * 1024
"""When so much waits in a line, those who write there wait for their answer."""
BEHIND_FRAMES = 16
"""When so many wait for the next round of many readers, no more are stored for the time being: a
node that does all it can for a room has no time for anyone else. Half of what goes into a batch."""
RELEASED_IN_TURN = 16
"""Of those who waited, so many go on in one turn."""
MOST_BYTES = 8 * 1024 * 1024
"""When more waits (nobody asks other nodes to wait), it is handed out at once after all."""

log = logging.getLogger("im.delivery")

Soon = Callable[[Callable[[], None]], object]
"""Calls what it is given when the current turn of the loop is over."""


class Recipient(Protocol):
    """Who gets frames: ``delivery.Reader`` is one."""

    @property
    def user(self) -> int:
        """The person's id."""

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a frame; returns at once and never raises."""

    def deliver_all(self, batch: OutgoingBatch) -> None:
        """Send frames in their order; returns at once and never raises."""


Find = Callable[[str], Iterable[Recipient]]
"""Those who read a conversation now."""


class _Part:
    """Frames for the same readers: those of ``readers``, or who reads when their round begins."""

    __slots__ = ("frames", "readers")

    def __init__(self) -> None:
        self.frames: deque[Outgoing] = deque()
        self.readers: list[Recipient] | None = None


class _Line:
    """What a conversation's readers are still to get."""

    __slots__ = ("batches", "behind", "bytes", "next", "parts", "readers", "size", "waiting")

    def __init__(self) -> None:
        self.parts: deque[_Part] = deque()
        self.bytes = 0
        self.waiting: list[Callable[[], None]] = []
        self.behind: list[Callable[[], None]] = []
        # The round.
        self.batches: list[OutgoingBatch] = []
        self.size = 0
        self.readers: list[Recipient] = []
        self.next = 0

    @property
    def is_behind(self) -> bool:
        return sum(len(part.frames) for part in self.parts) >= BEHIND_FRAMES


class HandOut:
    """Lines of frames, and the turns in which they are handed out.

    Args:
        readers: finds those who read a conversation.
        soon: calls when the turn is over; what calls at once makes one turn of everything.
    """

    def __init__(self, readers: Find, soon: Soon) -> None:
        self._find = readers
        self._soon = soon
        self._lines: dict[str, _Line] = {}
        self._new: list[str] = []
        self._large: OrderedDict[str, _Line] = OrderedDict()
        self._released: deque[Callable[[], None]] = deque()
        self._called = False
        self.delivered = 0
        """Frames handed to readers so far."""

    def add(self, conversation: str, outgoing: Outgoing) -> None:
        """Put a frame in line."""
        line = self._lines.get(conversation)
        if line is None:
            line = self._lines[conversation] = _Line()
            self._new.append(conversation)
        if not line.parts or line.parts[-1].readers is not None:
            line.parts.append(_Part())
        line.parts[-1].frames.append(outgoing)
        line.bytes += len(outgoing.encoded)
        self._call()
        while line.bytes > MOST_BYTES and conversation in self._large:
            self._slice(conversation, line)

    def cut(self, conversation: str) -> None:
        """Who reads this conversation changes now: what is in line goes to those before."""
        line = self._lines.get(conversation)
        if line is not None and line.parts and line.parts[-1].readers is None:
            line.parts[-1].readers = list(self._find(conversation))

    def when_room(self, conversation: str, call: Callable[[], None]) -> None:
        """Call when there is room for more in this conversation's line: at once, or later."""
        line = self._lines.get(conversation)
        if line is None or line.bytes <= BEHIND_BYTES:
            call()
        else:
            line.waiting.append(call)

    def is_behind(self, conversation: str) -> bool:
        """Whether more waits for the next round of many readers than should."""
        return conversation in self._large and self._lines[conversation].is_behind

    def when_caught_up(self, conversation: str, call: Callable[[], None]) -> None:
        """Call, once, when what ``is_behind`` now is not any more."""
        self._lines[conversation].behind.append(call)

    def _call(self) -> None:
        if not self._called:
            self._called = True
            self._soon(self._turn)

    def _turn(self) -> None:
        self._called = False
        new, self._new = self._new, []
        for conversation in new:
            self._begin(conversation, self._lines[conversation])
        if self._large:
            conversation, line = next(iter(self._large.items()))
            self._large.move_to_end(conversation)
            self._slice(conversation, line)
        for _ in range(min(RELEASED_IN_TURN, len(self._released))):
            self._released.popleft()()
        if self._large or self._released:
            self._call()

    def _begin(self, conversation: str, line: _Line) -> None:
        """Begin a round; rounds of few readers are handed out whole."""
        while line.parts:
            part = line.parts[0]
            readers = part.readers if part.readers is not None else list(self._find(conversation))
            frames: list[Outgoing] = []
            size = 0
            while part.frames and (not frames or size + len(part.frames[0].encoded) <= ROUND_BYTES):
                frames.append(part.frames.popleft())
                size += len(frames[-1].encoded)
            if not part.frames:
                line.parts.popleft()
            line.batches, line.size, line.readers, line.next = batches(frames), size, readers, 0
            if len(readers) > FEW:
                self._large[conversation] = line
                break
            self._give(conversation, line, len(readers))
            self._end_round(line)
        else:
            self._large.pop(conversation, None)
            del self._lines[conversation]
        if not line.is_behind:
            caught_up, line.behind = line.behind, []
            for call in caught_up:
                call()

    def _slice(self, conversation: str, line: _Line) -> None:
        """Hand out to the next readers."""
        self._give(
            conversation, line, max(1, min(READERS_IN_TURN, BYTES_IN_TURN // max(line.size, 1)))
        )
        if line.next >= len(line.readers):
            self._end_round(line)
            self._begin(conversation, line)

    def _end_round(self, line: _Line) -> None:
        line.bytes -= line.size
        line.readers = []
        if line.bytes <= BEHIND_BYTES:
            waiting, line.waiting = line.waiting, []
            self._released += waiting

    def _give(self, conversation: str, line: _Line, count: int) -> None:
        readers = line.readers[line.next : line.next + count]
        line.next += count
        for batch in line.batches:
            alone = batch.frames[0] if len(batch.frames) == 1 else None
            for reader in readers:
                try:
                    if alone is not None:
                        reader.deliver(alone)
                    else:
                        reader.deliver_all(batch)
                except Exception:
                    # None ever should; if one does, the others still get theirs.
                    log.exception("user %d cannot be told of %s", reader.user, conversation)
            self.delivered += len(readers) * len(batch.frames)
