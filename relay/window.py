"""Which control numbers of a sender have been seen: the replay window (RFC 4303, 3.4.3)."""

from __future__ import annotations

from typing import Final

WINDOW: Final = 1024
"""Bits in the window: how far a datagram may be overtaken and still count."""

_MASK: Final = (1 << WINDOW) - 1


class ReplayWindow:
    """Says of each number whether it was seen; what is too old to tell counts as seen."""

    def __init__(self, start: int = 0) -> None:
        """Everything up to and including ``start`` counts as seen."""
        self.highest = start
        self._bits = _MASK  # bit i: highest - i was seen

    def seen(self, number: int) -> bool:
        """Whether ``number`` was added, or is older than the window."""
        age = self.highest - number
        return age >= 0 and (age >= WINDOW or bool(self._bits >> age & 1))

    def add(self, number: int) -> None:
        """Mark ``number`` as seen."""
        age = self.highest - number
        if age < 0:
            # A huge jump leaves nothing of the old bits; shifting that far would cost memory.
            self._bits = (self._bits << -age | 1) & _MASK if -age < WINDOW else 1
            self.highest = number
        elif age < WINDOW:
            self._bits |= 1 << age

    def close_below(self, number: int) -> None:
        """From now on everything up to and including ``number`` counts as seen."""
        if number >= self.highest:
            self.highest, self._bits = number, _MASK
        elif (age := self.highest - number) < WINDOW:
            self._bits |= _MASK & ~((1 << age) - 1)
