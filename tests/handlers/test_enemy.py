"""Whoever means harm to the port gets an error or nothing, and nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from handlers.port import Port
from im.app import Messenger
from tests.handlers.api import Api
from tests.handlers.test_door import called, handshake, read_until, until
from tests.handlers.test_port import get

pytestmark = pytest.mark.gen_test(timeout=60)

SECOND = get("/healthz")
"""What would be a second request if the end of the first were misjudged."""


CHUNKED = "Transfer-Encoding: chunked"
EMPTY = b"0\r\n\r\n"


def post(*fields: str, body: bytes = b"") -> bytes:
    """A request with a body."""
    lines = ["POST /api/login HTTP/1.1", "Host: localhost", *fields, "", ""]
    return "\r\n".join(lines).encode("latin1") + body


SMUGGLED = {
    "a length and chunks": post("Content-Length: 4", CHUNKED, body=b"0\r\n\r\n"),
    "chunks and a length": post(CHUNKED, "Content-Length: 4", body=b"0\r\n\r\n"),
    "two lengths": post("Content-Length: 2", "Content-Length: 4", body=b"{}"),
    "a list of lengths": post("Content-Length: 2, 4", body=b"{}"),
    "a length with a sign": post("Content-Length: +2", body=b"{}"),
    "a length below zero": post("Content-Length: -1", body=b"{}"),
    "a length with an underscore": post("Content-Length: 1_0", body=b"{}"),
    "a length in other digits": post("Content-Length: \xb2", body=b"{}"),
    "chunks twice": post("Transfer-Encoding: chunked, chunked", body=EMPTY),
    "an unknown coding": post("Transfer-Encoding: xchunked", body=EMPTY),
    "a coding and chunks": post("Transfer-Encoding: gzip, chunked", body=EMPTY),
    "a chunk with a sign": post(CHUNKED, body=b"+2\r\n{}\r\n0\r\n\r\n"),
    "a chunk in 0x": post(CHUNKED, body=b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a chunk below zero": post(CHUNKED, body=b"-2\r\n{}\r\n0\r\n\r\n"),
    "a chunk that is longer": post(CHUNKED, body=b"1\r\n{}\r\n0\r\n\r\n"),
    "a huge chunk": post(CHUNKED, body=b"f" * 60 + b"\r\n{}\r\n0\r\n\r\n"),
    "a space before the colon": post("Content-Length : 2", body=b"{}"),
    "a line folded": post("Content-Length:\r\n 2", body=b"{}"),
    "a null byte": post("X: a\0b", "Content-Length: 2", body=b"{}"),
    "a bare return": post("X: a\rContent-Length: 2", body=b"{}"),
    "a method that is none": b"GET\x01 / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /\r\nHost: localhost\r\n\r\n",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("smuggled", SMUGGLED)
@pytest.mark.parametrize("after_a_page", [False, True])
async def test_nothing_is_taken_for_a_second_request_that_is_part_of_a_bad_one(
    api: Api, smuggled: str, after_a_page: bool
) -> None:
    page = get("/healthz") if after_a_page else b""
    async with called(api, page + SMUGGLED[smuggled] + SECOND) as client:
        got = await read_until(client, b"")
    assert got.count(b'{"status":"ok"}') == after_a_page, got
    assert got.count(b"HTTP/1.1 ") <= 1 + after_a_page, got
    assert not got.rpartition(b"HTTP/1.1 ")[2].startswith(b"2") or after_a_page, got


async def test_many_requests_at_once_on_one_connection_delay_nobody(
    api: Api, http_server: Port
) -> None:
    many = 3000
    loop = asyncio.get_running_loop()
    async with called(api, b"") as greedy:
        asking = asyncio.create_task(loop.sock_sendall(greedy, get("/healthz") * many))
        reading = asyncio.create_task(read_until(greedy, b""))
        answered = 0
        while answered < 5:
            async with called(api, get("/healthz", "Connection: close")) as client:
                await read_until(client, b'{"status":"ok"}')
            answered += 1
        asking.cancel()
        reading.cancel()
        await asyncio.gather(asking, reading, return_exceptions=True)
    await until(lambda: len(http_server.connections) == 0)


@pytest.mark.parametrize("path", ["/ws", "/chat"])
@pytest.mark.parametrize(
    ("overrides", "status"),
    [
        ({"http": {"max_connections": 1}}, 503),
        ({"http": {"max_connections_per_address": 1}}, 429),
        ({}, 503),
    ],
    ids=["in all", "of one address", "while it drains"],
)
@pytest.mark.parametrize("after_a_page", [False, True])
async def test_whoever_is_too_many_is_told_when_to_come_back(
    api: Api, messenger: Messenger, path: str, status: int, after_a_page: bool, overrides: object
) -> None:
    ann = await api.register("ann")
    async with called(api, handshake(path, ann)) as first:
        await read_until(first, "欢迎".encode())
        messenger.draining = not overrides
        page = get("/healthz") if after_a_page else b""
        async with called(api, page + handshake(path, ann)) as client:
            head = (await read_until(client, b"")).rpartition(b"HTTP/1.1 ")[2]
        assert head.startswith(f"{status} ".encode())
        assert b"\r\nRetry-After: 5\r\n" in head
        messenger.draining = False
    await until(lambda: messenger.capacity.open == 0)


@pytest.mark.parametrize(
    "overrides",
    [{"http": {"max_connections_per_address": 1, "trusted_proxies": ["127.0.0.0/8"]}}],
    ids=["one"],
)
async def test_all_addresses_of_an_ipv6_network_count_as_one(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")

    def coming_from(address: str) -> bytes:
        return handshake(who=ann, **{"X-Forwarded-For": address})

    async with called(api, coming_from("2001:db8::1")) as first:
        await read_until(first, b"welcome")
        for address, status in (("2001:db8::ffff:1", b" 429 "), ("2001:db8:0:1::1", b" 101 ")):
            async with called(api, coming_from(address)) as other:
                assert status in await read_until(other, b"\r\n")
        await until(lambda: messenger.capacity.open == 1)
