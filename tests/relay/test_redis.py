"""Redis dies, halts, drops a subscriber: nothing is lost without a gap, and the bus goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator

import pytest

from relay.bus import BusError
from relay.redis import RedisBus
from tests.relay.buses import Words
from tests.relay.contract import CLOSE_TIME, joined, mesh, on_loop, speaker
from tests.relay.nodes import Recorder, keyring
from tests.services.redis_server import RedisServer


@pytest.fixture
def words(redis_server: RedisServer) -> Words:
    return {"kind": "redis", "url": redis_server.url}


@contextlib.asynccontextmanager
async def busy_pair(words: Words) -> AsyncIterator[tuple[list[Recorder], list[int]]]:
    """Two nodes of which the first publishes a number each 5 ms until the end."""
    async with mesh(words, "a", "b") as [(a, heard_a), (_, heard_b)]:
        published: list[int] = []

        async def publish() -> None:
            while True:
                a.publish("t", b"%d" % len(published), ordered=True)
                published.append(len(published))
                await asyncio.sleep(0.005)

        task = asyncio.create_task(publish())
        try:
            yield [heard_a, heard_b], published
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def numbers(heard: Recorder) -> list[int]:
    return [int(payload) for _, _, payload in heard.payloads]


def check(heard: Recorder, published: list[int]) -> None:
    """In order, once, and what is missing is followed by a gap (after the first two calls)."""
    got = numbers(heard)
    assert got == sorted(set(got)), "out of order or twice"
    if got != published[: len(got)]:
        assert ("gap", "a") in heard.calls[2:], "lost without a gap"


@on_loop
async def test_a_redis_that_is_killed_and_started_again_is_a_gap_for_all(
    words: Words, redis_server: RedisServer
) -> None:
    async with busy_pair(words) as (recorders, published):
        await recorders[1].until(lambda: len(recorders[1].payloads) > 20)
        redis_server.kill9()
        redis_server.restart()  # here: it ends with the thread that started it
        for heard, other in zip(recorders, "ba", strict=True):
            await heard.until(lambda heard=heard, other=other: ("gap", other) in heard.calls[2:])
        after = len(published)
        await recorders[1].until(lambda: numbers(recorders[1])[-1] > after)
    check(recorders[1], published)


@on_loop
async def test_a_redis_that_halts_is_down_and_comes_back_with_a_gap(
    words: Words, redis_server: RedisServer
) -> None:
    async with busy_pair(words) as (recorders, published):
        heard = recorders[1]
        await heard.until(lambda: len(heard.payloads) > 20)
        redis_server.stop()
        began = time.monotonic()
        await heard.until(lambda: ("down", "a") in heard.calls)
        assert time.monotonic() - began < 3 * 6
        redis_server.cont()
        await heard.until(lambda: heard.calls[-2:] == [("up", "a"), ("gap", "a")])
        after = len(published)
        await heard.until(lambda: numbers(heard)[-1] > after)
    check(heard, published)
    assert heard.calls == [
        *(("up", "a"), ("gap", "a")),
        *(("gap", "a"), ("down", "a")),
        *(("up", "a"), ("gap", "a")),
    ]


@on_loop
async def test_a_short_halt_of_redis_loses_nothing(words: Words, redis_server: RedisServer) -> None:
    async with busy_pair(words) as (recorders, published):
        heard = recorders[1]
        await heard.until(lambda: len(heard.payloads) > 20)
        redis_server.stop()
        await asyncio.sleep(1)
        redis_server.cont()
        after = len(published)
        await heard.until(lambda: len(heard.payloads) > after)
    assert numbers(heard) == published[: len(heard.payloads)]
    assert heard.calls == [("up", "a"), ("gap", "a")], "no gap but that of its coming"


@on_loop
async def test_a_subscription_that_redis_breaks_is_a_gap(
    words: Words, redis_server: RedisServer
) -> None:
    async with busy_pair(words) as (recorders, published):
        heard = recorders[1]
        await heard.until(lambda: len(heard.payloads) > 20)
        with redis_server.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await heard.until(lambda: ("gap", "a") in heard.calls[2:])
        after = len(published)
        await heard.until(lambda: numbers(heard)[-1] > after)
    check(heard, published)


@on_loop
async def test_a_slow_subscriber_that_redis_drops_is_told_of_a_gap(
    words: Words, redis_server: RedisServer
) -> None:
    with redis_server.client() as client:
        client.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
    try:
        async with joined(words, "a") as (a, heard):
            with speaker(words, "slow") as slow:
                await heard.until(lambda: a.members() == ["slow"], 20)
                assert await wait_for_line(slow, ["gap", "a"])
                slow.send_signal(19)  # SIGSTOP
                for number in range(30):  # 15 MB: less than a sender keeps
                    a.publish("t", str(number).encode().ljust(500_000), ordered=True)
                await heard.until(lambda: a.statistics()["unsent_datagrams"] == 0)
                await asyncio.to_thread(dropped, redis_server)
                slow.send_signal(18)  # SIGCONT
                assert await wait_for_line(slow, ["gap", "a"])
                a.publish("t", b"end", ordered=True)
                assert await wait_for_line(slow, ["deliver", "a", "end"])
    finally:
        with redis_server.client() as client:
            client.config_set("client-output-buffer-limit", "pubsub 32mb 8mb 60")


def dropped(redis_server: RedisServer) -> None:
    """Wait until Redis has only one subscriber."""
    with redis_server.client() as client:
        deadline = time.monotonic() + 10
        while len(client.client_list("pubsub")) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)


async def wait_for_line(process: subprocess.Popen[str], wanted: list[str]) -> bool:
    def read() -> bool:
        assert process.stdout is not None
        return any(json.loads(line) == wanted for line in iter(process.stdout.readline, ""))

    return await asyncio.wait_for(asyncio.to_thread(read), 15)


@on_loop
async def test_a_node_starts_without_redis_and_finds_the_others_when_it_comes(
    words: Words, redis_server: RedisServer
) -> None:
    redis_server.kill9()
    async with joined(words, "a") as (a, heard_a), joined(words, "b") as (b, heard_b):
        await a.ready()
        a.publish("t", b"before anybody is there")
        redis_server.restart()  # here: it ends with the thread that started it
        await heard_a.until(lambda: a.members() == ["b"])
        await heard_b.until(lambda: b.members() == ["a"])
        a.publish("t", b"hello")
        await heard_b.until(lambda: heard_b.payloads[-1:] == [("a", "t", b"hello")])


@on_loop
async def test_it_closes_within_two_seconds_while_redis_halts(
    words: Words, redis_server: RedisServer
) -> None:
    async with mesh(words, "a", "b") as [(a, _), (b, _)]:
        redis_server.stop()
        a.publish("t", b"nobody hears it")
        began = time.monotonic()
        await asyncio.gather(a.close(), b.close())
        assert time.monotonic() - began < CLOSE_TIME


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1", "begins with redis://"),
        ("redis://user:hush@a,b", "several hosts"),
        ("redis+sentinel://a,b", "name of the service"),
        ("redis+cluster://", "a host is missing"),
    ],
)
@on_loop
async def test_an_address_that_cannot_work_is_said_at_the_start_without_the_password(
    url: str, reason: str
) -> None:
    with pytest.raises(BusError, match=reason) as raised:
        await RedisBus(url, keyring(), "a").start(Recorder())
    assert "hush" not in str(raised.value)


@on_loop
async def test_a_wrong_password_is_said_at_the_start(redis_server: RedisServer) -> None:
    url = redis_server.url.replace("redis://", "redis://nobody:wrong@")
    with pytest.raises(BusError, match="refuses"):
        await RedisBus(url, keyring(), "a").start(Recorder())
    bus = RedisBus(redis_server.url.replace("redis://", "redis+cluster://"), keyring(), "a")
    with pytest.raises(BusError, match="cluster support disabled"):
        await bus.start(Recorder())
