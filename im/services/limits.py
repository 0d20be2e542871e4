"""How often: token buckets for connections and people, and shared windows for what is costly."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from math import ceil
from typing import Literal, TypeAlias

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from im.errors import RateLimited

log = logging.getLogger("im.limits")

Question: TypeAlias = Literal["test", "hit"]

ANSWER_SECONDS = 1.0
"""For Redis to answer whether there is room in a window; else it is away."""
AWAY_SECONDS = 2.0
"""When it was away Redis is asked again so much later: nobody else waits for it meanwhile."""
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


class Buckets:
    """A bucket for each person, kept until it is full again: those of the last seconds only."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._buckets: OrderedDict[int, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def admit(self, user: int, now: float) -> None:
        """Take one token of a person's. Raises ``RateLimited``."""
        bucket = self._buckets.pop(user, None) or TokenBucket(self._pace)
        wait = bucket.take(now)
        self._buckets[user] = bucket
        while next(iter(self._buckets.values())).full_at <= now:
            self._buckets.popitem(last=False)
        if wait:
            raise too_soon(wait)


def too_soon(wait: float) -> RateLimited:
    """The refusal of what came so many seconds too soon."""
    return RateLimited(retry_after=int(wait * 1000) + 1, values={"seconds": int(wait) + 1})


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
        self._ask_again: float | None = None
        """While Redis is away: when to ask it again, by the clock that is never set."""
        if redis_url:
            try:
                storage = storage_from_string("async+" + redis_url, implementation="redispy")
            except ConfigurationError as error:
                log.warning("limits are counted on each node alone: %s", str(error).split(":")[0])
            else:
                self._shared = MovingWindowRateLimiter(storage)

    async def check(self, rule: str, *who: str) -> None:
        """Refuse if a window of the rule is full, without counting. Raises ``RateLimited``."""
        await self._ask("test", rule, who)

    async def hit(self, rule: str, *who: str) -> None:
        """Count one. Raises ``RateLimited`` when a window of the rule is full."""
        await self._ask("hit", rule, who)

    def close(self) -> None:
        """Stop forgetting what has passed."""
        if self._memory.timer is not None:
            self._memory.timer.cancel()

    async def _ask(self, question: Question, rule: str, who: Sequence[str]) -> None:
        for item in parse_many(rule):
            seconds = await self._ask_shared(question, item, who)
            if seconds is None:
                await self._mind_the_clock()
                seconds = await _wait(self._own, question, item, who)
            if seconds:
                raise RateLimited(
                    retry_after=int(seconds * 1000), values={"seconds": ceil(seconds)}
                )

    async def _ask_shared(
        self, question: Question, item: RateLimitItem, who: Sequence[str]
    ) -> float | None:
        """As ``_wait``; None without Redis."""
        if self._shared is None:
            return None
        from redis.exceptions import RedisClusterException, RedisError

        if self._ask_again is not None:
            now = time.monotonic()
            if now < self._ask_again:
                return None
            # One asks whether it is back; the others go on meanwhile.
            self._ask_again = now + AWAY_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                seconds = await _wait(self._shared, question, item, who)
        except (RedisError, RedisClusterException, OSError) as error:
            if self._ask_again is None:
                log.warning(
                    "limits are counted on this node alone: %s", error or "Redis does not answer"
                )
            self._ask_again = time.monotonic() + AWAY_SECONDS
            return None
        if self._ask_again is not None:
            log.info("limits are counted over all nodes again")
            self._ask_again = None
        return seconds

    async def _mind_the_clock(self) -> None:
        """Forget what was counted when the clock was put back: it would not pass for as long."""
        before, self._clock_ahead = self._clock_ahead, _clock_ahead()
        if self._clock_ahead < before - CLOCK_SLACK_SECONDS:
            await self._memory.reset()


async def _wait(
    limiter: MovingWindowRateLimiter, question: Question, item: RateLimitItem, who: Sequence[str]
) -> float:
    """0 when there is room in a window, else the seconds until there is."""
    if await getattr(limiter, question)(item, *who):
        return 0.0
    window = await limiter.get_window_stats(item, *who)
    return min(float(item.get_expiry()), max(1.0, window.reset_time - time.time()))


def _clock_ahead() -> float:
    """Seconds by which the clock is ahead of the one that is never set."""
    return time.time() - time.monotonic()
