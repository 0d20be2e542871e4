"""How much a sender may have in flight, whom it waits for, and when it repeats its last datagram.

The window grows as datagrams are confirmed and shrinks when most of a round is lost. Loss below
``CONGESTED`` is not taken for congestion: a radio link or a full buffer loses a fifth of everything
for hours, and a window that halves on each loss would then stand at its minimum. What overruns a
slow link is held back all the same, since only confirmed datagrams make room for new ones.
"""

from __future__ import annotations

from collections import deque
from typing import Final

FIRST_WINDOW: Final = 32
"""Datagrams in flight at the beginning, and what always may be if the receivers' buffers allow."""
ROUND: Final = 256
"""Confirmed datagrams after which the share that was lost is judged."""
CONGESTED: Final = 0.6
"""Share of a round's datagrams that had to be asked for, above which the window is halved."""
INCREASE: Final = 16
"""Datagrams by which the window grows with each window confirmed, after the first halving."""
SPREAD: Final = 4
"""Windows that may lie between the first hole and what is sent."""
LAG: Final = 2.0
"""Seconds: who has not confirmed what was sent so long ago isn't waited for any more."""
TAIL: Final = (0.003, 0.012, 0.048, 0.192)
"""Seconds after which the last datagram is sent again, each counted from the one before; all but
the first are as much longer as confirmations are later."""
QUICK_NODES: Final = 8
"""Among more nodes confirmations are as much later: all of them go to one, and a lonely message
would cost it more with each node."""
EXCLUDED: Final = 10.0
"""Seconds for which it isn't, so that one slow node can't hold up all others again and again."""
_SAMPLE: Final = 0.1  # seconds between two remembered sending times


def slowing(nodes: int) -> float:
    """How many times later confirmations come in a cluster of so many nodes."""
    return max(1.0, nodes / QUICK_NODES)


class Flow:
    """What the members of one sender have confirmed."""

    def __init__(self) -> None:
        self.window = float(FIRST_WINDOW)
        self._expected: dict[bytes, int] = {}  # by member: the number it waits for
        self._arrived: dict[bytes, int] = {}  # by member: it has so many, wherever they are
        self._buffers: dict[bytes, int] = {}
        self._smallest = 4 * FIRST_WINDOW  # of the buffers
        self._lagging: dict[bytes, float] = {}  # by member: excluded until
        self._unsent = 1
        self._low = 1
        self._low_arrived = 1
        self._sent: deque[tuple[float, int]] = deque()  # when numbers from this one on were sent
        self._shrunk = False
        self._round_start = 1
        self._lost = 0
        self._tail_at = float("inf")
        self._tail_step = 0

    def join(self, member: bytes, buffer: int) -> None:
        """``member`` will soon count on what is sent from now on, if it doesn't do so already."""
        if member not in self._expected:
            self.confirm(member, self._unsent, buffer)

    def leave(self, member: bytes) -> None:
        """``member`` is none any more."""
        self._expected.pop(member, None)
        self._arrived.pop(member, None)
        self._buffers.pop(member, None)
        self._lagging.pop(member, None)
        self._smallest = min(self._buffers.values(), default=4 * FIRST_WINDOW)
        self._advance()

    def confirm(self, member: bytes, expected: int, buffer: int, beyond: int = 0) -> None:
        """``member`` has everything below ``expected``, and ``beyond`` datagrams after it."""
        if self._buffers.get(member) != buffer:
            self._buffers[member] = buffer
            self._smallest = min(self._buffers.values())
        expected = min(expected, self._unsent)
        arrived = min(expected + beyond, self._unsent)
        if expected > self._expected.get(member, 0) or arrived > self._arrived.get(member, 0):
            self._expected[member] = max(expected, self._expected.get(member, 0))
            self._arrived[member] = max(arrived, self._arrived.get(member, 0))
            self._advance()

    def sent(self, unsent: int, now: float) -> None:
        """All numbers below ``unsent`` have been sent for the first time."""
        if not self._sent or now - self._sent[-1][0] >= _SAMPLE:
            self._sent.append((now, self._unsent))
        self._unsent = unsent
        self._tail_at, self._tail_step = now + TAIL[0], 0
        self._advance()

    def lost(self, count: int) -> None:
        """So many datagrams were asked for, each for the first time."""
        self._lost += count

    @property
    def low(self) -> int:
        """Everything below is confirmed by all members that are waited for."""
        return self._low

    @property
    def allowance(self) -> int:
        """How many more datagrams may be sent for the first time.

        In flight is what has not arrived. What waits behind a hole fills no receive buffer, so the
        first hole may lie ``SPREAD`` windows back.
        """
        window = int(min(self.window, self._limit()))
        in_flight = self._unsent - self._low_arrived
        spread = self._unsent - self._low
        return max(0, min(window - in_flight, SPREAD * window - spread))

    def is_confirmed(self) -> bool:
        """Whether all that was sent is confirmed by those who are waited for."""
        return self._low >= self._unsent

    def next_deadline(self) -> float:
        """When to look at ``tail_is_due`` or, while something is in flight, at who lags."""
        if self.is_confirmed():
            return float("inf")
        lag = self._sent[0][0] + LAG if self._sent else float("inf")
        return min(self._tail_at, lag)

    def tail_is_due(self, now: float) -> bool:
        """Whether to send the last datagram again; counts it as sent."""
        if self.is_confirmed() or now < self._tail_at:
            return False
        self._tail_step += 1
        more = self._tail_step < len(TAIL)
        pause = TAIL[self._tail_step] * slowing(len(self._expected) + 1) if more else float("inf")
        self._tail_at = now + pause
        return True

    def handle_timer(self, now: float) -> None:
        """See who lags. Whoever has caught up is waited for again, after a while."""
        if self.is_confirmed() and not self._lagging:
            self._sent.clear()
            return
        while self._sent and self._sent[0][0] + LAG <= now:
            self._sent.popleft()
        # Everything below this number was sent more than LAG ago.
        old = self._sent[0][1] if self._sent else self._unsent
        for member, number in self._expected.items():
            if number < old:
                self._lagging[member] = now + EXCLUDED
            elif self._lagging.get(member, now + 1) <= now:
                del self._lagging[member]
        self._advance()

    def lagging(self) -> int:
        """How many members are not waited for."""
        return len(self._lagging)

    def _limit(self) -> float:
        """A quarter of the smallest receive buffer; the others send, too."""
        return max(1.0, self._smallest / 4)

    def _advance(self) -> None:
        waited = [member for member in self._expected if member not in self._lagging]
        low = min([self._expected[member] for member in waited], default=self._unsent)
        arrived = min([self._arrived[member] for member in waited], default=self._unsent)
        self._low = max(self._low, low)
        progress = arrived - self._low_arrived
        if progress <= 0:
            return
        self._low_arrived = arrived
        growth = progress * INCREASE / self.window if self._shrunk else progress
        self.window = max(min(self.window + growth, self._limit()), FIRST_WINDOW)
        if arrived - self._round_start >= ROUND:
            if self._lost > CONGESTED * (arrived - self._round_start):
                self.window = max(self.window / 2, FIRST_WINDOW)
                self._shrunk = True
            self._round_start, self._lost = arrived, 0
