"""A node whose port is attacked serves the others, and is as before when it is over."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from im.client import Client
from im.wire.descriptors import raise_limit
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.wait import until
from tests.im.wire.secure_client import client_context
from tests.services.node import Node, NodeFactory

HALF_OPEN = 10_000
SPARE = 200
"""Descriptors that are left to a node."""
RESET = struct.pack("ii", 1, 0)
"""For ``SO_LINGER``: hang up with a reset."""


def descriptors(node: Node) -> int:
    """How many a node has open."""
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def call(node: Node, data: bytes = b"") -> socket.socket:
    """A connection on which this was sent."""
    opened = socket.create_connection((node.host, node.port), 30)
    with suppress(OSError):
        opened.sendall(data)
    return opened


def answered(node: Node) -> bool:
    """Whether a newcomer gets an answer."""
    with call(node, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as client:
        client.settimeout(60)
        return client.recv(100).startswith(b"HTTP/1.1 200 ")


def open_many(stack: ExitStack, node: Node, data: bytes) -> None:
    """Connections that stay open."""
    for _ in range(HALF_OPEN):
        stack.enter_context(call(node, data))


@pytest.fixture
def embedded(node: NodeFactory, tmp_path: Path) -> Node:
    """A node with the embedded database."""
    return node(env={"IM_DATABASE_URL": f"sqlite:///{tmp_path / 'im.db'}", **SETTINGS})


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTTP/1.1\r\nX: ", b"\x16\x03\x01\x02"], ids=["silent", "head", "tls"]
)
def test_thousands_who_never_finish_their_first_request_keep_nobody_out(
    embedded: Node, data: bytes
) -> None:
    allowed = raise_limit()
    if allowed < HALF_OPEN + 500:
        pytest.skip("ulimit -n allows too few")

    async def run() -> None:
        one = await Client.register([embedded.url], "one", PASSWORD)
        with ExitStack() as stack:
            async with one:
                attack = asyncio.create_task(asyncio.to_thread(open_many, stack, embedded, data))
                slowest = 0.0
                while not attack.done():
                    sent = time.monotonic()
                    await one.send("all", "I am still here")
                    slowest = max(slowest, time.monotonic() - sent)
                await attack
                ended = time.monotonic()
                assert await asyncio.to_thread(answered, embedded)
                print(
                    f"{HALF_OPEN:,} came meanwhile: the slowest message was stored after"
                    f" {slowest * 1000:.0f} ms, a newcomer answered after"
                    f" {time.monotonic() - ended:.2f} s"
                )
                await one.send("all", "and now as well")
                assert one.connections == 1

    asyncio.run(run())


def test_where_descriptors_are_short_accepting_rests_and_goes_on(embedded: Node) -> None:
    async def run() -> None:
        one = await Client.register([embedded.url], "one", PASSWORD)
        other = await Client.register([embedded.url], "other", PASSWORD)
        async with one, other:
            process, short = embedded.process.pid, descriptors(embedded) + SPARE
            before = resource.prlimit(process, resource.RLIMIT_NOFILE, (short, short))
            with ExitStack() as stack:
                for _ in range(2 * SPARE):
                    stack.enter_context(call(embedded))
                await until(lambda: "no connection can be accepted" in embedded.log, what="a word")
                sent = time.monotonic()
                await one.send(f"u:{other.user.id}", "who is connected goes on")
                took = time.monotonic() - sent
                print(f"without descriptors a message was stored after {took * 1000:.0f} ms")
                async for entry in other.entries():
                    if getattr(entry, "text", "") == "who is connected goes on":
                        break
            ended = time.monotonic()
            assert await asyncio.to_thread(answered, embedded), "and so does accepting"
            print(f"a newcomer was answered {time.monotonic() - ended:.2f} s after it was over")
            assert embedded.log.count("no connection can be accepted") == 1
            with suppress(PermissionError):
                resource.prlimit(process, resource.RLIMIT_NOFILE, before)

    asyncio.run(run())


def in_tls(node: Node, rng: random.Random) -> None:
    """Breaks off somewhere in a TLS handshake."""
    come, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = client_context().wrap_bio(come, out, server_hostname="localhost")
    with call(node) as client:
        for _ in range(rng.randrange(1, 4)):
            with suppress(ssl.SSLWantReadError):
                session.do_handshake()
            said = out.read()
            client.sendall(said[: rng.randrange(len(said) + 1)] if rng.random() < 0.5 else said)
            if not rng.random() < 0.5:
                break
            with suppress(OSError):
                client.settimeout(0.05)
                come.write(client.recv(65536))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def in_a_handshake(node: Node, rng: random.Random) -> None:
    """Breaks off somewhere in a handshake, or right after it."""
    request = (
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with call(node, request[: rng.choice((rng.randrange(len(request)), len(request)))]) as client:
        if rng.random() < 0.7:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def with_garbage(node: Node, rng: random.Random) -> None:
    """Sends what is no protocol."""
    with call(node, rng.randbytes(rng.choice((1, 10, 1000, 40_000)))):
        pass


@pytest.mark.parametrize("attack", [in_tls, in_a_handshake, with_garbage])
def test_whoever_breaks_off_anywhere_leaves_nothing_behind(
    embedded: Node, rng: random.Random, attack: Callable[[Node, random.Random], None]
) -> None:
    async def run() -> None:
        one = await Client.register([embedded.url], "one", PASSWORD)
        async with one:
            before = descriptors(embedded)
            for _ in range(300):
                with suppress(ConnectionError):
                    await asyncio.to_thread(attack, embedded, rng)
            await one.send("all", "nothing has happened")
            await until(lambda: descriptors(embedded) <= before + 2, what="the end of all")
            assert one.connections == 1

    asyncio.run(run())
    assert "Traceback" not in embedded.log
