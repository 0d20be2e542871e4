"""Inside TLS a connection is what it is without: the same messages, the same ends."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.frames import Opcode

from im.wire import websocket
from im.wire.connection import CloseCode
from im.wire.frames import TEXT, encode_frame
from im.wire.secure import SecureConnection
from im.wire.tls import Tls
from tests.im.wire.pair import QUEUE_BYTES, WAIT, Pair, opened, sent, text, until
from tests.im.wire.secure_client import MemoryClient, server_context

pytestmark = pytest.mark.gen_test(timeout=60)


class SecurePair(Pair):
    """A connection inside TLS, after the handshake, and the client's end of its socket."""

    def __init__(self, beside: Pair) -> None:
        session = Tls(server_context).session()
        assert session is not None
        self.inside = MemoryClient()
        self.inside.shake(session)
        super().__init__(beside.sockets, beside.capacity, session)
        self._got = b""

    async def say(self, data: bytes) -> None:
        """Send as the client, sealed."""
        await self.write(self.inside.seal(data))

    async def hear(self, count: int) -> bytes:
        """Exactly so many bytes, as the client."""
        while len(self._got) < count:
            await self._more()
        data, self._got = self._got[:count], self._got[count:]
        return data

    async def hear_all(self) -> bytes:
        """Everything until the other side says that it ends, as the client."""
        while not self.inside.ended:
            await self._more()
        data, self._got = self._got, b""
        return data

    async def _more(self) -> None:
        async with asyncio.timeout(WAIT):
            wire = await asyncio.get_running_loop().sock_recv(self.client, 65536)
        assert wire, f"cut off after {self._got[-80:]!r}"
        self._got += self.inside.open(wire)


@asynccontextmanager
async def opened_inside() -> AsyncIterator[SecurePair]:
    """A pair inside TLS."""
    async with opened() as plain:
        pair = SecurePair(plain)
        pair.connection.start(b"")
        assert isinstance(pair.connection, SecureConnection)
        yield pair
        pair.owner.free.set()
        pair.client.close()
        pair.connection.abort()
        await until(lambda: pair.owner.times_gone > 0)
        assert pair.owner.times_gone == 1


SCRIPT = (
    text("你好 😀")
    + sent(Opcode.PING, b"1")
    + sent(Opcode.TEXT, b"a", fin=False)
    + sent(Opcode.PONG, b"7")
    + sent(Opcode.CONT, b"b")
    + sent(Opcode.BINARY, b"\xff" * 300)
    + sent(Opcode.CLOSE, b"\x03\xe8")
)
ANSWER = b"\x8a\x011" + b"\x88\x02\x03\xe8"


async def test_a_stream_cut_at_every_byte_gives_what_it_gives_without_tls(io_loop: object) -> None:
    async with opened() as plain:
        await plain.write(SCRIPT)
        assert await plain.read_all() == ANSWER
        expected = plain.owner.messages, plain.owner.pongs
    for step in (1, 7, 100, 1 << 16):
        async with opened_inside() as pair:
            wire = b"".join(
                pair.inside.seal(SCRIPT[at : at + 50]) for at in range(0, len(SCRIPT), 50)
            )
            for at in range(0, len(wire), step):
                await pair.write(wire[at : at + step])
                await asyncio.sleep(0)
            assert await pair.hear_all() == ANSWER
            assert (pair.owner.messages, pair.owner.pongs) == expected
            assert await pair.read_all() == b"", "close_notify, then the end"


async def test_what_one_turn_brings_leaves_in_one_record(io_loop: object) -> None:
    async with opened_inside() as pair:
        for number in range(20):
            pair.connection.send(b"%02d" % number)
        expected = b"".join(encode_frame(TEXT, b"%02d" % number) for number in range(20))
        wire = await asyncio.get_running_loop().sock_recv(pair.client, 65536)
        assert len(wire) == 5 + len(expected) + 1 + 16, "RFC 8446, section 5.2: one record"
        assert pair.inside.open(wire) == expected


async def test_much_goes_both_ways_at_once(io_loop: object) -> None:
    drawn = random.Random(8446)
    async with opened_inside() as pair:
        # So that what comes in one turn never asks for more than may wait.
        pair.owner.on_each = lambda: pair.connection.send(
            b"x" * (len(pair.owner.messages[-1]) // 4)
        )
        lengths = [drawn.randrange(60_000) for _ in range(40)]
        wire = b"".join(pair.inside.seal(text("y" * length)) for length in lengths)
        writing = asyncio.create_task(pair.write(wire))
        for length in lengths:
            expected = encode_frame(TEXT, b"x" * (length // 4))
            assert await pair.hear(len(expected)) == expected
        await writing


async def test_a_slow_reader_gets_whole_frames_and_is_told_1013(io_loop: object) -> None:
    async with opened_inside() as pair:
        frames = 0
        while pair.connection._state == websocket.OPEN:
            pair.connection.send(b"x" * 1000)
            frames += 1
            assert frames < 2000
        assert pair.connection._queued <= 2 * QUEUE_BYTES + 200
        whole = encode_frame(TEXT, b"x" * 1000) * (frames - 1) + b"\x88\x0a\x03\xf5too slow"
        assert await pair.hear(len(whole)) == whole
        await pair.say(sent(Opcode.CLOSE, b"\x03\xf5"))
        assert await pair.hear_all() == b""


async def test_our_close_is_said_in_both_languages(io_loop: object) -> None:
    async with opened_inside() as pair:
        pair.connection.close(CloseCode.SESSION_ENDED, "over")
        assert await pair.hear(8) == b"\x88\x06\x0f\xa1over"
        await pair.say(sent(Opcode.CLOSE, b"\x0f\xa1"))
        assert await pair.hear_all() == b""
        assert await pair.read_all() == b""


@pytest.mark.parametrize("work", [False, True])
async def test_who_says_that_nothing_more_comes_is_answered_and_gone(
    io_loop: object, work: bool
) -> None:
    async with opened_inside() as pair:
        pair.owner.hold = work
        await pair.write(pair.inside.seal(text("one") + text("two")) + pair.inside.end())
        await until(lambda: len(pair.owner.messages) > 0)
        pair.owner.free.set()
        await pair.gone()
        assert pair.owner.done == ["one", "two"]
        assert await pair.hear_all() == b""


async def test_who_hangs_up_without_a_word_is_gone(io_loop: object) -> None:
    async with opened_inside() as pair:
        await pair.say(text("one"))
        pair.client.shutdown(socket.SHUT_WR)
        await pair.gone()
        assert pair.owner.messages == ["one"]


async def test_a_record_that_was_changed_on_its_way_ends_it_with_an_alert(
    io_loop: object,
) -> None:
    async with opened_inside() as pair:
        wire = bytearray(pair.inside.seal(text("one")))
        wire[-1] ^= 1
        await pair.write(bytes(wire) + pair.inside.seal(text("two")))
        with pytest.raises(ssl.SSLError, match=r"BAD_RECORD_MAC|bad record mac"):
            await pair.hear(1)
        await pair.gone()
        assert pair.owner.messages == []


async def test_plain_bytes_inside_tls_end_it(io_loop: object) -> None:
    async with opened_inside() as pair:
        await pair.write(text("plain"))
        await pair.gone()
        assert pair.owner.messages == []
