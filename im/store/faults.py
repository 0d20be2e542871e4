"""Points at which a process can be told to die or to stall, to test what its promises are worth."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from typing import Protocol

LOG_POINTS = ("before_begin", "after_lock", "after_insert", "before_commit", "after_commit")
"""Where the log writer asks: before a transaction, holding the conversations' rows, after the
entries were sent, before COMMIT is sent, and after it was answered but before anyone was told."""

SEND_POINTS = ("before_dispatch", "before_publish", "after_publish")
"""And, for each committed entry, ``services.messages``: before the readers here get it, before the
other nodes do, and after it was given to the bus but before its sender is told."""

WAY_POINTS = ("received", "queued", "relayed")
"""``services.messages``: when a message has come and nothing of it was looked at, and when it is in
line for the log writer; ``app``: when an entry came from another node and no reader here has it."""

POINTS = LOG_POINTS + SEND_POINTS + WAY_POINTS

FILE_POINTS = ("file_begun", "file_stored", "file_settled", "file_erased")
"""``services.uploads`` and ``services.media``: when a content has a row but no bytes, when it has
all its bytes but no owner, when it has one and the answer is not sent, and when it was erased and
its bytes are still to be removed."""

ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Faults(Protocol):
    """Told each time a point is passed."""

    def hit(self, point: str) -> None:
        """The point is passed; may not return."""

    def plans(self, point: str) -> bool:
        """Whether anything ever happens there; then all before it must have happened."""


class NoFaults:
    """Nothing ever happens."""

    def hit(self, point: str) -> None:
        """Go on."""

    def plans(self, point: str) -> bool:
        """Never."""
        return False


class PlannedFault:
    """Counts the points, and at one of them sends this process a signal, once.

    Attributes:
        hits: how often each point was passed.
    """

    def __init__(self, action: str, point: str, number: int) -> None:
        self.hits: Counter[str] = Counter()
        self._signal = ACTIONS[action]
        self._point = point
        self._number = number

    def hit(self, point: str) -> None:
        """Count; the ``number``-th time at the planned point, kill or stop this process."""
        self.hits[point] += 1
        if point == self._point and self.hits[point] == self._number:
            # To this thread, which then takes no step more; the kernel may deliver a signal to the
            # process in another thread, a little later.
            signal.pthread_kill(threading.get_ident(), self._signal)

    def plans(self, point: str) -> bool:
        """Whether it is the planned point."""
        return point == self._point


def parse_fault(text: str) -> Faults:
    """``kill:before_commit:3``: die when COMMIT would be sent for the third time; ``""``: never.

    Raises ``ValueError``.
    """
    if not text:
        return NoFaults()
    action, _, rest = text.partition(":")
    point, _, number = rest.partition(":")
    points = POINTS + FILE_POINTS
    if action not in ACTIONS or point not in points or not number.isdecimal() or int(number) < 1:
        raise ValueError(
            f"a fault is {'|'.join(ACTIONS)}:{'|'.join(points)}:number from 1, not {text!r}"
        )
    return PlannedFault(action, point, int(number))
