"""Which of its nodes a program asks next, and when: not before that node wants it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from tornado.httpclient import HTTPClientError

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
LONGEST_WISH = 60.0
"""A node that wants to be left alone for longer is asked all the same."""


class NodeChoice:
    """Takes turns among nodes; the pause between tries grows until one of them went well."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = list(urls)
        self._not_before: dict[str, float] = {}
        self._pause = FIRST_PAUSE
        self._turn = 0

    async def next(self) -> str:
        """The node to ask now; returns when it is time."""
        if self._turn:
            await asyncio.sleep(random.uniform(0, self._pause))  # noqa: S311 - spread, no secret
            if self._turn % len(self._urls) == 0:
                self._pause = min(LONGEST_PAUSE, self._pause * 2)
        start = self._turn % len(self._urls)
        self._turn += 1
        now = asyncio.get_running_loop().time()
        url = min(
            self._urls[start:] + self._urls[:start],
            key=lambda url: max(now, self._not_before.get(url, now)),
        )
        await asyncio.sleep(max(0.0, self._not_before.pop(url, now) - now))
        return url

    def went_well(self) -> None:
        """The last one was asked with success."""
        self._pause = FIRST_PAUSE

    def leave_alone(self, url: str, seconds: float) -> None:
        """Do not ask a node for so long, and up to a half more: others were told the same."""
        if seconds > 0:
            wish = min(seconds, LONGEST_WISH)
            wait = random.uniform(wish, 1.5 * wish)  # noqa: S311 - spread, no secret
            self._not_before[url] = asyncio.get_running_loop().time() + wait


def retry_after(error: HTTPClientError) -> float:
    """Seconds that a refusal names (RFC 9110, section 10.2.3; nodes name no dates); 0: none."""
    found = error.response.headers.get("Retry-After", "") if error.response is not None else ""
    return float(found) if found.isascii() and found.isdecimal() else 0.0
