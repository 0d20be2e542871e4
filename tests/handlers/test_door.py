"""How sockets open: nothing that was sent is lost, and nothing stays when it fails."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from tornado.httpclient import HTTPClientError
from websockets.frames import Frame, Opcode

from handlers import door
from im.app import Messenger
from im.services.delivery import Reader
from im.store.users import UserRow
from im.wire.entrance import LET_IN_AT_ONCE
from tests.handlers.api import WAIT, Api, Person

pytestmark = pytest.mark.gen_test(timeout=30)

HANDSHAKE = {
    "Host": "HOST",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def handshake(path: str = "/ws", who: Person | None = None, **changed: str) -> bytes:
    """A handshake; a header that is changed to nothing is left out."""
    headers = {**HANDSHAKE, **changed}
    if who is not None:
        headers["Authorization"] = f"Bearer {who.token}"
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value]
    return f"GET {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


def text(payload: str) -> bytes:
    """A frame of a client."""
    return Frame(Opcode.TEXT, payload.encode()).serialize(mask=True)


@asynccontextmanager
async def called(api: Api, data: bytes) -> AsyncIterator[socket.socket]:
    """A plain socket on which this was sent at once."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setblocking(False)
    host, _, port = api.url.removeprefix("http://").partition(":")
    try:
        async with asyncio.timeout(WAIT):
            await loop.sock_connect(client, (host, int(port)))
            await loop.sock_sendall(client, data)
            yield client
    finally:
        client.close()


async def read_until(client: socket.socket, end: bytes) -> bytes:
    """What comes up to and with this; all that comes, if it is empty."""
    got = b""
    while not end or end not in got:
        try:
            more = await asyncio.get_running_loop().sock_recv(client, 65536)
        except ConnectionResetError:
            more = b""
        if not more:
            assert not end, f"ended after {got!r}"
            break
        got += more
    return got


@asynccontextmanager
async def all_turns(messenger: Messenger) -> AsyncIterator[None]:
    """As long as this is held nobody is let in."""
    turns = messenger.entrance.turns
    for _ in range(LET_IN_AT_ONCE):
        await turns.acquire()
    try:
        yield
    finally:
        for _ in range(LET_IN_AT_ONCE):
            turns.release()


async def until(condition: Callable[[], bool]) -> None:
    """Return when it is so."""
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - the condition has no event of its own
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("known", [True, False])
async def test_frames_that_come_with_the_handshake_are_answered_in_order(
    api: Api, known: bool
) -> None:
    ann = await api.register("ann")
    data = handshake(who=ann if known else None)
    if not known:
        data += text(json.dumps({"op": "hello", "token": ann.token}))
    for number in range(40):
        data += text(json.dumps({"op": "ping", "id": number}))
    async with called(api, data) as client:
        got = await read_until(client, b'"ok","id":39,')
        places = [got.index(b'"welcome"')] + [got.index(b'"ok","id":%d,' % n) for n in range(40)]
        assert places == sorted(places)


async def test_an_offer_of_compression_is_passed_over_and_the_connection_works(api: Api) -> None:
    ann = await api.register("ann")
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    async with called(api, handshake(who=ann, **offer)) as client:
        got = await read_until(client, b'"welcome"')
        head, _, first = got.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        # RFC 6455, section 9.1: what the server does not name is not used.
        assert b"sec-websocket-extensions" not in head.lower()
        assert first[0] == 0x81, "a whole text without RSV1"
        await asyncio.get_running_loop().sock_sendall(client, text('{"op":"ping","id":7}'))
        await read_until(client, b'"ok","id":7,')


@pytest.mark.parametrize(
    ("left_out", "status"),
    [
        ({"Sec-WebSocket-Key": ""}, b" 400 "),
        ({"Sec-WebSocket-Version": "8"}, b" 426 "),
        ({"Upgrade": "h2c"}, b" 400 "),
        ({"Connection": "close"}, b" 400 "),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/ws", "/chat", "/user/sendMsg"])
async def test_a_broken_handshake_is_refused_and_not_counted(
    api: Api, messenger: Messenger, path: str, left_out: dict[str, str], status: bytes
) -> None:
    ann = await api.register("ann")
    async with called(api, handshake(path, ann, **left_out)) as client:
        assert status in await read_until(client, b"\r\n")
        await until(lambda: messenger.capacity.open == 0)
        assert len(messenger.connections) == 0


@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_who_is_gone_right_after_the_handshake_leaves_nothing(
    api: Api, messenger: Messenger, path: str
) -> None:
    ann = await api.register("ann")
    for turns in range(30):
        async with called(api, handshake(path, ann)):
            for _ in range(turns):
                await asyncio.sleep(0)
    async with called(api, handshake(path, ann)) as client:
        await read_until(client, "欢迎".encode())
        await until(lambda: messenger.capacity.open == 1)
        await until(lambda: len(messenger.registry) == 1)
    await until(lambda: len(messenger.registry) == 0)
    assert len(messenger.connections) == messenger.capacity.open == 0


@pytest.mark.parametrize("known", [True, False])
async def test_a_connection_that_was_used_for_pages_may_become_a_socket(
    api: Api, messenger: Messenger, known: bool
) -> None:
    ann = await api.register("ann")
    page = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    upgrade = handshake(who=ann if known else None)
    hello = b"" if known else text(json.dumps({"op": "hello", "token": ann.token}))
    rest = hello + text('{"op":"ping","id":7}')
    for pieces in ([page + upgrade + rest], [page, page, upgrade, rest], [page, upgrade + rest]):
        async with called(api, pieces[0]) as client:
            await read_until(client, b'{"status":"ok"}')
            for piece in pieces[1:]:
                await asyncio.get_running_loop().sock_sendall(client, piece)
            got = await read_until(client, b'"ok","id":7,')
            assert b"101 Switching" in got
            assert messenger.capacity.open == len(messenger.connections) == 1
        await until(lambda: messenger.capacity.open == 0)


async def test_a_broken_handshake_after_a_page_is_refused_as_any_other(
    api: Api, messenger: Messenger
) -> None:
    page = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with called(api, page + handshake(**{"Sec-WebSocket-Version": "8"})) as client:
        got = await read_until(client, b"")
        assert b"HTTP/1.1 426 Upgrade Required" in got
        assert b"Sec-WebSocket-Version: 13\r\n" in got
    assert messenger.capacity.open == 0


async def test_a_refusal_has_the_headers_and_the_body_of_any_other(api: Api) -> None:
    evil = {"Origin": "http://evil.example", "Accept-Language": "en"}
    async with called(api, handshake(**evil)) as client:
        head, _, body = (await read_until(client, b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    answer = json.loads(body)
    assert (answer["code"], answer["error"], answer["field"]) == (-1, "forbidden", "Origin")
    sent = {line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]}
    other = await api.call("GET", "/ws")
    assert {*other.headers} - sent <= {"Etag", "Vary"}


@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_a_node_that_goes_down_takes_no_handshake(
    api: Api, messenger: Messenger, path: str
) -> None:
    ann = await api.register("ann")
    messenger.draining = True
    with pytest.raises(HTTPClientError, match="503"):
        async with api.socket(ann, path):
            pass
    assert messenger.capacity.open == 0


@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_who_comes_while_the_node_begins_to_go_down_is_told(
    api: Api, messenger: Messenger, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    ann = await api.register("ann")
    admit = messenger.admission.admit

    async def admit_at_last(reader: Reader) -> UserRow:
        messenger.draining = True
        return await admit(reader)

    monkeypatch.setattr(messenger.admission, "admit", admit_at_last)
    async with called(api, handshake(path, ann)) as client:
        assert b"\x03\xe9going down" in await read_until(client, b"going down")


@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_who_waits_in_line_comes_in_and_who_cannot_is_told_at_once(
    api: Api, messenger: Messenger, path: str
) -> None:
    ann = await api.register("ann")
    async with AsyncExitStack() as stack:
        async with all_turns(messenger):
            waiting = [
                await stack.enter_async_context(called(api, handshake(path, ann))) for _ in range(3)
            ]
            await until(lambda: messenger.capacity.open == 3)
            messenger.capacity.limit(3)
            async with called(api, handshake(path, ann)) as refused:
                got = await read_until(refused, b"\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in got
            assert len(messenger.connections) == 0
        for client in waiting:
            await read_until(client, "欢迎".encode())


async def test_who_waits_too_long_in_line_is_asked_to_come_back(
    api: Api, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "IN_LINE_SECONDS", 0.1)
    ann = await api.register("ann")
    async with all_turns(messenger), called(api, handshake(who=ann)) as client:
        got = await read_until(client, b"")
    assert got.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 5\r\n" in got
    assert messenger.capacity.open == 0


async def test_nothing_is_looked_up_for_one_who_has_hung_up_in_line(
    api: Api, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await api.register("ann")
    looked_up: list[str] = []
    monkeypatch.setattr(messenger.sessions, "resolve", looked_up.append)
    async with all_turns(messenger), called(api, handshake(who=ann)):
        await until(lambda: messenger.capacity.open == 1)
    await until(lambda: messenger.capacity.open == 0)
    assert looked_up == []


@pytest.mark.parametrize("overrides", [{"sockets": {"hello_seconds": 1.0}}], ids=["1 s"])
async def test_the_time_to_say_hello_is_not_spent_in_line(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    async with called(api, handshake()) as client:
        await read_until(client, b"\r\n\r\n")
        async with all_turns(messenger):
            hello = text(json.dumps({"op": "hello", "token": ann.token}))
            await asyncio.get_running_loop().sock_sendall(client, hello)
            await asyncio.sleep(1.2)
        await read_until(client, b'"welcome"')


@pytest.mark.parametrize("overrides", [{"sockets": {"hello_seconds": 0.2}}], ids=["0.2 s"])
async def test_who_never_says_the_right_hello_is_sent_away_in_time(api: Api) -> None:
    async with called(api, handshake() + text('{"op":"hello","token":"x"}')) as client:
        got = await read_until(client, b"\x03\xf0no hello")
    assert got.count(b'"unauthorized"') == 2
