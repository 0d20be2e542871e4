"""A lean client of the native protocol, for thousands of people in one process.

It reads of a frame only what a load generator asks for, and masks with zeros, which the protocol
allows and leaves the text as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

OPEN_SECONDS = 30.0
PONG, CLOSE = b"\x8a", b"\x88\x80\0\0\0\0"


class Summary(msgspec.Struct):
    """A conversation in one's list."""

    conv: str
    last_seq: int


class Frame(msgspec.Struct):
    """What a server's frame has of these."""

    op: str
    id: int | None = None
    conv: str = ""
    seq: int = 0
    text: str = ""
    code: str = ""
    retry_after: int | None = None
    last: int | None = None
    conversations: list[Summary] | None = None


class NotLetIn(Exception):
    """The handshake was answered otherwise, or not at all."""


_decode = msgspec.json.Decoder(Frame).decode
_encode = msgspec.json.Encoder().encode


class Socket(asyncio.Protocol):
    """One connection.

    Attributes:
        open: between handshake and end.
    """

    def __init__(
        self, token: str, heard: Callable[[Frame], None], gone: Callable[[], None]
    ) -> None:
        self._token = token
        self._heard = heard
        self._gone = gone
        self._have = bytearray()
        self._transport: asyncio.Transport | None = None
        self._let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.open = False

    @classmethod
    async def connect(
        cls, port: int, token: str, heard: Callable[[Frame], None], gone: Callable[[], None]
    ) -> Socket:
        """A socket after its handshake. Raises ``NotLetIn`` or ``OSError``."""
        loop = asyncio.get_running_loop()
        made = cls(token, heard, gone)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await loop.create_connection(lambda: made, "127.0.0.1", port)
                await made._let_in
        except TimeoutError as error:
            made.close()
            raise NotLetIn("no answer to the handshake") from error
        return made

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame; nothing when the connection is gone."""
        if self._transport is None or not self.open:
            return
        text = _encode(frame)
        size = len(text)
        head = b"\x81" + bytes((0x80 | size,)) if size < 126 else b"\x81\xfe" + size.to_bytes(2)
        self._transport.write(b"".join((head, b"\0\0\0\0", text)))

    def close(self) -> None:
        """Say goodbye and hang up; nobody is told."""
        self._gone = _nothing
        if self._transport is not None:
            if self.open:
                self._transport.write(CLOSE)
            self.open = False
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Authorization: Bearer " + self._token.encode() + b"\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        """Frames, or a part of one."""
        have = self._have
        have += data
        if not self.open and not self._shake_hands():
            return
        at, size = 0, len(have)
        while size - at >= 2:
            length, body = have[at + 1], at + 2
            if length == 126:
                body, length = at + 4, int.from_bytes(have[at + 2 : at + 4])
            elif length == 127:
                body, length = at + 10, int.from_bytes(have[at + 2 : at + 10])
            if size < body + length:
                break
            kind, at = have[at] & 15, body + length
            if kind == 1:
                self._heard(_decode(bytes(have[body:at])))
            elif kind == 9 and self._transport is not None:
                pong = PONG + bytes((0x80 | length,)) + b"\0\0\0\0" + bytes(have[body:at])
                self._transport.write(pong)
            elif kind == 8 and self._transport is not None:
                self._transport.close()
        del have[:at]

    def connection_lost(self, exception: Exception | None) -> None:
        """It is gone."""
        self.open = False
        self._refused("hung up")
        self._gone()

    def _shake_hands(self) -> bool:
        """Whether frames may follow."""
        end = self._have.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._have.startswith(b"HTTP/1.1 101 "):
            self._refused(self._have[: self._have.find(b"\r\n")].decode())
            if self._transport is not None:
                self._transport.close()
            return False
        del self._have[: end + 4]
        self.open = True
        if not self._let_in.done():
            self._let_in.set_result(None)
        return True

    def _refused(self, why: str) -> None:
        if not self._let_in.done():
            self._let_in.set_exception(NotLetIn(why))


async def call(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    token: str = "",
    kind: str = "application/json",
) -> tuple[int, bytes]:
    """A call over HTTP on a connection of its own: status and body. Raises ``OSError``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        who = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{who}"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    head_of, _, rest = answer.partition(b"\r\n\r\n")
    words = head_of.split(b" ", 2)
    if len(words) < 2:
        raise ConnectionError("no answer")
    return int(words[1]), rest


def _nothing() -> None:
    pass
