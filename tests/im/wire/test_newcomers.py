"""Whoever has not asked for anything yet is bounded in number, bytes and time, whatever they do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from im.wire import newcomers
from im.wire.listener import Listener
from im.wire.newcomers import HEAD_BYTES, Arrival, Newcomers
from im.wire.tls import HANDSHAKE, Tls
from tests.im.wire.pair import WAIT, until
from tests.im.wire.secure_client import SecureClient, client_context, server_context

pytestmark = pytest.mark.gen_test(timeout=30)

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Door:
    """A port on which newcomers come in, and those who have arrived."""

    def __init__(self, most: int, seconds: float, context: ssl.SSLContext | None) -> None:
        self.arrivals: list[Arrival] = []
        loop = asyncio.get_running_loop()
        self.newcomers = Newcomers(
            loop, Tls(lambda: context), self.arrivals.append, most=lambda: most, seconds=seconds
        )
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listener = Listener(loop, [self.listening], self.newcomers)
        self.clients: list[socket.socket] = []

    async def call(self, data: bytes = b"") -> socket.socket:
        """A connection on which this was sent."""
        client = socket.socket()
        client.setblocking(False)
        self.clients.append(client)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, self.listening.getsockname())
        await loop.sock_sendall(client, data)
        return client


@asynccontextmanager
async def door(
    *, most: int = 100, seconds: float = 30.0, context: ssl.SSLContext | None = None
) -> AsyncIterator[Door]:
    """A port; nothing stays open at the end."""
    opened = Door(most, seconds, context)
    opened.listener.start()
    try:
        yield opened
    finally:
        opened.listener.stop()
        opened.newcomers.close()
        opened.listening.close()
        for client in opened.clients:
            client.close()
        for arrival in opened.arrivals:
            arrival.connected.close()
        assert len(opened.newcomers) == 0


async def read_all(client: socket.socket) -> bytes:
    """What comes until the other side ends."""
    got = b""
    async with asyncio.timeout(WAIT):
        with suppress(ConnectionResetError):
            while more := await asyncio.get_running_loop().sock_recv(client, 65536):
                got += more
    return got


async def test_a_request_arrives_whole_with_what_came_behind_it(io_loop: object) -> None:
    async with door() as opened:
        await opened.call(REQUEST + b"more")
        await until(lambda: len(opened.arrivals) == 1)
        arrival = opened.arrivals[0]
        assert arrival.data == REQUEST + b"more"
        assert arrival.head == len(REQUEST)
        assert arrival.peer == opened.clients[0].getsockname()
        assert arrival.tls is None
        assert len(opened.newcomers) == 0


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n"])
async def test_a_request_may_come_byte_by_byte(io_loop: object, end: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x" + end
    async with door() as opened:
        client = await opened.call()
        for byte in request:
            assert opened.arrivals == []
            client.send(bytes((byte,)))
            await asyncio.sleep(0.0005)
        await until(lambda: len(opened.arrivals) == 1)
        assert opened.arrivals[0].data == request


@pytest.mark.parametrize(
    "data",
    [b"", b"GET", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 40],
    ids=["nothing", "half a line", "a byte of TLS", "half a ClientHello"],
)
async def test_who_takes_too_long_is_dropped_without_a_word(io_loop: object, data: bytes) -> None:
    async with door(seconds=0.2, context=server_context()) as opened:
        client = await opened.call(data)
        assert await read_all(client) == b""
        assert opened.newcomers.dropped == 1
        assert opened.arrivals == []


async def test_who_sends_a_byte_now_and_then_gets_no_more_time(io_loop: object) -> None:
    async with door(seconds=0.3) as opened:
        client = await opened.call(b"GET / HTTP/1.1\r\n")
        begun = asyncio.get_running_loop().time()
        reading = asyncio.create_task(read_all(client))
        while not reading.done():
            with suppress(OSError):
                client.send(b"x")
            await asyncio.sleep(0.02)
        assert await reading == b""
        assert asyncio.get_running_loop().time() - begun < WAIT / 2
        assert opened.newcomers.dropped == 1


@pytest.mark.parametrize("secure", [False, True])
async def test_a_head_that_is_too_large_is_told_and_what_follows_is_thrown_away(
    io_loop: object, secure: bool
) -> None:
    head = b"GET / HTTP/1.1\r\nCookie: " + b"x" * HEAD_BYTES
    async with door(context=server_context()) as opened:
        client = await opened.call(b"" if secure else head)
        if secure:
            encrypted = SecureClient(client)
            await encrypted.handshake()
            await encrypted.write(head)
            got = await encrypted.read_all()
        else:
            await asyncio.get_running_loop().sock_sendall(client, b"x" * 100_000)
            got = await read_all(client)
        assert got.startswith(b"HTTP/1.1 431 ")
        client.close()
        await until(lambda: len(opened.newcomers) == 0)
        assert opened.arrivals == []


async def test_a_whole_head_that_is_too_large_is_refused_as_well(io_loop: object) -> None:
    async with door() as opened:
        head = b"GET / HTTP/1.1\r\nA: " + b"x" * HEAD_BYTES + b"\r\n\r\n"
        assert (await read_all(await opened.call(head))).startswith(b"HTTP/1.1 431 ")
        fits = b"GET / HTTP/1.1\r\nA: " + b"x" * (HEAD_BYTES - 23) + b"\r\n\r\n"
        assert len(fits) == HEAD_BYTES
        await opened.call(fits)
        await until(lambda: len(opened.arrivals) == 1)


async def test_who_never_reads_a_refusal_is_dropped_in_time(io_loop: object) -> None:
    async with door(seconds=0.2) as opened:
        client = await opened.call(b"x" * (HEAD_BYTES + 1))
        await until(lambda: opened.newcomers.dropped == 1)
        assert (await read_all(client)).startswith(b"HTTP/1.1 431 ")


async def test_further_newcomers_wait_and_then_the_most_silent_goes_for_them(
    io_loop: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newcomers, "PATIENCE_SECONDS", 0.3)
    async with door(most=2) as opened:
        first = await opened.call()
        second = await opened.call()
        await until(lambda: len(opened.newcomers) == 2)
        begun = asyncio.get_running_loop().time()
        await opened.call(REQUEST)
        await until(lambda: len(opened.arrivals) == 1)
        assert asyncio.get_running_loop().time() - begun > 0.1
        assert await read_all(first) == b""
        second.send(REQUEST)
        await until(lambda: len(opened.arrivals) == 2)


async def test_who_waits_for_room_comes_in_when_one_has_asked(io_loop: object) -> None:
    async with door(most=1) as opened:
        first = await opened.call()
        await until(lambda: len(opened.newcomers) == 1)
        await opened.call(REQUEST)
        first.send(REQUEST)
        await until(lambda: len(opened.arrivals) == 2)
        assert opened.newcomers.dropped == 0


async def test_many_who_come_at_once_all_get_in(io_loop: object) -> None:
    async with door(most=5) as opened:
        for _ in range(100):
            await opened.call(REQUEST)
        await until(lambda: len(opened.arrivals) == 100)


async def test_who_hangs_up_is_gone(io_loop: object) -> None:
    async with door() as opened:
        client = await opened.call(b"GET /")
        await until(lambda: len(opened.newcomers) == 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        await until(lambda: len(opened.newcomers) == 0)


async def test_where_there_is_no_tls_it_ends_without_a_word(io_loop: object) -> None:
    async with door() as opened:
        assert await read_all(await opened.call(b"\x16\x03\x01\x02\x00")) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x00\x05hello",
        b"\x16GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + b"x" * 60_000,
        b"\x16" * 100,
    ],
)
async def test_what_is_no_tls_behind_its_first_byte_ends_with_an_alert_at_most(
    io_loop: object, data: bytes
) -> None:
    async with door(context=server_context()) as opened:
        got = await read_all(await opened.call(data))
        # An alert (RFC 8446, section 6): content type 21, two bytes inside.
        assert got == b"" or (got[0] == 21 and len(got) == 7)
        assert opened.arrivals == []


async def test_an_old_client_hello_of_ssl_2_waits_as_long_as_any_line(io_loop: object) -> None:
    async with door(seconds=0.2, context=server_context()) as opened:
        assert await read_all(await opened.call(b"\x80\x2e\x01\x00\x02" + b"x" * 40)) == b""


async def test_a_request_inside_tls_arrives_as_it_was_sent(io_loop: object) -> None:
    async with door(context=server_context()) as opened:
        client = SecureClient(await opened.call())
        await client.handshake()
        assert client.protocol == "http/1.1"
        for byte in REQUEST[:5]:
            await client.write(bytes((byte,)))
        await client.write(REQUEST[5:] + b"more")
        await until(lambda: len(opened.arrivals) == 1)
        arrival = opened.arrivals[0]
        assert (arrival.data, arrival.head) == (REQUEST + b"more", len(REQUEST))
        assert arrival.tls is not None
        assert arrival.tls.established
        arrival.connected.send(arrival.tls.seal(b"answer"))
        assert await client.read(6) == b"answer"


async def test_plain_and_secure_come_in_side_by_side(io_loop: object) -> None:
    async with door(context=server_context()) as opened:
        clients = [SecureClient(await opened.call()) for _ in range(8)]
        plain = [await opened.call(REQUEST[:4]) for _ in range(8)]
        await asyncio.gather(*(client.handshake() for client in clients))
        for client in reversed(clients):
            await client.write(REQUEST)
        for each in plain:
            each.send(REQUEST[4:])
        await until(lambda: len(opened.arrivals) == 16)
        assert {arrival.data for arrival in opened.arrivals} == {REQUEST}
        assert sum(arrival.tls is None for arrival in opened.arrivals) == 8


async def test_at_the_end_newcomers_are_gone_and_answers_still_go_out(io_loop: object) -> None:
    async with door() as opened:
        waiting = await opened.call(b"GET /")
        asking = await opened.call(REQUEST)
        await until(lambda: len(opened.arrivals) == len(opened.newcomers) == 1)
        opened.listener.stop()
        opened.newcomers.close()
        assert await read_all(waiting) == b""
        opened.newcomers.answer(opened.arrivals[0], b"HTTP/1.1 503 x\r\n\r\n")
        assert await read_all(asking) == b"HTTP/1.1 503 x\r\n\r\n"


@pytest.mark.parametrize("step", ["hello", "finished", "request"])
async def test_who_has_gone_on_while_the_node_was_busy_is_not_dropped(
    io_loop: object, step: str
) -> None:
    async with door(seconds=0.2, context=server_context()) as opened:
        client = SecureClient(await opened.call())
        await until(lambda: len(opened.newcomers) == 1)
        newcomer = next(iter(opened.newcomers.poller))
        if step != "hello":
            go_on(client)
            await until(lambda: newcomer.steps == 1)
            await client.receive()
        if step == "request":
            go_on(client)
            await until(lambda: newcomer.steps == 2)
            client.connected.send(client.seal(REQUEST))
        else:
            go_on(client)
        time.sleep(0.3)  # noqa: ASYNC251 - the loop is busy with something else
        if step != "request":
            await client.handshake()
            await client.write(REQUEST)
        await until(lambda: len(opened.arrivals) == 1)
        assert opened.newcomers.dropped == 0


def go_on(client: SecureClient) -> None:
    """The next step of a handshake."""
    with suppress(ssl.SSLWantReadError):
        client.session.do_handshake()
    client.connected.send(client.out.read())


async def test_whoever_is_half_way_through_tls_is_dropped_in_time(io_loop: object) -> None:
    async with door(seconds=0.2, context=server_context()) as opened:
        client = SecureClient(await opened.call())
        with suppress(ssl.SSLWantReadError):
            client.session.do_handshake()
        await client.flush()
        assert (await read_all(client.connected))[0] == HANDSHAKE
        assert opened.newcomers.dropped == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_handshake_ends_before_the_client_has_said_anything(
    io_loop: object, version: ssl.TLSVersion
) -> None:
    context = client_context()
    context.maximum_version = version
    async with door(context=server_context()) as opened:
        client = SecureClient(await opened.call(), context)
        await asyncio.wait_for(client.handshake(), WAIT)
        await client.write(REQUEST)
        await until(lambda: len(opened.arrivals) == 1)
        assert opened.arrivals[0].data == REQUEST


async def test_what_lets_a_client_come_again_goes_with_the_first_answer(io_loop: object) -> None:
    context = client_context()
    async with door(context=server_context()) as opened:
        first = SecureClient(await opened.call(), context)
        await first.handshake()
        await first.write(REQUEST)
        await until(lambda: len(opened.arrivals) == 1)
        answered = opened.arrivals[0].tls
        assert answered is not None
        await asyncio.get_running_loop().sock_sendall(
            opened.arrivals[0].connected, answered.seal(b"answer")
        )
        assert await first.read(6) == b"answer"
        again = SecureClient(await opened.call(), context, first.session.session)
        await again.handshake()
        assert again.session.session_reused
