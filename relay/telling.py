"""Passes what happens at a node on to the program, and knows when its start is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from relay import events
from relay.bus import BusError, BusListener

log = logging.getLogger("relay")

READY_TIME: Final = 1.0
QUICK_READY_TIME: Final = 0.2
"""Seconds after which a start is over, at the latest and at the earliest."""


class Telling:
    """What the drivers of a node tell the program, in the order in which it happened.

    Attributes:
        refused: why this node must not stay, once it is known; empty: it may.
    """

    def __init__(self, listener: BusListener, on_unknown_key: Callable[[int], None]) -> None:
        """Begins to count the time of the start; ``on_unknown_key(number)``: it isn't held."""
        self.refused = ""
        self._on_unknown_key = on_unknown_key
        self._listener = listener
        self._started = asyncio.get_running_loop().time()
        self._found = asyncio.Event()

    def tell(self, happened: Iterable[events.Event]) -> None:
        """Call the program for each; a mistake of it is logged and stops nothing."""
        for event in happened:
            try:
                if type(event) is events.Deliver:
                    self._listener.deliver(*event)
                else:
                    self._tell_other(event)
            except Exception:
                log.exception("relay: the program failed on %s", type(event).__name__)

    @property
    def is_over(self) -> bool:
        """Whether the start is over: there is no need to ``look_ready`` any more."""
        return self._found.is_set() and not self.refused

    def look_ready(self, now: float, *, found: bool) -> None:
        """``found``: someone is up, and nobody is heard who isn't."""
        if self.refused or (found and now >= self._started + QUICK_READY_TIME):
            self._found.set()

    async def ready(self, close: Callable[[], Awaitable[None]]) -> None:
        """Return when others are found, or nobody is there after ``READY_TIME``.

        Raises ``BusError`` after ``close()`` when this node must not stay.
        """
        rest = self._started + READY_TIME - asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._found.wait(), max(rest, 0))
        if self.refused:
            await close()
            raise BusError(self.refused)

    def _tell_other(self, event: events.Event) -> None:
        match event:
            case events.Gap():
                self._listener.gap(event.node)
            case events.Up():
                log.info("relay: node %s is up", event.node)
                self._listener.up(event.node)
            case events.Down():
                log.info("relay: node %s is down", event.node)
                self._listener.down(event.node)
            case events.KeyUnknown():
                self._on_unknown_key(event.number)
            case events.Refused():
                if not self.refused:
                    log.error("relay: %s", event.reason)
                self.refused = event.reason
            case events.Notice():
                log.warning("relay: %s", event.message)
