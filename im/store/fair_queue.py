"""A queue in which everyone has a line, and the lines take turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class FairQueue(Generic[K, T]):
    """Items of one key keep their order; the first ones of all keys come before any second one."""

    def __init__(self) -> None:
        self._lines: OrderedDict[K, deque[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def waiting(self, key: K) -> int:
        """How many of a key there are."""
        return len(self._lines.get(key, ()))

    def append(self, key: K, item: T) -> None:
        """Put an item at the end of its line."""
        self._lines.setdefault(key, deque()).append(item)
        self._count += 1

    def first(self) -> T:
        """What ``popleft`` would take. Raises ``StopIteration`` when there is nothing."""
        return next(iter(self._lines.values()))[0]

    def popleft(self) -> T:
        """Take the first item; its line goes to the end. Raises ``StopIteration``."""
        key, line = next(iter(self._lines.items()))
        item = line.popleft()
        if line:
            self._lines.move_to_end(key)
        else:
            del self._lines[key]
        self._count -= 1
        return item

    def withdraw(self, which: Callable[[T], bool]) -> list[T]:
        """Take out all items of a kind, in order within each line."""
        taken: list[T] = []
        for key, line in list(self._lines.items()):
            found = [item for item in line if which(item)]
            if found:
                taken += found
                kept = deque(item for item in line if not which(item))
                if kept:
                    self._lines[key] = kept
                else:
                    del self._lines[key]
        self._count -= len(taken)
        return taken
