"""What every bus promises (``relay/bus.py``), whatever carries it.

A test module subclasses ``LonelyContract`` and, if its bus reaches others, ``Contract``, and gives
the fixture ``words``: what ``make_bus`` needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps

import pytest

from relay.bus import MAX_PAYLOAD, Bus, BusError, PayloadTooLarge
from relay.keyring import Keyring
from tests.relay.buses import Words, make_bus
from tests.relay.nodes import CLUSTER, KEY, Recorder
from tests.source import ROOT

CLOSE_TIME = 3 * 2.0
"""Seconds that a close may take: 2, and the time of a busy machine."""


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: object, **options: object) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **options), 60))

    return run


@contextlib.asynccontextmanager
async def joined(
    words: Words, name: str, ring: Keyring | None = None
) -> AsyncIterator[tuple[Bus, Recorder]]:
    """A started bus with its recorder; closed at the end."""
    bus, recorder = make_bus(words, name, ring), Recorder()
    await bus.start(recorder)
    try:
        yield bus, recorder
    finally:
        await bus.close()


@contextlib.asynccontextmanager
async def mesh(words: Words, *names: str) -> AsyncIterator[list[tuple[Bus, Recorder]]]:
    """Started buses, each up at each other."""
    async with contextlib.AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(joined(words, name)) for name in names]
        for (bus, recorder), name in zip(nodes, names, strict=True):
            others = sorted(set(names) - {name})
            await recorder.until(lambda bus=bus, others=others: bus.members() == others)  # type: ignore[misc]
        yield nodes


@contextlib.contextmanager
def speaker(words: Words, name: str) -> Iterator[subprocess.Popen[str]]:
    """A node in a process of its own, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.relay.speaker", json.dumps(words), name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


class LonelyContract:
    """What holds for a node without others."""

    @on_loop
    async def test_nobody_hears_what_it_publishes_itself(self, words: Words) -> None:
        async with joined(words, "a") as (bus, heard):
            await bus.ready()
            bus.publish("t", b"reliable")
            bus.publish("t", b"ordered", ordered=True)
            bus.publish("t", b"ephemeral", ephemeral=True)
            await asyncio.sleep(0.1)
            assert bus.members() == [] and bus.keys_held() == {}
        assert heard.calls == [] and heard.payloads == []

    @on_loop
    async def test_a_payload_or_topic_that_is_too_large_is_refused_at_once(
        self, words: Words
    ) -> None:
        async with joined(words, "a") as (bus, _):
            for ordered, ephemeral in ((False, False), (True, False), (False, True)):
                with pytest.raises(PayloadTooLarge):
                    bus.publish("t", bytes(MAX_PAYLOAD + 1), ordered=ordered, ephemeral=ephemeral)
            with pytest.raises(ValueError):
                bus.publish("t" * 256, b"")
            assert bus.statistics()["published"] == 0

    @on_loop
    async def test_its_figures_are_numbers_under_the_promised_names(self, words: Words) -> None:
        async with joined(words, "a") as (bus, _):
            bus.publish("t", b"x")
            figures = dict(bus.statistics())
            assert figures["published"] == 1
            assert figures["delivered"] == figures["gaps"] == figures["members"] == 0
            assert all(isinstance(figure, int | float) for figure in figures.values())

    @on_loop
    async def test_it_closes_within_two_seconds_and_may_be_closed_twice(self, words: Words) -> None:
        async with joined(words, "a") as (bus, _):
            for _ in range(100):
                bus.publish("t", bytes(10_000))
            began = time.monotonic()
            await bus.close()
            assert time.monotonic() - began < CLOSE_TIME
            await bus.close()
            bus.publish("t", b"nobody is told, and nothing is raised")


class Contract(LonelyContract):
    """What holds among several."""

    @on_loop
    async def test_each_payload_is_delivered_once_to_each_and_in_order_where_asked(
        self, words: Words
    ) -> None:
        names = ["a", "b", "c"]
        count = 600
        async with mesh(words, *names) as nodes:
            for (bus, _), name in zip(nodes, names, strict=True):
                for number in range(count):
                    bus.publish("t", b"%s %d" % (name.encode(), number), ordered=number % 3 != 0)
            for (_, heard), name in zip(nodes, names, strict=True):
                await heard.until(lambda heard=heard: len(heard.payloads) >= 2 * count, 20)
                for other in set(names) - {name}:
                    numbers = [
                        int(payload.split()[1])
                        for node, topic, payload in heard.payloads
                        if node == other and topic == "t"
                    ]
                    assert sorted(numbers) == list(range(count))
                    ordered = [number for number in numbers if number % 3]
                    assert ordered == sorted(ordered)
            for bus, _ in nodes:
                assert bus.statistics()["published"] == count
                assert bus.statistics()["delivered"] == 2 * count
                assert bus.statistics()["members"] == 2

    @on_loop
    async def test_a_payload_of_a_mebibyte_arrives_whole_and_in_its_turn(
        self, words: Words
    ) -> None:
        largest = os.urandom(MAX_PAYLOAD)
        async with mesh(words, "a", "b") as [(a, _), (_, heard)]:
            a.publish("t", b"before", ordered=True)
            a.publish("t", largest, ordered=True)
            a.publish("t", b"after", ordered=True)
            await heard.until(lambda: len(heard.payloads) == 3)
            assert [payload for _, _, payload in heard.payloads] == [b"before", largest, b"after"]

    @on_loop
    async def test_an_ephemeral_payload_arrives_at_most_once(self, words: Words) -> None:
        async with mesh(words, "a", "b") as [(a, _), (_, heard)]:
            for number in range(50):
                a.publish("typing", b"%d" % number, ephemeral=True)
            a.publish("end", b"", ordered=True)
            await heard.until(lambda: any(topic == "end" for _, topic, _ in heard.payloads))
            arrived = [payload for _, topic, payload in heard.payloads if topic == "typing"]
            assert len(set(arrived)) == len(arrived)

    @on_loop
    async def test_up_is_followed_by_a_gap_and_a_goodbye_is_a_down_without_one(
        self, words: Words
    ) -> None:
        async with joined(words, "a") as (a, heard):
            await a.ready()
            async with joined(words, "b") as (b, _):
                await heard.until(lambda: a.members() == ["b"])
                await b.ready()
                assert b.members() == ["a"]
                assert b.keys_held() == {"a": frozenset({1})}
            await heard.until(lambda: a.members() == [])
            assert heard.calls == [("up", "b"), ("gap", "b"), ("down", "b")]

    @on_loop
    async def test_what_is_published_before_the_close_arrives_before_the_down(
        self, words: Words
    ) -> None:
        async with joined(words, "a") as (a, heard):
            async with joined(words, "b") as (b, _):
                await heard.until(lambda: a.members() == ["b"])
                for number in range(2000):
                    b.publish("t", b"%d" % number, ordered=True)
                began = time.monotonic()
            assert time.monotonic() - began < CLOSE_TIME
            await heard.until(lambda: ("down", "b") in heard.calls)
            assert [int(payload) for _, _, payload in heard.payloads] == list(range(2000))
            assert heard.calls.count(("gap", "b")) == 1, "only that of its coming"

    @on_loop
    async def test_a_second_node_of_the_same_name_refuses_to_start(self, words: Words) -> None:
        async with mesh(words, "a", "b") as [(a, _), _]:
            await a.ready()
            await asyncio.sleep(0.2)  # of two that start at the same moment one is drawn
            second = make_bus(words, "a")
            await second.start(Recorder())
            with pytest.raises(BusError, match="duplicate node name"):
                await second.ready()
            assert a.members() == ["b"]

    @on_loop
    async def test_who_lacks_the_key_is_no_member_and_reads_nothing(self, words: Words) -> None:
        stranger = Keyring(CLUSTER, {1: b"another secret of 32 bytes......"}, 1)
        async with mesh(words, "a", "b") as [(a, _), (_, heard)]:
            async with joined(words, "mallory", stranger) as (_, overheard):
                a.publish("t", b"secret")
                await heard.until(lambda: len(heard.payloads) == 1)
                await asyncio.sleep(1.2)  # a hello and more
                assert a.members() == ["b"]
            assert overheard.payloads == [] and overheard.calls == []

    @on_loop
    async def test_a_new_key_is_taken_up_while_running(self, words: Words) -> None:
        rings = [Keyring(CLUSTER, {1: KEY}, 1) for _ in range(2)]
        new = {1: KEY, 2: b"n" * 32}
        async with (
            joined(words, "a", rings[0]) as (a, heard_a),
            joined(words, "b", rings[1]) as (b, heard),
        ):
            await heard_a.until(lambda: a.members() == ["b"])
            await heard.until(lambda: b.members() == ["a"])
            for ring in rings:
                ring.update(new, 1)
            await heard_a.until(lambda: a.keys_held() == {"b": frozenset({1, 2})})
            rings[0].update(new, 2)
            a.publish("t", b"under the new key")
            await heard.until(lambda: len(heard.payloads) == 1)
            for ring in rings:
                ring.update({2: b"n" * 32}, 2)
            a.publish("t", b"without the old one")
            await heard.until(lambda: len(heard.payloads) == 2)
            assert heard.calls == [("up", "a"), ("gap", "a")]

    @on_loop
    async def test_a_mistake_of_the_program_stops_nothing(
        self, words: Words, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Failing(Recorder):
            def deliver(self, node: str, topic: str, payload: bytes) -> None:
                super().deliver(node, topic, payload)
                if payload == b"bad":
                    raise RuntimeError("a mistake of the program")

        failing = Failing()
        async with joined(words, "a") as (a, heard):
            b = make_bus(words, "b")
            await b.start(failing)
            try:
                await heard.until(lambda: a.members() == ["b"])
                await failing.until(lambda: b.members() == ["a"])
                a.publish("t", b"bad", ordered=True)
                a.publish("t", b"good", ordered=True)
                await failing.until(lambda: len(failing.payloads) == 2)
            finally:
                await b.close()
        assert "a mistake of the program" in caplog.text


class KillContract:
    """What holds when one of several is killed. Apart, since it takes seconds."""

    @on_loop
    async def test_a_killed_node_is_a_gap_and_then_a_down_within_six_seconds(
        self, words: Words
    ) -> None:
        async with joined(words, "a") as (a, heard):
            with speaker(words, "b") as b:
                await heard.until(lambda: a.members() == ["b"])
                b.kill()
                began = time.monotonic()
                await heard.until(lambda: a.members() == [])
                assert time.monotonic() - began < 3 * 6
            assert heard.calls == [("up", "b"), ("gap", "b"), ("gap", "b"), ("down", "b")]
