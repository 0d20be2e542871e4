"""Taking turns: of those who ask under one key a few are heard at a time, and the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from im.errors import RateLimited

MAX_WAITING = 200
"""Of one key; more are asked to come back."""
RETRY_MS = 2000


@dataclass(slots=True)
class _Line:
    turns: asyncio.Semaphore
    length: int = 0


class Turns:
    """What is counted after it was tried is not tried many times at once, before any is counted.

    Args:
        at_once: of one key; with one, each failure counts before the next guess is heard.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._at_once = at_once
        self._lines: dict[tuple[str, ...], _Line] = {}

    @asynccontextmanager
    async def of(self, *key: str) -> AsyncIterator[None]:
        """While it is one's turn. Raises ``RateLimited`` when too many wait."""
        line = self._lines.setdefault(key, _Line(asyncio.Semaphore(self._at_once)))
        if line.length >= MAX_WAITING:
            raise RateLimited(
                "too many at once", retry_after=RETRY_MS, values={"seconds": RETRY_MS // 1000}
            )
        line.length += 1
        try:
            async with line.turns:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[key]
