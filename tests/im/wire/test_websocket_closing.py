"""How a connection ends: by either side, by a breach, by a failure, without a word."""

from __future__ import annotations

import asyncio
import socket

import pytest
from websockets.frames import Opcode

from im.wire import websocket
from im.wire.capacity import Capacity
from im.wire.connection import CloseCode
from im.wire.frames import TEXT, encode_frame
from im.wire.masking import fastest_mask
from im.wire.sockets import READ_BYTES, Sockets
from tests.im.wire.pair import (
    FRAME_BYTES,
    WAIT,
    Listener,
    opened,
    sent,
    text,
    until,
)

pytestmark = pytest.mark.gen_test(timeout=30)


async def test_who_never_reads_is_dropped_when_the_time_to_close_is_over(
    io_loop: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 0.1)
    async with opened() as pair:
        while pair.connection._state == websocket.OPEN:
            pair.connection.send(b"x" * 1000)
        await pair.gone()


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
async def test_a_close_is_answered_with_its_code_behind_what_was_sent(
    io_loop: object, code: int
) -> None:
    async with opened() as pair:
        pair.connection.send(b"before")
        data = code.to_bytes(2, "big")
        await pair.write(sent(Opcode.CLOSE, data + b"why") + text("after"))
        assert await pair.read_all() == encode_frame(TEXT, b"before") + b"\x88\x02" + data
        assert pair.owner.messages == []
        pair.connection.send(b"too late")
        pair.connection.ping()
        pair.connection.close(CloseCode.NORMAL)
        pair.client.close()
        await pair.gone()


async def test_a_close_without_a_code_is_answered_without_one(io_loop: object) -> None:
    async with opened() as pair:
        await pair.write(sent(Opcode.CLOSE))
        assert await pair.read_all() == b"\x88\x00"


async def test_our_close_waits_for_theirs_and_what_comes_before_it_is_not_handled(
    io_loop: object,
) -> None:
    async with opened() as pair:
        pair.connection.send(b"last")
        pair.connection.close(CloseCode.SESSION_ENDED, "over")
        pair.connection.close(CloseCode.NORMAL, "twice")
        await pair.expect(encode_frame(TEXT, b"last") + b"\x88\x06\x0f\xa1over")
        await pair.write(text("late") + sent(Opcode.PING, b"x") + sent(Opcode.PONG, b"y"))
        await until(lambda: pair.owner.pongs == [b"y"])
        assert pair.owner.messages == []
        assert not pair.connection.closed
        await pair.write(sent(Opcode.CLOSE, b"\x0f\xa1"))
        assert await pair.read_all() == b""
        pair.client.close()
        await pair.gone()


@pytest.mark.parametrize("say_close", [True, False])
async def test_who_does_not_close_after_our_close_is_dropped(
    io_loop: object, monkeypatch: pytest.MonkeyPatch, say_close: bool
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 0.1)
    async with opened() as pair:
        pair.connection.close(CloseCode.NORMAL)
        if say_close:
            await pair.write(sent(Opcode.CLOSE))
        await pair.gone()


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"\x81\x01x", 1002),
        (sent(Opcode.TEXT, b"\xff"), 1007),
        (b"\x82\xff" + (FRAME_BYTES + 1).to_bytes(8, "big"), 1009),
    ],
    ids=["broken", "not UTF-8", "too big"],
)
async def test_a_breach_is_told_though_the_client_goes_on_sending(
    io_loop: object, bad: bytes, code: int
) -> None:
    async with opened() as pair:
        await pair.write(text("good") + bad)
        await pair.write(b"x" * 300_000)
        answer = await pair.read_all()
        assert answer[:1] == b"\x88"
        assert int.from_bytes(answer[2:4], "big") == code
        assert pair.owner.messages == ["good"]
        await pair.write(b"x" * 300_000)
        pair.client.close()
        await pair.gone()


async def test_what_came_before_the_other_side_hung_up_is_still_handled(io_loop: object) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        await pair.write(text("one") + text("two"))
        await until(lambda: len(pair.owner.messages) == 1)
        pair.client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.01)
        assert not pair.connection.closed
        pair.owner.free.set()
        await pair.gone()
        assert pair.owner.done == ["one", "two"]


async def test_who_hangs_up_is_gone(io_loop: object) -> None:
    async with opened() as pair:
        pair.client.close()
        await pair.gone()


async def test_who_hangs_up_while_we_send_is_gone(io_loop: object) -> None:
    async with opened() as pair:
        pair.connection.send(b"x" * 90_000)
        await pair.read(1000)
        pair.client.close()
        await pair.gone()


async def test_a_breach_behind_a_message_that_is_worked_on_is_told_after_it(
    io_loop: object,
) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        await pair.write(text("one") + b"\x81\x01x" + b"x" * (3 * READ_BYTES))
        await until(lambda: len(pair.owner.messages) == 1)
        await until(lambda: not pair.connection._watched)
        pair.owner.free.set()
        answer = await pair.read_all()
        assert answer[2:4] == b"\x03\xea"
        pair.client.close()
        await pair.gone()


async def test_who_hangs_up_behind_a_breach_is_gone(io_loop: object) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        await pair.write(text("one") + b"\x81\x01x")
        pair.client.shutdown(socket.SHUT_WR)
        await until(lambda: pair.connection._hung_up)
        pair.owner.free.set()
        await pair.gone()


@pytest.mark.parametrize("later", [False, True])
async def test_an_owner_that_fails_closes_with_1011(
    io_loop: object, caplog: pytest.LogCaptureFixture, later: bool
) -> None:
    async with opened() as pair:
        pair.owner.failure = ValueError("unforeseen")
        pair.owner.fails_later = later
        pair.owner.free.set()
        await pair.write(text("one") + text("two"))
        await pair.expect(b"\x88\x0a\x03\xf3internal")
        assert pair.owner.messages == ["one"]
        assert "unforeseen" in caplog.text


async def test_an_abort_says_nothing(io_loop: object) -> None:
    async with opened() as pair:
        pair.connection.send(b"never sent")
        pair.connection.abort()
        pair.connection.abort()
        assert await pair.read_all() == b""
        await pair.gone()
        pair.connection.send(b"nor this")
        pair.connection.start(text("nor is this read"))
        assert pair.owner.messages == []


async def test_an_owner_that_comes_too_late_is_told(io_loop: object) -> None:
    async with opened() as pair:
        pair.connection.abort()
        await pair.gone()
        late = Listener(pair.connection)
        pair.connection.belong_to(late)
        assert late.times_gone == 1


async def test_a_farewell_says_when_to_come_back(io_loop: object) -> None:
    async with opened() as pair:
        pair.connection.farewell(700)
        await pair.expect(encode_frame(TEXT, b"bye 700") + b"\x88\x0c\x03\xe9going down")


async def test_a_connection_without_an_owner_closes_and_answers_pings(io_loop: object) -> None:
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    capacity = Capacity(1, 1)
    capacity.admit("there")
    loop = asyncio.get_running_loop()
    sockets = Sockets(loop, fastest_mask(), capacity, frame_bytes=1024, queue_bytes=1024)
    connection = sockets.open(here, "there")
    connection.start(text("lost") + sent(Opcode.PONG) + sent(Opcode.PING, b"x"))
    connection.farewell(1)
    async with asyncio.timeout(WAIT):
        assert await loop.sock_recv(there, 100) == b"\x8a\x01x" + b"\x88\x0c\x03\xe9going down"
    there.close()
    await until(lambda: connection.closed)
    assert capacity.open == 0
    sockets.close()
