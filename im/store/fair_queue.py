"""A queue in which everyone has a line, and the lines take turns; a line can be held."""

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
        self._held: dict[K, deque[T]] = {}
        self._count = 0

    def __len__(self) -> int:
        """All items, those that are held too."""
        return self._count

    @property
    def ready(self) -> bool:
        """Whether there is an item that is not held."""
        return bool(self._lines)

    def waiting(self, key: K) -> int:
        """How many of a key there are."""
        return len(self._lines.get(key) or self._held.get(key) or ())

    def append(self, key: K, item: T) -> None:
        """Put an item at the end of its line."""
        held = self._held.get(key)
        (self._lines.setdefault(key, deque()) if held is None else held).append(item)
        self._count += 1

    def hold(self, key: K) -> None:
        """Give out nothing of a key until its ``release``."""
        self._held.setdefault(key, self._lines.pop(key, deque()))

    def release(self, key: K) -> None:
        """Give out items of a key again; it has its turn after the others."""
        line = self._held.pop(key, None)
        if line:
            self._lines[key] = line

    def release_all(self) -> None:
        """Hold nothing any more."""
        for key in list(self._held):
            self.release(key)

    def first(self) -> T:
        """What ``popleft`` would take. Raises ``StopIteration`` when nothing is ready."""
        return next(iter(self._lines.values()))[0]

    def popleft(self) -> T:
        """Take the first item that is ready; its line goes to the end. Raises ``StopIteration``."""
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
        for lines in (self._lines, self._held):
            for key, line in list(lines.items()):
                found = [item for item in line if which(item)]
                if found:
                    taken += found
                    lines[key] = deque(item for item in line if not which(item))
                    if not lines[key] and lines is self._lines:
                        del lines[key]
        self._count -= len(taken)
        return taken
