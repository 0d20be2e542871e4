"""Waiting for what must come true, on a loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool], timeout: float = 60.0, what: str = "it") -> float:
    """Return once ``condition()`` is true: seconds that it took. Raises ``TimeoutError``."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > timeout:
            raise TimeoutError(f"{what} was not seen within {timeout:g} s")
        await asyncio.sleep(0.01)
    return time.monotonic() - begun
