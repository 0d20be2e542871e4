"""Messages over a connection: order, backpressure, slow readers."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from websockets.frames import Opcode

from im.wire import sockets, websocket
from im.wire.frames import TEXT, encode_frame
from im.wire.portable_poll import PortablePoll
from im.wire.sockets import READ_BYTES
from tests.im.wire.pair import (
    QUEUE_BYTES,
    WAIT,
    opened,
    sent,
    text,
    until,
)

pytestmark = pytest.mark.gen_test(timeout=30)


async def test_what_came_with_the_handshake_comes_first(io_loop: object) -> None:
    async with opened(start=False) as pair:
        await pair.write(text("two"))
        pair.connection.start(text("one"))
        await until(lambda: pair.owner.messages == ["one", "two"])


async def test_what_is_said_before_the_start_goes_out_with_the_answer(io_loop: object) -> None:
    async with opened(start=False) as pair:
        pair.connection.begin_with("HTTP/1.1 101 …".encode())
        pair.connection.send(b"welcome")
        await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            pair.client.recv(100)
        pair.connection.start(sent(Opcode.PING, b"x"))
        async with asyncio.timeout(WAIT):
            come = await asyncio.get_running_loop().sock_recv(pair.client, 100)
        assert come == "HTTP/1.1 101 …".encode() + encode_frame(TEXT, b"welcome") + b"\x8a\x01x"


async def test_parts_of_messages_of_several_connections_are_never_mixed(io_loop: object) -> None:
    async with opened() as pair:
        pairs = [pair, pair.beside(), pair.beside()]
        for one in pairs[1:]:
            one.connection.start(b"")
        whole = [text(letter * 300) for letter in "abc"]
        for _ in range(3):
            # The first frame's parts are cut within its head, its key and its payload.
            for start, end in ((0, 1), (1, 6), (6, 100), (100, None)):
                for one, data in zip(pairs, whole, strict=True):
                    heard = one.connection.heard
                    await one.write(data[start:end])
                    await until(lambda one=one, heard=heard: one.connection.heard > heard)  # type: ignore[misc]
        for one, letter in zip(pairs, "abc", strict=True):
            await until(lambda one=one: len(one.owner.messages) == 3)  # type: ignore[misc]
            assert one.owner.messages == [letter * 300] * 3
        for one in pairs[1:]:
            one.client.close()
            await one.gone()


async def test_the_next_message_comes_when_the_one_before_is_done(io_loop: object) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        await pair.write(b"".join(text(str(number)) for number in range(50)))
        await until(lambda: len(pair.owner.messages) == 1)
        await asyncio.sleep(0.01)
        assert pair.owner.messages == ["0"]
        pair.owner.free.set()
        await until(lambda: len(pair.owner.done) == 50)
        assert pair.owner.done == [str(number) for number in range(50)]


async def test_of_what_waits_behind_a_message_it_is_known_when_it_came(io_loop: object) -> None:
    async with opened() as pair:
        came: list[float] = []
        pair.owner.on_each = lambda: came.append(pair.connection.came)
        pair.owner.hold = True
        for number in range(3):
            heard = pair.connection.heard
            await pair.write(text(str(number)))
            await until(lambda before=heard: pair.connection.heard > before)  # type: ignore[misc]
        assert len(came) == 1
        read_at = pair.connection.heard
        await asyncio.sleep(0.05)
        pair.owner.free.set()
        await until(lambda: len(pair.owner.done) == 3)
        assert came[0] < came[1] < came[2] == read_at
        await pair.write(text("now"))
        await until(lambda: len(pair.owner.done) == 4)
        assert came[3] == pair.connection.heard


async def test_reading_pauses_while_a_message_is_worked_on_and_enough_has_come(
    io_loop: object,
) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        messages = [f"{number} " + "x" * 900 for number in range(2000)]
        writing = asyncio.create_task(pair.write(b"".join(text(m) for m in messages)))
        await until(lambda: pair.kept >= READ_BYTES)
        await asyncio.sleep(0.05)
        assert not writing.done(), "the client has to wait, too"
        assert pair.kept <= 2 * READ_BYTES
        assert len(pair.owner.messages) == 1
        pair.owner.free.set()
        await writing
        await until(lambda: len(pair.owner.done) == 2000)
        assert pair.owner.done == messages


async def test_what_one_turn_of_the_loop_has_for_a_connection_leaves_in_one_send(
    io_loop: object,
) -> None:
    async with opened() as pair:
        for number in range(20):
            pair.connection.send(str(number).encode())
        expected = b"".join(encode_frame(TEXT, str(number).encode()) for number in range(20))
        async with asyncio.timeout(WAIT):
            first = await asyncio.get_running_loop().sock_recv(pair.client, 1 << 16)
        assert first == expected


async def test_all_connections_read_into_one_buffer(io_loop: object) -> None:
    async with opened() as pair:
        others = [pair.beside() for _ in range(3)]
        for number, one in enumerate([pair, *others, pair]):
            one.connection.start(b"")
            one.owner.messages.clear()
            data = text(f"number {number}")
            tracemalloc.start()
            try:
                await one.write(data)
                await until(lambda: one.owner.messages == [f"number {number}"])  # noqa: B023
                _, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert pair.sockets.buffer.startswith(data)
            assert most < READ_BYTES, "nobody takes as much memory to read"
        for one in others:
            one.connection.abort()


async def test_who_has_much_to_say_goes_on_when_what_they_said_before_is_sent(
    io_loop: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "FLUSH_SECONDS", 0.0)  # one connection in each turn
    async with opened() as pair:
        others = [pair.beside() for _ in range(5)]
        frame = encode_frame(TEXT, b"part")
        waiting: list[int] = []

        def go_on() -> None:
            waiting.append(sum(other.connection._queued for other in others))

        pair.sockets.when_sent(go_on)
        await until(lambda: waiting == [0])
        for other in others:
            other.connection.write(frame)
        pair.sockets.when_sent(go_on)
        assert sum(other.connection._queued for other in others) == 5 * len(frame)
        await until(lambda: len(waiting) == 2)
        assert waiting == [0, 0]
        for other in others:
            await other.expect(frame)
            other.client.close()


async def test_what_would_block_waits_and_keeps_its_order(io_loop: object) -> None:
    async with opened() as pair:
        expected = b""
        for number in range(95):
            payload = f"{number:03} ".encode() + b"x" * 996
            pair.connection.send(payload)
            expected += encode_frame(TEXT, payload)
            if number % 7 == 0:
                await asyncio.sleep(0)
        await pair.expect(expected)
        pair.connection.send(b"after")
        await pair.expect(encode_frame(TEXT, b"after"))
        assert pair.connection._queued == 0
        assert pair.connection._out is None


async def test_without_epoll_it_is_the_same(io_loop: object) -> None:
    async with opened(poll=PortablePoll()) as pair:
        payload = b"x" * (QUEUE_BYTES * 3)
        await pair.write(text("one"))
        await until(lambda: pair.owner.messages == ["one"])
        pair.connection.send(payload)
        await pair.write(text("two"))
        await pair.expect(encode_frame(TEXT, payload))
        await until(lambda: pair.owner.messages == ["one", "two"])
        pair.client.close()
        await pair.gone()


async def test_a_frame_larger_than_the_queue_goes_out_when_nothing_waits(io_loop: object) -> None:
    async with opened() as pair:
        payload = b"x" * (QUEUE_BYTES * 3)
        pair.connection.send(payload)
        pair.connection.send(b"x" * (QUEUE_BYTES - 100))
        await asyncio.sleep(0)
        pair.connection.send(b"y" * 50)
        assert pair.connection._state == websocket.OPEN
        await pair.expect(
            encode_frame(TEXT, payload) + encode_frame(TEXT, b"x" * (QUEUE_BYTES - 100))
        )
        await pair.expect(encode_frame(TEXT, b"y" * 50))


async def test_who_is_found_gone_when_the_queue_is_full_is_dropped(io_loop: object) -> None:
    async with opened() as pair:
        pair.client.close()
        for _ in range(QUEUE_BYTES // 1000 + 2):
            pair.connection.send(b"x" * 1000)
        assert pair.connection.closed
        assert pair.sockets.slow_readers == 0


async def test_at_the_end_what_is_worked_on_is_finished_and_nothing_new_begun(
    io_loop: object,
) -> None:
    async with opened() as pair:
        pair.owner.hold = True
        await asyncio.wait_for(pair.sockets.idle(), WAIT)
        await pair.write(text("one") + text("two"))
        await until(lambda: pair.owner.messages == ["one"])
        pair.sockets.listening = False
        idle = asyncio.create_task(pair.sockets.idle())
        await asyncio.sleep(0.01)
        assert not idle.done()
        pair.owner.free.set()
        await asyncio.wait_for(idle, WAIT)
        await pair.write(text("three") + sent(Opcode.PING))
        await pair.expect(b"\x8a\x00")
        assert pair.owner.done == ["one"]


async def test_much_that_is_sent_at_once_is_no_slow_reader(io_loop: object) -> None:
    async with opened() as pair:
        reading = asyncio.create_task(pair.read(3 * 99_000 + 4 * 3))
        for _ in range(3):
            pair.connection.send(b"x" * 99_000)
            await until(lambda: pair.connection._out is None)
        await reading
        assert pair.sockets.slow_readers == 0


async def test_a_slow_reader_gets_whole_frames_and_is_told_1013(io_loop: object) -> None:
    async with opened() as pair:
        sent_so_far = 0
        while pair.connection._state == websocket.OPEN:
            pair.connection.send(b"x" * 1000)
            sent_so_far += 1
            assert sent_so_far < 1000
        assert pair.connection._behind(b"") <= QUEUE_BYTES + 200
        assert pair.connection._queued <= 2 * QUEUE_BYTES + 200
        assert pair.sockets.slow_readers == 1
        pair.connection.send(b"lost")
        frame = encode_frame(TEXT, b"x" * 1000)
        await pair.expect(frame * (sent_so_far - 1))
        await pair.expect(b"\x88\x0a\x03\xf5too slow")
        await pair.write(sent(Opcode.CLOSE, b"\x03\xf5"))
        assert await pair.read_all() == b""
        pair.client.close()
        await pair.gone()


async def test_a_ping_is_answered_and_a_pong_told_to_the_owner(io_loop: object) -> None:
    async with opened() as pair:
        heard = pair.connection.heard
        await pair.write(sent(Opcode.PING, b"abc") + sent(Opcode.PONG, b"7"))
        await pair.expect(b"\x8a\x03abc")
        assert pair.owner.pongs == [b"7"]
        assert pair.connection.heard > heard
        pair.connection.ping(b"there?")
        await pair.expect(b"\x89\x06there?")
