"""An outcome that a callback is told, for someone who awaits it."""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")


def settle(future: asyncio.Future[T], outcome: T | Exception) -> None:
    """Give whoever waits what has come, or raise it there; whoever has gone is not told."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
        future.exception()  # Whoever waited may be gone; that is no fault.
    else:
        future.set_result(outcome)
