"""The frames of a WebSocket, seen from the server: bytes in, events out (RFC 6455).

No sockets and no clock. Each rule stands beside the section that makes it. A breach is told at the
first byte that shows it, by a ``ProtocolError`` with the code to close with (section 7.4.1).

What has not come whole yet costs no more than its own bytes: payloads are unmasked and, if they are
text, checked as they come.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from im.wire.connection import CloseCode
from im.wire.masking import Mask

CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA
"""Opcodes (section 5.2)."""

FIN = 0x80
RESERVED_BITS = 0x70
OPCODE_BITS = 0x0F
MASKED = 0x80
LENGTH_BITS = 0x7F
CONTROL_BIT = 0x08
KEY_BYTES = 4

MAX_CONTROL = 125
"""Payload bytes of a control frame (section 5.5)."""
LENGTH_IN_2_BYTES = 126
LENGTH_IN_8_BYTES = 127
MAX_REASON = MAX_CONTROL - 2


class ProtocolError(Exception):
    """The other side broke the protocol; ``code`` tells it how."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a pong with the same data (section 5.5.2)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """Answers a ping, or comes by itself (section 5.5.3)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The other side closes. ``code``: None if it gave none (sections 5.5.1, 7.1.5)."""

    code: int | None
    reason: str


Event = str | bytes | Ping | Pong | Close
"""A text message is a ``str``, a binary one ``bytes``."""


class _Message:
    """A message of which a part has come."""

    __slots__ = ("data", "fin", "key", "left", "utf8")

    def __init__(self, text: bool) -> None:
        self.data = bytearray()
        self.utf8 = codecs.getincrementaldecoder("utf-8")() if text else None
        self.fin = False
        self.key = b""
        self.left = 0
        """Bytes that are missing of the frame whose payload comes now; 0 between frames."""

    def add(self, chunk: bytes) -> None:
        """Unmasked bytes have come. Raises ``ProtocolError``."""
        if self.utf8 is not None:
            # Section 8.1: text is UTF-8; a sequence may go on in the next frame (section 5.6).
            try:
                self.utf8.decode(chunk)
            except UnicodeDecodeError:
                raise _not_utf8() from None
            pending = self.utf8.getstate()[0]
            if pending[:1] == b"\xed" and pending[1:] >= b"\xa0":
                # A surrogate (RFC 3629, section 3); Python's decoder waits for its third byte.
                raise _not_utf8()
        self.data += chunk
        self.left -= len(chunk)
        turn = len(chunk) % KEY_BYTES
        self.key = self.key[turn:] + self.key[:turn]

    def end(self) -> str | bytes:
        """The whole. Raises ``ProtocolError`` when it ends within a character."""
        return bytes(self.data) if self.utf8 is None else _text(self.data)


class Decoder:
    """What one client has sent, taken apart.

    ``feed`` it, then take events until there is none. Frames that nobody has taken yet stay as they
    came, so whoever stops feeding while there are some has bounded what is kept.

    Args:
        mask: applies the masking key (section 5.3).
        limit: bytes of the largest message, whatever its fragments.
    """

    __slots__ = ("_data", "_ended", "_limit", "_mask", "_message", "_position")

    def __init__(self, mask: Mask, limit: int) -> None:
        self._mask = mask
        self._limit = limit
        self._data = b""
        self._position = 0
        self._message: _Message | None = None
        self._ended = False

    @property
    def kept(self) -> int:
        """Bytes that were fed and are in no event yet, but for parts of a message."""
        return len(self._data) - self._position

    @property
    def at_rest(self) -> bool:
        """Whether it knows nothing that a new one would not."""
        return not (self._data or self._ended or self._message)

    def feed(self, data: bytes) -> None:
        """Bytes have come. After a close frame or an error they mean nothing (section 5.5.1)."""
        if not self._ended:
            rest = self._data[self._position :]
            self._data = rest + data if rest else data
            self._position = 0

    def next_event(self) -> Event | None:
        """The next message or control frame; None until more has come.

        Raises ``ProtocolError``, once; from then on there is none.
        """
        try:
            while not self._ended:
                before = self._position
                message = self._message
                if message is not None and message.left:
                    event: Event | None = self._payload(message)
                else:
                    event = self._frame()
                if event is not None:
                    return event
                if self._position == before:
                    break
        except ProtocolError:
            self.end()
            raise
        if self._position:
            self._data = self._data[self._position :]
            self._position = 0
        return None

    def end(self) -> None:
        """Let go of what has come; nothing that comes means anything any more."""
        self._ended = True
        self._data = b""
        self._position = 0
        self._message = None

    def _frame(self) -> Event | None:
        """Take the next frame, or the beginning of a large one.

        None and the position as it was: more has to come. None and another position: go on.
        """
        data, start = self._data, self._position
        come = len(data) - start
        if come < 2:
            return None
        first, second = data[start], data[start + 1]
        opcode = first & OPCODE_BITS
        length = second & LENGTH_BITS
        if first & RESERVED_BITS:
            # Section 5.2: they are 0 unless an extension gives them a meaning; there is none.
            raise _broken("reserved bits")
        if not second & MASKED:
            # Section 5.1: a server closes upon a frame that is not masked.
            raise _broken("no mask")
        if opcode & CONTROL_BIT:
            _check_control(opcode, first & FIN, length)
        elif opcode == CONTINUATION:
            if self._message is None:
                # Section 5.4: it goes on with a message that has begun.
                raise _broken("nothing to continue")
        elif opcode > BINARY:
            # Section 5.2: 0x3 to 0x7 are reserved.
            raise _broken("opcode")
        elif self._message is not None:
            # Section 5.4: fragments of one message are not mixed with another's.
            raise _broken("message within a message")
        begin = start + 2
        if length >= LENGTH_IN_2_BYTES:
            size = 2 if length == LENGTH_IN_2_BYTES else 8
            if come < 2 + size:
                return None
            length = int.from_bytes(data[begin : begin + size], "big")
            _check_length(length, size)
            begin += size
        begin += KEY_BYTES
        end = begin + length
        if opcode & CONTROL_BIT:
            if end > len(data):
                return None
            self._position = end
            return self._control(
                opcode, self._mask(data[begin - KEY_BYTES : begin], data[begin:end])
            )
        message = self._message
        if length + (len(message.data) if message is not None else 0) > self._limit:
            # Section 10.4: an implementation has limits of its own.
            raise ProtocolError(CloseCode.TOO_BIG, f"more than {self._limit} bytes")
        if begin > len(data):
            return None
        key = data[begin - KEY_BYTES : begin]
        if message is None:
            if first & FIN and end <= len(data):
                self._position = end
                payload = self._mask(key, data[begin:end])
                return _text(payload) if opcode == TEXT else payload
            message = self._message = _Message(opcode == TEXT)
        message.fin = bool(first & FIN)
        message.key = key
        message.left = length
        self._position = begin
        return self._payload(message)

    def _payload(self, message: _Message) -> str | bytes | None:
        """Take what has come of a frame's payload; the message, if this ends it."""
        chunk = self._data[self._position : self._position + message.left]
        self._position += len(chunk)
        message.add(self._mask(message.key, chunk))
        if message.left or not message.fin:
            return None
        self._message = None
        return message.end()

    def _control(self, opcode: int, payload: bytes) -> Event:
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return Pong(payload)
        close = _close(payload)
        self.end()
        return close


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """A whole frame, as servers send it: not masked (section 5.1)."""
    length = len(payload)
    if length < LENGTH_IN_2_BYTES:
        return bytes((FIN | opcode, length)) + payload
    if length < 1 << 16:
        return bytes((FIN | opcode, LENGTH_IN_2_BYTES)) + length.to_bytes(2, "big") + payload
    return bytes((FIN | opcode, LENGTH_IN_8_BYTES)) + length.to_bytes(8, "big") + payload


def encode_close(code: int | None, reason: str = "") -> bytes:
    """A close frame (section 5.5.1); a reason that is too long loses its end."""
    if code is None:
        return encode_frame(CLOSE, b"")
    text = reason.encode()[:MAX_REASON].decode(errors="ignore").encode()
    return encode_frame(CLOSE, code.to_bytes(2, "big") + text)


def _check_control(opcode: int, fin: int, length: int) -> None:
    if opcode > PONG:
        # Section 5.2: 0xB to 0xF are reserved.
        raise _broken("opcode")
    if not fin:
        # Section 5.5: control frames are not fragmented …
        raise _broken("fragmented control frame")
    if length > MAX_CONTROL:
        # … and have at most 125 bytes.
        raise _broken("long control frame")


def _check_length(length: int, size: int) -> None:
    """Section 5.2: the shortest form that holds it; in 8 bytes the first bit is 0."""
    if length < (LENGTH_IN_2_BYTES if size == 2 else 1 << 16) or length >> 63:
        raise _broken("length")


def _close(payload: bytes) -> Close:
    """Section 5.5.1: nothing, or a code in two bytes and a reason in UTF-8."""
    if not payload:
        return Close(None, "")
    if len(payload) == 1:
        raise _broken("half a close code")
    code = int.from_bytes(payload[:2], "big")
    if not _may_be_sent(code):
        raise _broken("close code")
    return Close(code, _text(payload[2:]))


def _may_be_sent(code: int) -> bool:
    """Sections 7.4.1 and 7.4.2: 1004, 1005, 1006 and 1015 are never sent; 1012 to 1014 were
    registered later (IANA, WebSocket Close Code Number Registry); 3000 to 4999 are for libraries
    and applications."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def _text(payload: bytes | bytearray) -> str:
    """Section 8.1: text that is not UTF-8 fails the connection."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _broken(reason: str) -> ProtocolError:
    return ProtocolError(CloseCode.PROTOCOL_ERROR, reason)


def _not_utf8() -> ProtocolError:
    return ProtocolError(CloseCode.INVALID_DATA, "not UTF-8")
