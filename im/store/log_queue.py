"""The line between the event loop, which appends entries, and the thread that writes them.

Entries of one sender in one conversation keep their order whatever happens to one of them. When it
fails in the thread, those behind it fail as well; and so does what its sender appends until the
loop has heard of the failure, for it was sent in the belief that all was well.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from im.durations import later_ms
from im.errors import Unavailable
from im.store.batch import Outcome
from im.store.entries import NewEntry
from im.store.errors import StaleEpoch
from im.store.fair_queue import FairQueue

SHARE = 32
"""Entries of one conversation in a batch: some ms of work. What is said elsewhere waits for the
batch under way and its own one, whatever goes on in a busy room."""

FOLLOWER = "an earlier entry of the same sender has an unknown outcome"

Line = tuple[int, int]
"""Sender and conversation: entries that keep their order."""


@dataclass(slots=True, eq=False)
class Item:
    """An entry that waits for its outcome.

    Attributes:
        done: called once, on the event loop.
        given_up: its sender was told ``Unavailable``; it is not worth writing any more.
    """

    entry: NewEntry
    size: int
    deadline: float
    done: Callable[[Outcome], None]
    given_up: bool = False

    @property
    def line(self) -> Line:
        """Entries of the same sender and conversation keep their order."""
        return (self.entry.sender, self.entry.conversation)


Failing = Mapping[Line, int | None]
"""Lines of which an entry failed: the epoch of a stale one, or None when nobody knows."""


def follower(epoch: int | None) -> Outcome:
    """What becomes of an entry behind one that failed."""
    return Unavailable(FOLLOWER) if epoch is None else StaleEpoch(epoch)


class LogQueue:
    """Takes items on the loop, gives batches to the thread.

    Args:
        max_entries, max_bytes: of one batch.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._items: FairQueue[int, Item] = FairQueue()
        self._failing: dict[Line, int | None] = {}
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """Items that wait for a batch."""
        return len(self._items)

    def put(self, item: Item, most: int) -> Outcome | None:
        """Append an item, or say what becomes of it at once as the loop has not ``heard`` yet.

        Raises ``Unavailable`` when the queue is closed, or ``most`` items wait, or half as many of
        this conversation.
        """
        with self._changed:
            if self._closed or self._is_full(item.entry.conversation, most):
                raise Unavailable("too many entries wait for the database", retry_after=later_ms())
            line = item.line
            if line in self._failing:
                return follower(self._failing[line])
            self._items.append(item.entry.conversation, item)
            self._changed.notify()
        return None

    def take(self, pause: float | None) -> list[Item] | None:
        """The next batch; empty after ``pause`` seconds without one, None at the end."""
        with self._changed:
            while not self._items.ready:
                if self._closed:
                    return None
                if pause is not None and pause <= 0:
                    return []
                if not self._changed.wait(pause):
                    pause = 0.0
            items: list[Item] = []
            taken: defaultdict[int, int] = defaultdict(int)
            size = 0
            while self._items.ready and len(items) < self._max_entries:
                item = self._items.first()
                # They take turns: when one has had its share, so have all the others.
                taken[item.entry.conversation] += 1
                size += item.size
                if items and (size > self._max_bytes or taken[item.entry.conversation] > SHARE):
                    break
                items.append(self._items.popleft())
            return items

    def fail(self, lines: Failing, tell: Callable[[list[tuple[Item, Outcome]]], None]) -> None:
        """Take what belongs to these lines out, and ``tell`` the loop of it.

        Until the loop calls ``heard``, nothing of these lines is taken in.
        """
        # Under the lock: what the loop puts next is answered after what it is told now.
        with self._changed:
            behind = self._items.withdraw(lambda item: item.line in lines)
            self._failing.update(lines)
            tell([(item, follower(lines[item.line])) for item in behind])

    def heard(self, lines: Failing) -> None:
        """Those who wait for entries of these lines are told now."""
        with self._changed:
            for line in lines:
                self._failing.pop(line, None)

    def hold(self, conversation: int) -> None:
        """Give out nothing of a conversation until its ``release``, or until ``close``."""
        with self._changed:
            if not self._closed:
                self._items.hold(conversation)

    def release(self, conversation: int) -> None:
        """Give out entries of a conversation again."""
        with self._changed:
            self._items.release(conversation)
            self._changed.notify()

    def close(self) -> None:
        """Take no more; what is in it is still given out."""
        with self._changed:
            self._closed = True
            self._items.release_all()
            self._changed.notify()

    def _is_full(self, conversation: int, most: int) -> bool:
        return len(self._items) >= most or self._items.waiting(conversation) >= (most + 1) // 2
