"""How many entries may wait for the database: what it stores in the time that each has.

Whoever waits in a longer line is told that nobody knows whether it is stored, and sends it again:
the database works for those who have given up, and does everything twice.
"""

from __future__ import annotations

WINDOW_SECONDS = 0.5
"""For so long outcomes are counted before their rate counts."""


class Room:
    """Knows the rate of outcomes while there are always entries that wait.

    Args:
        least: entries that may wait in any case.
        most: entries that may wait at all, and while the rate is not known.
        seconds: for which one may wait.
    """

    def __init__(self, least: int, most: int, seconds: float) -> None:
        self._least = min(least, most)
        self._most = most
        self._seconds = seconds
        self._rate: float | None = None
        self._since: float | None = None
        self._told = 0

    def entries(self, now: float) -> int:
        """How many may wait now (the loop's time); asked before each that is to wait."""
        if self._since is None:
            self._since = now
        elif now - self._since >= WINDOW_SECONDS:
            rate = self._told / (now - self._since)
            # A short pause of the database is not its pace.
            self._rate = rate if self._rate is None else (self._rate + rate) / 2
            self._since, self._told = now, 0
        if self._rate is None:
            return self._most
        return max(self._least, min(self._most, int(self._rate * self._seconds)))

    def told(self, left: int, *, in_vain: bool = False) -> None:
        """One has its outcome, or waited ``in_vain``; so many wait still."""
        self._told += not in_vain
        if not left:
            self._rate = self._since = None
            self._told = 0
