"""How often: a token bucket for each connection, and shared windows for what is rare and costly."""

from __future__ import annotations

import time
from collections.abc import Sequence

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from im.errors import RateLimited


class TokenBucket:
    """Lets ``burst`` through at once and ``rate`` a second in the long run.

    Time is given by the caller, in seconds of a clock that never goes back.
    """

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._updated = now

    def take(self, now: float) -> float:
        """Take one token: 0 when there was one, else the seconds until there is."""
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate)
        self._updated = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._rate


class SharedLimits:
    """Windows of log-ins, registrations and the like; counted over all nodes where Redis is.

    Without Redis each node counts for itself, in memory that forgets what has passed.
    """

    def __init__(self, redis_url: str = "") -> None:
        storage = (
            RedisStorage("async+" + redis_url, implementation="redispy")
            if redis_url
            else MemoryStorage()
        )
        self._windows = MovingWindowRateLimiter(storage)

    async def check(self, rule: str, *who: str) -> None:
        """Refuse if the window is full, without counting. Raises ``RateLimited``."""
        for item in _items(rule):
            if not await self._windows.test(item, *who):
                raise await self._refusal(item, who)

    async def hit(self, rule: str, *who: str) -> None:
        """Count one. Raises ``RateLimited`` when the window is full."""
        for item in _items(rule):
            if not await self._windows.hit(item, *who):
                raise await self._refusal(item, who)

    async def _refusal(self, item: RateLimitItem, who: Sequence[str]) -> RateLimited:
        window = await self._windows.get_window_stats(item, *who)
        wait = max(1.0, window.reset_time - time.time())
        return RateLimited(retry_after=int(wait * 1000), values={"seconds": int(wait + 0.999)})


def _items(rule: str) -> list[RateLimitItem]:
    return parse_many(rule)
