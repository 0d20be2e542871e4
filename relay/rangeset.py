"""A set of numbers that mostly follow one another, kept as ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class RangeSet:
    """Numbers as sorted, disjoint, half-open ranges that don't touch each other."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def add(self, start: int, stop: int) -> None:
        """Add the numbers ``start`` … ``stop - 1``; one number at the end takes constant time."""
        if start >= stop:
            raise ValueError("an empty range")
        starts, stops = self._starts, self._stops
        if stops and start == stops[-1]:
            stops[-1] = stop
            return
        first = bisect_left(stops, start)  # the first range that reaches us
        last = bisect_right(starts, stop)  # the first that begins beyond us
        if first < last:
            start = min(start, starts[first])
            stop = max(stop, stops[last - 1])
        starts[first:last] = [start]
        stops[first:last] = [stop]

    def remove(self, number: int) -> None:
        """Take out ``number``. Raises ``KeyError`` if it isn't in."""
        index = bisect_right(self._starts, number) - 1
        if index < 0 or number >= self._stops[index]:
            raise KeyError(number)
        parts = [(self._starts[index], number), (number + 1, self._stops[index])]
        parts = [(start, stop) for start, stop in parts if start < stop]
        self._starts[index : index + 1] = [start for start, _ in parts]
        self._stops[index : index + 1] = [stop for _, stop in parts]

    def missing(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The ranges within ``start`` … ``stop - 1`` that are not in the set."""
        found: list[tuple[int, int]] = []
        index = bisect_right(self._stops, start)
        while start < stop and index < len(self._starts) and self._starts[index] < stop:
            if start < self._starts[index]:
                found.append((start, self._starts[index]))
            start = self._stops[index]
            index += 1
        if start < stop:
            found.append((start, stop))
        return found

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number < self._stops[index]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._stops, strict=True))

    def __len__(self) -> int:
        """How many ranges there are (not: how many numbers)."""
        return len(self._starts)

    @property
    def first_stop(self) -> int:
        """The end of the first range. Raises ``IndexError`` if the set is empty."""
        return self._stops[0]

    @property
    def first_hole(self) -> tuple[int, int]:
        """What lies between the first two ranges. Raises ``IndexError`` if there is nothing."""
        return self._stops[0], self._starts[1]
