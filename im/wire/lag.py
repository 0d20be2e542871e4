"""How late the event loop is: what everyone waits for before anything is done for them.

The loop is to turn each ``TURN_SECONDS``. When it does not, something keeps it: a call that should
have been left to a thread, or a machine that has no time for it. A thread of its own looks on, so
that it is logged while it lasts, and where.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from time import monotonic

TURN_SECONDS = 0.25
BLOCKED_SECONDS = 0.5
"""Such a lateness is counted and logged: everybody notices it."""
WARN_SECONDS = 10.0
"""Between two lines in the log."""
FRAMES = 6
"""Calls that a line names, the innermost last."""

log = logging.getLogger("im.loop")


class Lag:
    """Measures how late the loop of this thread is.

    Attributes:
        seconds: lateness at the last turn.
        blocked: how often it was ``BLOCKED_SECONDS`` or more.
        blocked_seconds: how long these were in all.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = threading.Event()
        self._due = 0.0
        self._told = -WARN_SECONDS
        self.seconds = 0.0
        self.blocked = 0
        self.blocked_seconds = 0.0

    def start(self) -> None:
        """Begin to measure."""
        self._next()
        threading.Thread(target=self._look_on, name="loop-lag", daemon=True).start()

    def close(self) -> None:
        """Measure no more."""
        self._closed.set()
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        self._due = monotonic() + TURN_SECONDS
        self._timer = self._loop.call_later(TURN_SECONDS, self._turn)

    def _turn(self) -> None:
        self.seconds = max(0.0, monotonic() - self._due)
        if self.seconds >= BLOCKED_SECONDS:
            self.blocked += 1
            self.blocked_seconds += self.seconds
        self._next()

    # In the other thread.

    def _look_on(self) -> None:
        before = monotonic()
        while not self._closed.wait(BLOCKED_SECONDS / 2):
            now = monotonic()
            halted = now - before > BLOCKED_SECONDS  # with the whole process: no call's fault
            before = now
            late = now - self._due
            if late >= BLOCKED_SECONDS and not halted and now - self._told >= WARN_SECONDS:
                self._told = now
                log.warning("the event loop is blocked for %.1f s in %s", late, self._place())

    def _place(self) -> str:
        """What the loop's thread is doing: file, line and function of its innermost calls."""
        frame = sys._current_frames().get(self._thread)
        calls = traceback.extract_stack(frame)[-FRAMES:] if frame is not None else []
        return " > ".join(f"{call.filename}:{call.lineno} {call.name}" for call in calls)
