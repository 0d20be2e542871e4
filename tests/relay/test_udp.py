"""Real sockets on one host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from functools import wraps

import pytest

from relay.bus import MAX_PAYLOAD, BusError, PayloadTooLarge
from relay.interfaces import Interface, choose_interface
from relay.keyring import Keyring
from relay.udp import UdpBus, UdpSettings
from tests.relay.nodes import CLUSTER, KEY, Recorder, free_port, keyring, node


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: object, **options: object) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **options), 90))

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
        await heard_a.until(lambda: ("down", "c") in heard_a.calls)
        assert heard_a.calls.count(("gap", "c")) == 1, "only the gap of its coming"
        assert b.members() == ["a"]


@MODES
@on_loop
async def test_a_payload_of_a_mebibyte_arrives_whole_and_a_larger_one_is_refused(mode: str) -> None:
    settings = loopback(mode, free_port())
    async with node("a", settings) as (a, _), node("b", settings) as (b, heard):
        await heard.until(lambda: a.members() == ["b"] and b.members() == ["a"])
        largest = os.urandom(MAX_PAYLOAD)
        a.publish("large", b"before", ordered=True)
        a.publish("large", largest, ordered=True)
        a.publish("large", b"after", ordered=True)
        with pytest.raises(PayloadTooLarge):
            a.publish("large", largest + b"x")
        with pytest.raises(ValueError):
            a.publish("t" * 256, b"")
        await heard.until(lambda: len(heard.payloads) == 3)
        assert [payload for _, _, payload in heard.payloads] == [b"before", largest, b"after"]
        a.publish("large", largest, ephemeral=True)
        await heard.until(lambda: heard.payloads[-1][2] is not None and len(heard.payloads) == 4)
        assert ("gap", "a") not in heard.calls[2:]


@on_loop
async def test_what_is_published_just_before_the_close_arrives() -> None:
    settings = loopback("multicast", free_port())
    async with node("b", settings) as (b, heard):
        async with node("a", settings) as (a, _):
            await heard.until(lambda: b.members() == ["a"])
            for number in range(5000):
                a.publish("t", b"%d" % number, ordered=True)
        await heard.until(lambda: ("down", "a") in heard.calls)
        assert [int(payload) for _, _, payload in heard.payloads] == list(range(5000))
        assert heard.calls == [("up", "a"), ("gap", "a"), ("down", "a")]


@on_loop
async def test_a_second_node_with_the_same_name_refuses_to_start() -> None:
    settings = loopback("multicast", free_port())
    async with node("a", settings) as (first, _), node("b", settings) as (_, heard):
        await heard.until(lambda: first.members() == ["b"])
        await asyncio.sleep(0.2)  # two that start at the same moment draw lots
        second = UdpBus(settings, keyring(), "a")
        await second.start(Recorder())
        with pytest.raises(BusError, match="duplicate node name"):
            await second.ready()
        assert second.address == "", "it is closed"


@on_loop
async def test_a_lonely_node_is_ready_after_a_second_and_an_accompanied_one_at_once() -> None:
    settings, elsewhere = (loopback("multicast", free_port()) for _ in range(2))
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with node("a", settings) as (a, _):
        await a.ready()
        assert 0.9 < loop.time() - began < 3 * 1
        async with node("lonely", elsewhere) as (lonely, _), node("b", settings) as (b, _):
            alone = asyncio.create_task(lonely.ready())
            await b.ready()
            assert b.members() == ["a"]
            assert not alone.done()
            await alone


@on_loop
async def test_each_node_of_a_host_has_an_address_of_its_own() -> None:
    port = free_port()
    settings = loopback("multicast", port)
    async with node("a", settings) as (a, _), node("b", settings) as (b, _):
        ports = {int(bus.address.removeprefix("127.0.0.1:")) for bus in (a, b)}
        assert len(ports) == 2
        assert all(port < own <= port + 64 for own in ports)


@on_loop
async def test_peers_may_come_from_a_function_that_changes_its_mind() -> None:
    settings = UdpSettings(mode="peers", port=free_port(), interface="lo")
    async with node("a", settings) as (a, _):
        asked = 0

        async def peers() -> list[str]:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise ConnectionError("the database is away")
            return [a.address, "no-such-host.invalid"]

        heard = Recorder()
        b = UdpBus(settings, keyring(), "b", peers)
        await b.start(heard)
        try:
            await heard.until(lambda: b.members() == ["a"], 15)
        finally:
            await b.close()


@on_loop
async def test_an_unknown_key_is_reported_so_that_the_ring_can_be_reread() -> None:
    settings = loopback("multicast", free_port())
    ring = keyring()
    newer = Keyring(CLUSTER, {1: KEY, 2: b"n" * 32}, 2)
    async with node("a", settings, ring) as (a, heard), node("b", settings, newer):
        a.on_unknown_key = lambda number: ring.update({1: KEY, number: b"n" * 32}, 1)
        await heard.until(lambda: a.members() == ["b"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (UdpSettings(interface="nosuch0"), "nosuch0"),
        (UdpSettings(group="10.1.2.3", interface="lo"), "not a multicast group"),
        (UdpSettings(group="all", interface="lo"), "not a multicast group"),
        (UdpSettings(port=65535, interface="lo"), "no free UDP port"),
    ],
)
@on_loop
async def test_what_cannot_work_is_said_at_the_start(settings: UdpSettings, reason: str) -> None:
    bus = UdpBus(settings, keyring(), "a")
    with pytest.raises(BusError, match=reason):
        await bus.start(Recorder())
    await bus.close()


@on_loop
async def test_a_program_that_fails_in_a_callback_does_not_stop_the_bus(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Recorder):
        def deliver(self, node: str, topic: str, payload: bytes) -> None:
            super().deliver(node, topic, payload)
            if payload == b"bad":
                raise RuntimeError("a mistake of the program")

    settings = loopback("multicast", free_port())
    heard = Failing()
    b = UdpBus(settings, keyring(), "b")
    await b.start(heard)
    try:
        async with node("a", settings) as (a, _):
            await heard.until(lambda: b.members() == ["a"] and a.members() == ["b"])
            a.publish("t", b"bad")
            a.publish("t", b"good")
            await heard.until(lambda: len(heard.payloads) == 2)
        assert "a mistake of the program" in caplog.text
    finally:
        await b.close()


@on_loop
async def test_junk_from_the_network_does_not_stop_the_bus(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = loopback("multicast", free_port())
    async with node("a", settings) as (a, _), node("b", settings) as (b, heard):
        await heard.until(lambda: b.members() == ["a"] and a.members() == ["b"])
        host, port = b.address.split(":")
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            for size in (0, 1, 39, 40, 1400, 9000):
                stranger.sendto(os.urandom(size), (host, int(port)))
        a.publish("t", b"still here")
        await heard.until(lambda: len(heard.payloads) == 1)
        await heard.until(lambda: b.statistics()["foreign"] >= 6)
        assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


@on_loop
async def test_the_interface_is_still_followed_after_a_look_without_a_free_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relay.udp.WATCH_INTERVAL", 0.05)
    async with node("a", loopback("multicast", free_port())) as (a, heard):
        found = choose_interface("lo", "239.192.77.1")
        looks = 0

        def look(name: str, destination: str) -> Interface:
            nonlocal looks
            looks += 1
            if looks == 1:
                raise OSError(errno.EMFILE, "Too many open files")
            return found._replace(mtu=1400)

        before = a.address
        monkeypatch.setattr("relay.udp.choose_interface", look)
        # Opened beside the old one, so on another port.
        await heard.until(lambda: a.address != before)
