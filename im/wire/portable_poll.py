"""What the poller needs of ``epoll``, on systems that have none (macOS: ``kqueue``)."""

from __future__ import annotations

import selectors
from typing import Protocol

READ = 0x1
WRITE = 0x4
"""As ``epoll`` numbers them."""


class Poll(Protocol):
    """A set of descriptors, itself a descriptor that can be polled; ``select.epoll`` is one."""

    def fileno(self) -> int:
        """Its own descriptor."""

    def register(self, fd: int, eventmask: int, /) -> None:
        """Watch a descriptor."""

    def modify(self, fd: int, eventmask: int, /) -> None:
        """Watch it for something else."""

    def unregister(self, fd: int, /) -> None:
        """Watch it no more."""

    def poll(self, timeout: float, maxevents: int, /) -> list[tuple[int, int]]:
        """Descriptors with what happened, within so many seconds."""

    def close(self) -> None:
        """Let go of it."""


class PortablePoll:
    """Implements ``Poll`` on the standard library's selector."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def fileno(self) -> int:
        """See ``Poll``."""
        return int(self._selector.fileno())

    def register(self, fd: int, eventmask: int, /) -> None:
        """See ``Poll``."""
        self._selector.register(fd, _to_selector(eventmask))

    def modify(self, fd: int, eventmask: int, /) -> None:
        """See ``Poll``."""
        self._selector.modify(fd, _to_selector(eventmask))

    def unregister(self, fd: int, /) -> None:
        """See ``Poll``."""
        self._selector.unregister(fd)

    def poll(self, timeout: float, maxevents: int, /) -> list[tuple[int, int]]:
        """See ``Poll``; the selector gives all that happened, whatever ``maxevents``."""
        return [(key.fd, _from_selector(events)) for key, events in self._selector.select(timeout)]

    def close(self) -> None:
        """See ``Poll``."""
        self._selector.close()


def _to_selector(events: int) -> int:
    reading = selectors.EVENT_READ if events & READ else 0
    return reading | (selectors.EVENT_WRITE if events & WRITE else 0)


def _from_selector(events: int) -> int:
    reading = READ if events & selectors.EVENT_READ else 0
    return reading | (WRITE if events & selectors.EVENT_WRITE else 0)
