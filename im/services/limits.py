"""How often: a token bucket for each connection, and shared windows for what is rare and costly."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from math import ceil
from typing import Literal

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from redis.exceptions import RedisError

from im.errors import RateLimited

log = logging.getLogger("im.limits")


CLOCK_SLACK_SECONDS = 1.0
"""A clock that is put back by less is let be."""
SLACK_SECONDS = 1e-6
"""What many small times added to a large one may be off by."""


class Pace:
    """``burst`` at once and ``rate`` a second in the long run: what many buckets share."""

    __slots__ = ("interval", "span")

    def __init__(self, rate: float, burst: int) -> None:
        self.interval = 1.0 / rate
        self.span = burst / rate


class TokenBucket:
    """Lets through at a pace. Each connection has one, so it keeps a single number.

    Time is given by the caller, in seconds of a clock that never goes back.
    """

    __slots__ = ("_full_at", "_pace")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._full_at = 0.0

    @property
    def full_at(self) -> float:
        """When all tokens are there again."""
        return self._full_at

    def take(self, now: float) -> float:
        """Take one token: 0 when there was one, else the seconds until there is."""
        pace = self._pace
        after = max(now, self._full_at) + pace.interval
        wait = after - now - pace.span
        if wait > SLACK_SECONDS:
            return wait
        self._full_at = after
        return 0.0


class SharedLimits:
    """Windows of log-ins, registrations and the like; counted over all nodes where Redis is.

    Without Redis, or while it is away, each node counts for itself, in memory that forgets what
    has passed: a limit may then be reached once on each node, but is never gone.
    """

    def __init__(self, redis_url: str = "") -> None:
        self._memory = MemoryStorage()
        self._own = MovingWindowRateLimiter(self._memory)
        self._clock_ahead = _clock_ahead()
        self._shared: MovingWindowRateLimiter | None = None
        if redis_url:
            try:
                storage = storage_from_string("async+" + redis_url, implementation="redispy")
            except ConfigurationError as error:
                log.warning("limits are counted on each node alone: %s", str(error).split(":")[0])
            else:
                self._shared = MovingWindowRateLimiter(storage)

    async def check(self, rule: str, *who: str) -> None:
        """Refuse if a window of the rule is full, without counting. Raises ``RateLimited``."""
        for item in parse_many(rule):
            if not await self._ask("test", item, who):
                raise await self._refusal(item, who)

    async def hit(self, rule: str, *who: str) -> None:
        """Count one. Raises ``RateLimited`` when a window of the rule is full."""
        for item in parse_many(rule):
            if not await self._ask("hit", item, who):
                raise await self._refusal(item, who)

    def close(self) -> None:
        """Stop forgetting what has passed."""
        if self._memory.timer is not None:
            self._memory.timer.cancel()

    async def _ask(
        self, question: Literal["test", "hit"], item: RateLimitItem, who: Sequence[str]
    ) -> bool:
        if self._shared is not None:
            try:
                return await getattr(self._shared, question)(item, *who)  # type: ignore[no-any-return]
            except (RedisError, OSError) as error:
                log.warning("limits are counted on this node alone: %s", error)
        await self._mind_the_clock()
        return await getattr(self._own, question)(item, *who)  # type: ignore[no-any-return]

    async def _mind_the_clock(self) -> None:
        """Forget what was counted when the clock was put back: it would not pass for as long."""
        before, self._clock_ahead = self._clock_ahead, _clock_ahead()
        if self._clock_ahead < before - CLOCK_SLACK_SECONDS:
            await self._memory.reset()

    async def _refusal(self, item: RateLimitItem, who: Sequence[str]) -> RateLimited:
        seconds = float(item.get_expiry())
        try:
            window = await (self._shared or self._own).get_window_stats(item, *who)
            seconds = min(seconds, max(1.0, window.reset_time - time.time()))
        except (RedisError, OSError):
            pass
        return RateLimited(retry_after=int(seconds * 1000), values={"seconds": ceil(seconds)})


def _clock_ahead() -> float:
    """Seconds by which the clock is ahead of the one that is never set."""
    return time.time() - time.monotonic()
