"""The order of a conversation's entries at one node: what may be delivered now, what must wait.

A pure core without time or input: numbers in, what is due out. For each conversation that someone
here reads there is a cursor, the last number delivered. An entry at or below it was delivered
already, the next one is due, a later one is held until its predecessors come (from the bus, or
read from the log after a while by who uses this).
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

MAX_HELD = 1000
"""Entries held for one conversation; more are dropped, since the log has them."""


class Ordering(Generic[T]):
    """Cursors of conversations by name, and what is held for them."""

    def __init__(self, max_held: int = MAX_HELD) -> None:
        self._max_held = max_held
        self._last: dict[str, int] = {}
        self._held: dict[str, dict[int, T]] = {}

    def __len__(self) -> int:
        return len(self._last)

    def cursor(self, conversation: str) -> int | None:
        """The last number delivered, or None when nobody here reads this conversation."""
        return self._last.get(conversation)

    def open(self, conversation: str, last: int) -> None:
        """Begin to deliver after ``last``; without effect when the cursor is there already."""
        self._last.setdefault(conversation, last)

    def close(self, conversation: str) -> None:
        """Nobody reads this conversation here any more."""
        self._last.pop(conversation, None)
        self._held.pop(conversation, None)

    def conversations(self) -> list[str]:
        """All conversations that have a cursor."""
        return list(self._last)

    def offer(self, conversation: str, number: int, entry: T) -> list[T]:
        """An entry arrived: what is due now, in order (possibly nothing, possibly more than it).

        Raises ``KeyError`` when the conversation has no cursor.
        """
        last = self._last[conversation]
        if number <= last:
            return []
        if number > last + 1:
            held = self._held.setdefault(conversation, {})
            if len(held) < self._max_held:
                held.setdefault(number, entry)
            return []
        due = [entry]
        held = self._held.get(conversation, {})
        held.pop(number, None)
        while (following := held.pop(number + 1, None)) is not None:
            number += 1
            due.append(following)
        if not held:
            self._held.pop(conversation, None)
        self._last[conversation] = number
        return due

    def waiting(self, conversation: str) -> bool:
        """Whether something is held here, so that a number before it is missing."""
        return conversation in self._held
