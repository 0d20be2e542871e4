"""Limits hold, on one node alone and on all nodes together where there is Redis."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.errors import RateLimited
from im.services.limits import SLACK_SECONDS, Buckets, Pace, SharedLimits, TokenBucket
from tests.services.redis_server import RedisServer

BOUND_SECONDS = 60
"""In which six score of questions are answered where each must not wait for Redis by itself."""


@given(
    st.floats(0.5, 100),
    st.integers(1, 50),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_a_bucket_never_lets_more_through_than_its_rate_and_burst(
    rate: float, burst: int, pauses: list[float]
) -> None:
    now = 100.0
    bucket = TokenBucket(Pace(rate, burst))
    passed = 0
    for pause in pauses:
        now += pause
        if bucket.take(now) == 0:
            passed += 1
    assert passed <= burst + (now - 100.0 + 2 * SLACK_SECONDS) * rate


@given(st.floats(0.5, 1e6), st.integers(1, 1000), st.floats(0, 1e7))
def test_a_bucket_that_was_left_alone_lets_its_burst_through(
    rate: float, burst: int, now: float
) -> None:
    bucket = TokenBucket(Pace(rate, burst))
    assert [bucket.take(now) for _ in range(burst)] == [0.0] * burst


@given(st.floats(0.5, 100), st.integers(1, 20))
def test_a_bucket_lets_through_when_it_said_it_would(rate: float, burst: int) -> None:
    bucket = TokenBucket(Pace(rate, burst))
    for _ in range(burst):
        assert bucket.take(0.0) == 0
    wait = bucket.take(0.0)
    assert wait > 0
    assert bucket.take(wait * 1.000001) == 0


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 2)), max_size=100))
def test_each_person_has_a_bucket_of_their_own_which_is_kept_until_it_is_full(
    calls: list[tuple[int, float]],
) -> None:
    pace = Pace(rate=2.0, burst=4)
    buckets = Buckets(pace)
    alone: dict[int, TokenBucket] = {}
    now = 100.0
    for user, pause in calls:
        now += pause
        if alone.setdefault(user, TokenBucket(pace)).take(now):
            with pytest.raises(RateLimited):
                buckets.admit(user, now)
        else:
            buckets.admit(user, now)
        assert len(buckets) >= sum(bucket.full_at > now for bucket in alone.values())
    if calls:
        buckets.admit(6, now + pace.span)
        assert len(buckets) == 1


async def hits(limits: SharedLimits, rule: str, *who: str) -> int:
    """How many get through before the first refusal."""
    for count in range(100):
        try:
            await limits.check(rule, *who)
            await limits.hit(rule, *who)
        except RateLimited as refusal:
            assert refusal.retry_after is not None and refusal.retry_after > 0
            return count
    return 100


def test_a_window_is_for_each_name_and_address_of_its_own() -> None:
    async def run() -> None:
        limits = SharedLimits()
        assert await hits(limits, "3/minute;5/hour", "login", "bob", "10.0.0.1") == 3
        assert await hits(limits, "3/minute;5/hour", "login", "bob", "10.0.0.2") == 3
        assert await hits(limits, "3/minute;5/hour", "login", "eve", "10.0.0.1") == 3

    asyncio.run(run())


def test_with_redis_all_nodes_count_together(redis_server: RedisServer) -> None:
    async def run() -> None:
        one, other = SharedLimits(redis_server.url), SharedLimits(redis_server.url)
        for _ in range(2):
            await one.hit("3/minute", "register", "10.0.0.1")
        assert await hits(other, "3/minute", "register", "10.0.0.1") == 1
        with pytest.raises(RateLimited):
            await one.check("3/minute", "register", "10.0.0.1")

    asyncio.run(run())


def test_while_redis_is_away_each_node_still_counts(redis_server: RedisServer) -> None:
    async def run() -> None:
        limits = SharedLimits(redis_server.url)
        await limits.hit("3/minute", "register", "10.0.0.1")
        redis_server.kill9()
        assert await hits(limits, "3/minute", "register", "10.0.0.1") == 3

    asyncio.run(run())


@pytest.mark.parametrize("address", ["redis://{}", "redis+sentinel://{}/im", "redis+cluster://{}"])
@pytest.mark.parametrize("place", ["nobody_listens", "nobody_answers"])
def test_a_redis_that_was_never_there_holds_up_nobody_and_is_told_of_once(
    address: str, place: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    url = address.format(request.getfixturevalue(place))

    async def run() -> None:
        limits = SharedLimits(url)
        async with asyncio.timeout(BOUND_SECONDS):
            for number in range(20):
                assert await hits(limits, "3/minute;5/hour", "login", f"{number}") == 3
        limits.close()

    asyncio.run(run())
    assert len([each for each in caplog.records if each.name == "im.limits"]) == 1


def test_once_redis_is_there_all_nodes_count_together_again(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im.services.limits.AWAY_SECONDS", 0.01)
    redis_server.kill9()

    async def run() -> None:
        one, other = SharedLimits(redis_server.url), SharedLimits(redis_server.url)
        assert [await hits(each, "3/minute", "login", "bob") for each in (one, other)] == [3, 3]
        redis_server.start()
        await asyncio.sleep(0.02)
        for each in (one, other):
            await each.check("3/minute", "login", "bob")
        assert await hits(one, "3/minute", "login", "bob") == 3
        assert await hits(other, "3/minute", "login", "bob") == 0

    asyncio.run(run())


def test_a_clock_that_is_put_back_refuses_nobody_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true, ahead = time.time, 3600.0
    monkeypatch.setattr("time.time", lambda: true() + ahead)

    async def run() -> None:
        nonlocal ahead
        limits = SharedLimits()
        assert await hits(limits, "3/minute", "login", "bob") == 3
        ahead = 0.0
        assert await hits(limits, "3/minute", "login", "bob") == 3, "not in an hour"
        assert await hits(limits, "3/minute", "login", "bob") == 0
        limits.close()

    asyncio.run(run())
