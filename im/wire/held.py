"""What comes on a connection while a message is worked on, and when it came."""

from __future__ import annotations

from collections import deque

MOST_READS = 64
"""Reads whose time is noted; with them it is full, however few bytes they brought."""


class Held:
    """Reads in their order; true while there are some."""

    __slots__ = ("_reads", "size")

    def __init__(self) -> None:
        self._reads: deque[tuple[bytes, float]] = deque()
        self.size = 0
        """Their bytes."""

    def __bool__(self) -> bool:
        return bool(self._reads)

    def put(self, data: bytes, came: float) -> None:
        """Something has come."""
        self._reads.append((data, came))
        self.size += len(data)

    def take(self) -> tuple[bytes, float]:
        """The oldest, and when it came. Raises ``IndexError``."""
        data, came = self._reads.popleft()
        self.size -= len(data)
        return data, came

    def full(self, size: int) -> bool:
        """Whether no more should be read, with room for so many bytes."""
        return self.size >= size or len(self._reads) >= MOST_READS
