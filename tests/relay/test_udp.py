"""Real sockets on one host."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

import pytest

from relay.udp import UdpSettings
from tests.relay.nodes import free_port, node


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: object, **options: object) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **options), 30))

    return run


def loopback(mode: str, port: int) -> UdpSettings:
    peers = ("127.0.0.1",) if mode == "peers" else ()
    return UdpSettings(mode=mode, port=port, interface="lo", peers=peers)  # type: ignore[arg-type]


MODES = pytest.mark.parametrize("mode", ["multicast", "broadcast", "peers"])


@MODES
@on_loop
async def test_nodes_of_one_host_find_each_other_and_hear_what_is_published(mode: str) -> None:
    settings = loopback(mode, free_port())
    async with node("a", settings) as (a, heard_a), node("b", settings) as (b, heard_b):
        async with node("c", settings) as (c, heard_c):
            await asyncio.gather(a.ready(), b.ready(), c.ready())
            await heard_a.until(lambda: a.members() == ["b", "c"])
            await heard_b.until(lambda: b.members() == ["a", "c"])
            await heard_c.until(lambda: c.members() == ["a", "b"])
            a.publish("news", b"one")
            a.publish("news", b"two", ordered=True)
            a.publish("typing", b"three", ephemeral=True)
            wanted = {("a", "news", b"one"), ("a", "news", b"two"), ("a", "typing", b"three")}
            await heard_b.until(lambda: wanted == set(heard_b.payloads))
            await heard_c.until(lambda: wanted == set(heard_c.payloads))
            assert not heard_a.payloads, "a node must not hear itself"
        await heard_a.until(lambda: ("down", "c") in heard_a.calls, 2)
        assert heard_a.calls.count(("gap", "c")) == 1, "only the gap of its coming"
        assert b.members() == ["a"]
