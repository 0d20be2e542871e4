"""One port speaks HTTP and TLS, to pages, programs and sockets; what is odd is refused as one."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import websockets

from handlers import http_connections
from handlers.port import Port
from im.app import Messenger
from tests.handlers.api import WAIT, Api
from tests.handlers.test_door import called, handshake, read_until, text, until

pytestmark = pytest.mark.gen_test(timeout=60)


@asynccontextmanager
async def inside_tls(
    api: Api, data: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection inside TLS on which this was sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, _, port = api.url.removeprefix("http://").partition(":")
    async with asyncio.timeout(WAIT):
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        writer.write(data)
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next response: its head and its body."""
    async with asyncio.timeout(WAIT):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return head, await reader.readexactly(length)


def get(path: str, *fields: str) -> bytes:
    """A request."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]
    return "\r\n".join(lines).encode()


async def test_pages_come_inside_tls_as_they_come_without(api: Api) -> None:
    async with called(api, get("/login", "Connection: close")) as client:
        plain = await read_until(client, b"")
    async with inside_tls(api, get("/login") + get("/login")) as (reader, _):
        one, two = await answer(reader), await answer(reader)
    assert one[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert plain.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Set-Cookie: __Host-_xsrf=" in one[0]
    assert b"; Secure" in one[0]
    assert b"; Secure" not in plain
    assert two[0].startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_large_file_comes_whole_to_one_who_reads_slowly(api: Api) -> None:
    path = "/static/vendor/swagger-ui/swagger-ui-bundle.js"
    expected = await api.call("GET", path)
    assert expected.status == 200, "this test needs a large file"
    async with inside_tls(api, get(path) * 2) as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(2):
            head, body = await answer(reader)
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert body.decode() == expected.text
    assert len(expected.text) > 500_000


async def test_a_body_comes_whole_however_it_is_cut(api: Api) -> None:
    ann = await api.register("ann")
    drawn = random.Random(16)
    message = json.dumps({"to": "all", "text": "好" * 20_000}).encode()
    request = (
        f"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ann.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(message)}\r\n\r\n"
    ).encode() + message
    async with inside_tls(api) as (reader, writer):
        for _ in range(2):
            at = 0
            while at < len(request):
                size = drawn.randrange(1, 30_000)
                writer.write(request[at : at + size])
                at += size
                await asyncio.sleep(0)
            head, body = await answer(reader)
            assert head.startswith(b"HTTP/1.1 200 OK\r\n"), body


async def test_a_body_that_is_too_large_is_told_inside_tls_as_well(api: Api) -> None:
    ann = await api.register("ann")
    request = (
        f"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ann.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    ).encode() + b"x" * 1_000_000
    async with inside_tls(api, request) as (reader, _):
        assert (await answer(reader))[0].startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_sockets_open_inside_tls(api: Api, messenger: Messenger, path: str) -> None:
    ann = await api.register("ann")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with websockets.connect(
        api.url.replace("http", "wss") + path,
        ssl=context,
        additional_headers={"Authorization": f"Bearer {ann.token}"},
    ) as socket:
        assert "欢迎" in str(await socket.recv())
        await socket.send('{"op":"ping","id":1}' if path == "/ws" else '{"Type":9}')
        assert await socket.recv()
        assert messenger.capacity.open == 1
    await until(lambda: messenger.capacity.open == len(messenger.connections) == 0)


@pytest.mark.parametrize("pages", [0, 1])
async def test_who_sends_frames_with_the_handshake_inside_tls_is_answered_in_order(
    api: Api, pages: int
) -> None:
    ann = await api.register("ann")
    data = get("/healthz") * pages + handshake(who=ann)
    data += b"".join(text(json.dumps({"op": "ping", "id": number})) for number in range(40))
    async with inside_tls(api, data) as (reader, _):
        async with asyncio.timeout(WAIT):
            got = await reader.readuntil(b'"ok","id":39,')
        places = [got.index(b'"welcome"')] + [got.index(b'"ok","id":%d,' % n) for n in range(40)]
        assert places == sorted(places)


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_page_of_this_host_opens_its_socket_inside_tls_with_its_guarded_cookie(
    api: Api, guarded: bool
) -> None:
    ann = await api.register("ann")
    name = "__Host-im_session" if guarded else "im_session"
    fields = {"Origin": "https://localhost", "Cookie": f"{name}={ann.token}", "Host": "localhost"}
    async with inside_tls(api, handshake(**fields)) as (reader, writer):
        async with asyncio.timeout(WAIT):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            if not guarded:
                writer.write(text('{"op":"ping"}'))
            await reader.readuntil(b'"welcome"' if guarded else b'"unauthorized"')


async def test_a_page_that_came_without_tls_opens_no_socket_inside_it(api: Api) -> None:
    ann = await api.register("ann")
    cookie = f"__Host-im_session={ann.token}"
    for origin in ("http://localhost", "HTTP://localhost"):
        fields = {"Origin": origin, "Cookie": cookie, "Host": "localhost"}
        async with inside_tls(api, handshake(**fields)) as (reader, _), asyncio.timeout(WAIT):
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 403 ")


ODD: dict[str, tuple[bytes, bytes]] = {
    "a body": (handshake(**{"Content-Length": "3"}) + b"abc", b" 400 "),
    "chunks": (handshake(**{"Transfer-Encoding": "chunked"}) + b"0\r\n\r\n", b" 400 "),
    "two hosts": (handshake().replace(b"Upgrade:", b"Host: other\r\nUpgrade:", 1), b" 400 "),
    "no host": (handshake(Host=""), b" 400 "),
    "a bad host": (handshake(Host="a b"), b" 400 "),
    "an absolute target": (handshake("http://localhost/ws"), b" 404 "),
    "http 1.0": (handshake().replace(b"HTTP/1.1", b"HTTP/1.0"), b" 400 "),
    "http 9": (handshake().replace(b"HTTP/1.1", b"HTTP/9"), b" 400 "),
    "post": (handshake().replace(b"GET", b"POST"), b" 405 "),
    "a folded field": (handshake().replace(b"Upgrade: ", b"Upgrade:\r\n ", 1), b" 400 "),
    "a field twice": (handshake(Upgrade="websocket, websocket"), b" 400 "),
    "a field without a name": (handshake().replace(b"Upgrade:", b": x\r\nUpgrade:"), b" 400 "),
    "a space before the colon": (handshake().replace(b"Upgrade:", b"Upgrade :"), b" 400 "),
    "another key": (handshake(**{"Sec-WebSocket-Key": "AAAA"}), b" 400 "),
    "a key that is none": (handshake(**{"Sec-WebSocket-Key": "é" * 12}), b" 400 "),
    "no version": (handshake(**{"Sec-WebSocket-Version": ""}), b" 400 "),
    "two versions": (handshake(**{"Sec-WebSocket-Version": "13, 8"}), b" 426 "),
    "bare line feeds": (handshake().replace(b"\r\n", b"\n"), b" 101 "),
    "other case": (handshake(Upgrade="WebSocket", Connection="keep-alive, UPGRADE"), b" 101 "),
    "a query": (handshake("/ws?x=%ff&x=1"), b" 101 "),
    "another path": (handshake("/ws/"), b" 404 "),
    "a coded path": (handshake("/%77s"), b" 404 "),
    "a query that is not UTF-8": (handshake("/chat?token=%ff"), b" 400 "),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("after_a_page", [False, True])
async def test_what_is_odd_is_understood_in_one_way_whoever_reads_it(
    api: Api, messenger: Messenger, odd: str, after_a_page: bool
) -> None:
    request, status = ODD[odd]
    page = get("/healthz") if after_a_page else b""
    async with called(api, page + request) as client:
        if after_a_page:
            await read_until(client, b'{"status":"ok"}')
        first = (await read_until(client, b"\r\n")).splitlines()[0]
        assert status in first + b" "
    await until(lambda: messenger.capacity.open == 0)


async def test_what_a_socket_is_offered_is_chosen_from(api: Api) -> None:
    for offered, chosen in (("im.v1", True), ("x, im.v1", True), ("x", False)):
        async with called(api, handshake(**{"Sec-WebSocket-Protocol": offered})) as client:
            head = await read_until(client, b"\r\n\r\n")
            assert (b"\r\nSec-WebSocket-Protocol: im.v1\r\n" in head) == chosen
            assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head


@pytest.mark.parametrize(
    "overrides",
    [
        {"http": {"trusted_proxies": ["127.0.0.0/8"], "max_connections_per_address": 1}},
        {"http": {"max_connections_per_address": 1}},
    ],
    ids=["trusted", "not trusted"],
)
async def test_a_proxys_word_for_the_address_counts_when_it_is_trusted(
    api: Api, settings: Any
) -> None:
    ann = await api.register("ann")
    first = handshake(who=ann, **{"X-Forwarded-For": "10.0.0.1"})
    second = handshake(who=ann, **{"X-Forwarded-For": "10.0.0.2"})
    async with called(api, first) as one:
        await read_until(one, b"welcome")
        async with called(api, second) as other:
            line = await read_until(other, b"\r\n")
            assert (b" 101 " in line) == bool(settings.http.trusted_proxies)


async def test_two_requests_at_once_are_both_answered(api: Api) -> None:
    async with called(api, get("/healthz") + get("/healthz", "Connection: close")) as client:
        assert (await read_until(client, b"")).count(b'{"status":"ok"}') == 2


@pytest.mark.parametrize("overrides", [{"http": {"first_seconds": 0.2}}], ids=["0.2 s"])
async def test_who_has_asked_once_has_more_time_for_the_next_request(
    api: Api, messenger: Messenger
) -> None:
    async with called(api, get("/healthz")) as client:
        await read_until(client, b'{"status":"ok"}')
        async with called(api, b"GET /") as slow:
            assert await read_until(slow, b"") == b""
        await asyncio.get_running_loop().sock_sendall(client, get("/healthz"))
        await read_until(client, b'{"status":"ok"}')


async def test_who_is_refused_may_go_on_talking_and_still_hears_why(api: Api) -> None:
    evil = handshake(Origin="http://evil.example")
    async with called(api, evil + b"x" * 200_000) as client:
        assert b"HTTP/1.1 403 " in await read_until(client, b"")


TWO = {"http": {"max_http_connections": 2}}
ONE_EACH = {"http": {"max_http_connections_per_address": 1}}
HALF = (
    b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)
"""A request that goes on for as long as its body does not come."""


@pytest.mark.parametrize("overrides", [TWO, ONE_EACH], ids=["in all", "of one address"])
async def test_who_is_idle_longest_leaves_for_a_new_connection(
    api: Api, http_server: Port, overrides: dict[str, Any]
) -> None:
    async with AsyncExitStack() as stack:
        clients = []
        most = 2 if overrides is TWO else 1
        for _ in range(most + 1):
            client = await stack.enter_async_context(called(api, get("/healthz")))
            await read_until(client, b'{"status":"ok"}')
            clients.append(client)
        assert await read_until(clients[0], b"") == b""
        assert len(http_server.connections) == most
        await asyncio.get_running_loop().sock_sendall(clients[-1], get("/healthz"))
        await read_until(clients[-1], b'{"status":"ok"}')
    await until(lambda: len(http_server.connections) == 0)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize(
    ("overrides", "status"), [(TWO, 503), (ONE_EACH, 429)], ids=["in all", "of one address"]
)
async def test_where_nobody_is_idle_a_new_connection_is_refused_with_a_time_to_come_back(
    api: Api, http_server: Port, overrides: dict[str, Any], status: int, secure: bool
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(2 if status == 503 else 1):
            await stack.enter_async_context(called(api, HALF))
        await until(lambda: len(http_server.connections) == (2 if status == 503 else 1))
        if secure:
            async with inside_tls(api, get("/login")) as (reader, _):
                head, body = await answer(reader)
        else:
            async with called(api, get("/login")) as client:
                head, _, body = (await read_until(client, b"")).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"\r\nRetry-After: 5" in head
        assert json.loads(body)["error"] == ("overloaded" if status == 503 else "rate_limited")
        async with called(api, handshake()) as client:
            await read_until(client, b" 101 ")
    await until(lambda: len(http_server.connections) == 0)


@pytest.mark.parametrize(
    "overrides", [{"http": {**ONE_EACH["http"], "trusted_proxies": ["127.0.0.0/8"]}}], ids=["one"]
)
async def test_a_trusted_proxy_has_as_many_connections_as_it_needs(
    api: Api, http_server: Port
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(called(api, HALF))
        await until(lambda: len(http_server.connections) == 3)


@pytest.mark.parametrize("secure", [False, True])
async def test_who_takes_nothing_of_an_answer_is_hung_up_on(
    api: Api, http_server: Port, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    monkeypatch.setattr(http_connections, "STALLED_SECONDS", 0.2)
    path = "/static/vendor/swagger-ui/swagger-ui-bundle.js"
    async with AsyncExitStack() as stack:
        if secure:
            _, writer = await stack.enter_async_context(inside_tls(api, get(path) * 20))
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        else:
            await stack.enter_async_context(called(api, get(path) * 20))
        await until(lambda: len(http_server.connections) == 1)
        await asyncio.sleep(0.5)
        http_server.connections._look()
        await until(lambda: len(http_server.connections) == 0)


async def test_who_takes_an_answer_slowly_is_left_alone(
    api: Api, http_server: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "STALLED_SECONDS", 1.0)
    path = "/static/vendor/swagger-ui/swagger-ui-bundle.js"
    async with called(api, get(path) * 20) as client:
        for _ in range(15):
            await asyncio.sleep(0.1)
            await asyncio.get_running_loop().sock_recv(client, 2_000_000)
            http_server.connections._look()
        assert len(http_server.connections) == 1
