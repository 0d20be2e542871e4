"""The frames inside a datagram.

Each frame is its type (1 byte), the length of its body (2 bytes) and the body. All integers are
big-endian. A frame of a type that is not known here is skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from relay.bus import MAX_PAYLOAD
from relay.packet import MAX_NUMBER, SENDER_SIZE, PacketError, Space

MAX_NAME: Final = 64
"""Longest node name in bytes of UTF-8."""

_FRAME: Final = struct.Struct("!BH")
_DATA: Final = struct.Struct("!BB")
_DATA_HEAD: Final = struct.Struct("!BHBB")
_PART: Final = struct.Struct("!BHH")
_REPORT: Final = struct.Struct("!8sQI")
_HELLO: Final = struct.Struct("!BIIQQ")
_NAK_RANGE: Final = struct.Struct("!HIH")
_ORDERED: Final = 1

DATA_OVERHEAD: Final = _FRAME.size + _DATA.size
PART_OVERHEAD: Final = _FRAME.size + _PART.size
REPORT_SIZE: Final = _REPORT.size
NAK_RANGES: Final = 48
"""Ranges that one NAK asks for at most; the rest follows in the next."""


Report: TypeAlias = tuple[bytes, int, int]
"""What a node has of another sender, 20 bytes in a hello or a confirmation.

The sender's id. The first reliable number of it that has not come, so its prefix and one; 0 while
it is no member there. The lower 32 bits of its latest control number: by naming it the node shows
that it hears the sender now. A plain tuple, since 64 nodes decode 4,000 of them a second each."""


class FrameType(IntEnum):
    """First byte of a frame."""

    HELLO = 1
    DATA = 2
    PART = 3
    EPHEMERAL = 4
    CONFIRM = 5
    NAK = 6
    BYE = 7


def _frame(kind: FrameType, body: bytes) -> bytes:
    return _FRAME.pack(kind, len(body)) + body


_DATA_TYPE: Final = int(FrameType.DATA)


class Data(NamedTuple):
    """A whole payload. Reliable space."""

    topic: str
    payload: bytes
    ordered: bool

    def encode(self) -> bytes:
        """The frame on the wire."""
        return encode_data(self.topic.encode(), self.payload, self.ordered)


def encode_data(topic: bytes, payload: bytes, ordered: bool) -> bytes:
    """The frame of a ``Data``; a function, since it runs for each payload."""
    length = _DATA.size + len(topic) + len(payload)
    return _DATA_HEAD.pack(_DATA_TYPE, length, ordered, len(topic)) + topic + payload


class Ephemeral(NamedTuple):
    """A payload that is sent once. Control space."""

    topic: str
    payload: bytes

    def encode(self) -> bytes:
        """The frame on the wire."""
        topic = self.topic.encode()
        return _frame(FrameType.EPHEMERAL, bytes((len(topic),)) + topic + self.payload)


class Part(NamedTuple):
    """A piece of a payload that fills several datagrams. Reliable space.

    The pieces travel in consecutive datagrams, one in each, so that ``number - place`` names the
    payload. Joined they are the topic's length (1 byte), the topic and the payload.
    """

    place: int
    total: int
    ordered: bool
    content: bytes

    def encode(self) -> bytes:
        """The frame on the wire."""
        return _frame(
            FrameType.PART, _PART.pack(self.ordered, self.place, self.total) + self.content
        )


class Hello(NamedTuple):
    """Who a node is, what it can still repair and whom it hears. Control space.

    Attributes:
        name: the node's name, at most 64 bytes of UTF-8.
        keys: numbers of the keys it holds.
        buffer: how many datagrams its receive buffer takes.
        lowest: the lowest reliable number that it still keeps.
        next: the reliable number that it will send next.
        answer: an answer is wanted at once (a probe).
        age: milliseconds since its start.
        full: it has as many members as a cluster may have.
        reports: one for each node that it hears; a long list comes in several hellos.
    """

    name: str
    keys: tuple[int, ...]
    buffer: int
    lowest: int
    next: int
    answer: bool = False
    age: int = 0
    full: bool = False
    reports: tuple[Report, ...] = ()

    def encode(self) -> bytes:
        """The frame on the wire."""
        name = self.name.encode()
        flags = self.answer | self.full << 1
        return _frame(
            FrameType.HELLO,
            _HELLO.pack(flags, min(self.age, 0xFFFFFFFF), self.buffer, self.lowest, self.next)
            + bytes((len(name),))
            + name
            + bytes((len(self.keys), *self.keys))
            + _encode_reports(self.reports),
        )


class Confirm(NamedTuple):
    """What has arrived of one sender. Control space, by unicast to it.

    ``beyond``: how many datagrams after the first missing one have come.
    """

    report: Report
    beyond: int

    def encode(self) -> bytes:
        """The frame on the wire."""
        body = _REPORT.pack(*self.report) + self.beyond.to_bytes(4, "big")
        return _frame(FrameType.CONFIRM, body)


class Nak(NamedTuple):
    """Reliable numbers of ``sender`` that are missing here, as half-open ranges. Control space.

    ``group``: send them to the group. Others that lack them have heard this and hold back, or a
    repair by unicast has not come.
    """

    sender: bytes
    group: bool
    missing: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        """The frame on the wire; of a longer range it asks for the first 65,535."""
        ranges = [
            _NAK_RANGE.pack(start >> 32, start & 0xFFFFFFFF, min(stop - start, 0xFFFF))
            for start, stop in self.missing
        ]
        return _frame(FrameType.NAK, bytes((self.group,)) + self.sender + b"".join(ranges))


class Bye(NamedTuple):
    """The sender stops; ``last`` is the last reliable number that it has sent. Control space."""

    last: int

    def encode(self) -> bytes:
        """The frame on the wire."""
        return _frame(FrameType.BYE, self.last.to_bytes(8, "big"))


Frame: TypeAlias = Hello | Data | Part | Ephemeral | Confirm | Nak | Bye


def decode_frames(space: Space, frames: bytes) -> list[Frame]:
    """All frames of one datagram.

    Raises ``PacketError`` if any is malformed or belongs to the other number space.
    """
    found: list[Frame] = []
    reliable = space is Space.RELIABLE
    raw_topic, topic = b"", ""
    position, end = 0, len(frames)
    while position < end:
        if position + _FRAME.size > end:
            raise PacketError("a frame's head is cut off")
        kind, length = _FRAME.unpack_from(frames, position)
        position += _FRAME.size
        stop = position + length
        if stop > end:
            raise PacketError("a frame is longer than its datagram")
        if kind == _DATA_TYPE and reliable and length >= _DATA.size:
            # As _decode_data, in place, since this runs for each payload; topics mostly repeat.
            start = position + _DATA.size + frames[position + 1]
            if start > stop:
                raise PacketError("a payload without its topic")
            raw = frames[position + _DATA.size : start]
            if raw != raw_topic:
                raw_topic, topic = raw, _text(raw)
            found.append(Data(topic, frames[start:stop], frames[position] & _ORDERED == _ORDERED))
        elif (decoder := _DECODERS.get(kind)) is not None:
            if decoder[0] != space:
                raise PacketError("a frame in the wrong number space")
            found.append(decoder[1](frames[position:stop]))
        position = stop
    return found


def join_parts(pieces: Iterable[bytes], ordered: bool) -> Data:
    """The payload that was sent in ``pieces``. Raises ``PacketError``."""
    data = _decode_data(bytes((ordered,)) + b"".join(pieces))
    if len(data.payload) > MAX_PAYLOAD:
        raise PacketError("a payload of more than 1 MiB")
    return data


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise PacketError("text that is not UTF-8") from None


def _decode_data(body: bytes) -> Data:
    if len(body) < _DATA.size or len(body) < (start := _DATA.size + body[1]):
        raise PacketError("a payload without its topic")
    return Data(_text(body[_DATA.size : start]), body[start:], bool(body[0] & _ORDERED))


def _decode_ephemeral(body: bytes) -> Ephemeral:
    if not body or len(body) < (start := 1 + body[0]):
        raise PacketError("a payload without its topic")
    return Ephemeral(_text(body[1:start]), body[start:])


def _decode_part(body: bytes) -> Part:
    if len(body) <= _PART.size:
        raise PacketError("an empty part")
    flags, place, total = _PART.unpack_from(body)
    if place >= total:
        raise PacketError("a part beyond the last one")
    return Part(place, total, bool(flags & _ORDERED), body[_PART.size :])


def _encode_reports(reports: tuple[Report, ...]) -> bytes:
    return b"".join([_REPORT.pack(*report) for report in reports])


def _decode_reports(body: bytes) -> tuple[Report, ...]:
    if len(body) % _REPORT.size:
        raise PacketError("a report is cut off")
    return tuple(_REPORT.iter_unpack(body))


def _decode_hello(body: bytes) -> Hello:
    if len(body) < _HELLO.size + 2:
        raise PacketError("a hello is cut off")
    flags, age, buffer, lowest, following = _HELLO.unpack_from(body)
    name_end = _HELLO.size + 1 + body[_HELLO.size]
    if len(body) <= name_end:
        raise PacketError("a hello without its keys")
    keys_end = name_end + 1 + body[name_end]
    if len(body) < keys_end:
        raise PacketError("a hello with half its keys")
    if not 0 < lowest <= following <= MAX_NUMBER + 1:
        raise PacketError("a hello with impossible numbers")
    name = _text(body[_HELLO.size + 1 : name_end])
    if not 0 < name_end - _HELLO.size - 1 <= MAX_NAME:
        raise PacketError("a name that is empty or too long")
    return Hello(
        name,
        tuple(body[name_end + 1 : keys_end]),
        buffer,
        lowest,
        following,
        bool(flags & 1),
        age,
        bool(flags & 2),
        _decode_reports(body[keys_end:]),
    )


def _decode_confirm(body: bytes) -> Confirm:
    if len(body) != _REPORT.size + 4:
        raise PacketError("a confirmation of the wrong length")
    return Confirm(_REPORT.unpack_from(body), int.from_bytes(body[_REPORT.size :], "big"))


def _decode_nak(body: bytes) -> Nak:
    ranges = body[1 + SENDER_SIZE :]
    if len(body) <= SENDER_SIZE or len(ranges) % _NAK_RANGE.size:
        raise PacketError("a NAK is cut off")
    missing: list[tuple[int, int]] = []
    for high, low, count in _NAK_RANGE.iter_unpack(ranges):
        start = high << 32 | low
        if not start or not count:
            raise PacketError("a NAK for nothing")
        missing.append((start, start + count))
    return Nak(body[1 : 1 + SENDER_SIZE], bool(body[0] & 1), tuple(missing))


def _decode_bye(body: bytes) -> Bye:
    if len(body) != 8:
        raise PacketError("a goodbye of the wrong length")
    last = int.from_bytes(body, "big")
    if last > MAX_NUMBER:
        raise PacketError("a goodbye with an impossible number")
    return Bye(last)


_DECODERS: Final[dict[int, tuple[Space, Callable[[bytes], Frame]]]] = {
    FrameType.HELLO: (Space.CONTROL, _decode_hello),
    FrameType.DATA: (Space.RELIABLE, _decode_data),
    FrameType.PART: (Space.RELIABLE, _decode_part),
    FrameType.EPHEMERAL: (Space.CONTROL, _decode_ephemeral),
    FrameType.CONFIRM: (Space.CONTROL, _decode_confirm),
    FrameType.NAK: (Space.CONTROL, _decode_nak),
    FrameType.BYE: (Space.CONTROL, _decode_bye),
}
