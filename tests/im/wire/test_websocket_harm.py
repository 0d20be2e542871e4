"""What one connection does, or what fails within it, harms no other and leaves nothing behind."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections import Counter
from functools import partial

import pytest
from websockets.frames import Opcode

from im.wire import sockets, websocket
from im.wire.frames import TEXT, encode_frame
from im.wire.sockets import READ_BYTES
from tests.im.wire.pair import FRAME_BYTES, QUEUE_BYTES, WAIT, FullPoll, opened, sent, text, until

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.PONG])
async def test_many_small_frames_leave_others_their_turn(io_loop: object, opcode: Opcode) -> None:
    async with opened() as pair:
        loop = asyncio.get_running_loop()
        turns: Counter[int] = Counter()
        turn = 0

        def next_turn() -> None:
            nonlocal turn
            turn += 1
            if not pair.connection.closed:
                loop.call_soon(next_turn)

        def count() -> None:
            turns[turn] += 1

        pair.owner.on_each = count
        next_turn()
        frame = sent(opcode)
        many = READ_BYTES // len(frame)
        await pair.write(frame * many + sent(Opcode.CLOSE))
        assert await pair.read_all() == b"\x88\x00"
        assert turns.total() == many
        assert max(turns.values()) <= websocket.EVENTS_IN_TURN


async def test_whoever_writes_little_is_not_behind_all_who_write_much(io_loop: object) -> None:
    async with opened() as light:
        heavy = [light.beside() for _ in range(8)]
        passed_on: list[int] = []
        waited: list[int] = []
        for number, one in enumerate(heavy):
            one.owner.on_each = partial(passed_on.append, number)
        light.owner.on_each = lambda: waited.append(len(passed_on))
        frame = sent(Opcode.TEXT)
        many = READ_BYTES // len(frame)
        for one in heavy:
            one.connection.start(b"")
            await one.write(frame * many)
        await until(lambda: len(set(passed_on)) == len(heavy))
        for _ in range(20):
            before = len(passed_on)
            await light.write(text("a word"))
            await until(lambda: bool(waited))
            assert waited.pop() - before <= 4 * websocket.EVENTS_IN_TURN
        assert Counter(passed_on).keys() == set(range(8)), "those go on in turns"
        await until(lambda: len(passed_on) == len(heavy) * many)
        for one in heavy:
            one.connection.abort()


async def test_a_broadcast_leaves_others_their_turn(
    io_loop: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "FLUSH_SECONDS", -1.0)
    async with opened() as pair:
        pairs = [pair, *(pair.beside() for _ in range(4))]
        for one in pairs:
            one.connection.send(b"to all")
        waiting: list[int] = []
        while not waiting or waiting[-1]:
            await asyncio.sleep(0)
            waiting.append(sum(one.connection._out is not None for one in pairs))
        assert waiting == [4, 3, 2, 1, 0]
        for one in pairs:
            await one.expect(encode_frame(TEXT, b"to all"))
        for one in pairs[1:]:
            one.connection.abort()


@pytest.mark.parametrize(
    "part", [b"\x01\xfe\xea\x60", b"\x82\xff" + (FRAME_BYTES).to_bytes(8, "big")]
)
async def test_what_had_come_of_a_message_is_let_go_with_its_connection(
    io_loop: object, part: bytes
) -> None:
    async with opened() as pair:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            # A frame's head and key, and a part of what it announces.
            await pair.write(part + b"\0\0\0\0" + b"x" * 50_000)
            await until(lambda: tracemalloc.get_traced_memory()[0] > before + 50_000)
            pair.client.close()
            await pair.gone()
            # Someone may still have the connection.
            assert tracemalloc.get_traced_memory()[0] < before + 20_000
        finally:
            tracemalloc.stop()


async def test_what_waits_behind_a_message_is_let_go_with_its_connection(io_loop: object) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        await pair.write(text("one") + text("x" * 50_000))
        await until(lambda: pair.kept > 50_000)
        pair.connection.abort()
        assert pair.kept == 0
        pair.owner.free.set()
        await asyncio.wait_for(pair.sockets.idle(), WAIT)
        assert pair.owner.messages == ["one"]


async def test_an_owner_that_fails_with_a_pong_closes_with_1011(
    io_loop: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as pair:
        pair.owner.on_each = lambda: 1 / 0
        await pair.write(sent(Opcode.PONG))
        await pair.expect(b"\x88\x0a\x03\xf3internal")
        assert "ZeroDivisionError" in caplog.text
        assert pair.sockets.reading is None


async def test_who_cannot_be_watched_is_dropped_and_the_others_go_on(io_loop: object) -> None:
    poll = FullPoll()
    async with opened(poll=poll) as pair:
        other = pair.beside()
        other.connection.start(b"")
        poll.full_for = pair.server_end.fileno()
        pair.connection.send(b"x" * (QUEUE_BYTES // 2))
        other.connection.send(b"still here")
        await pair.gone()
        await other.expect(encode_frame(TEXT, b"still here"))
        other.client.close()
        await other.gone()


async def test_who_cannot_be_watched_from_the_start_is_dropped(io_loop: object) -> None:
    poll = FullPoll()
    async with opened(poll=poll, start=False) as pair:
        poll.full_for = pair.server_end.fileno()
        pair.connection.start(text("one"))
        await pair.gone()
        assert pair.owner.messages == []
