"""What comes from a client is taken apart as RFC 6455 says, however it arrives, or refused by code.

Client frames are made by another library, and what we send is read by it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from im.wire.connection import CloseCode
from im.wire.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Close,
    Decoder,
    Event,
    Ping,
    Pong,
    ProtocolError,
    encode_close,
    encode_frame,
)
from im.wire.masking import Mask, fastest_mask, pure_mask

LIMIT = 1 << 20
KEY = b"\x11\x22\x33\x44"
BROKEN, NOT_UTF8, TOO_BIG = (
    CloseCode.PROTOCOL_ERROR,
    CloseCode.INVALID_DATA,
    CloseCode.TOO_BIG,
)


def sent(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame of a client."""
    return Frame(Opcode(opcode), payload, fin).serialize(mask=True)


def raw(first: int, second: int, *rest: bytes) -> bytes:
    """A frame put together by hand."""
    return bytes((first, second)) + b"".join(rest)


def events(decoder: Decoder, data: bytes) -> list[Event]:
    """What comes out after these bytes."""
    decoder.feed(data)
    found = []
    while (event := decoder.next_event()) is not None:
        found.append(event)
    return found


def outcome(chunks: list[bytes], limit: int = LIMIT) -> tuple[list[Event], CloseCode | None]:
    """All events, and the code with which the connection fails."""
    decoder = Decoder(fastest_mask(), limit)
    found: list[Event] = []
    for chunk in chunks:
        decoder.feed(chunk)
        try:
            while (event := decoder.next_event()) is not None:
                found.append(event)
        except ProtocolError as error:
            assert decoder.next_event() is None, "an error is told once"
            return found, error.code
    return found, None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The bytes in pieces."""
    marks = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(marks)]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
messages = st.one_of(texts, st.binary(max_size=400), texts.map(lambda text: text * 300))
controls = st.one_of(
    st.binary(max_size=125).map(Ping),
    st.binary(max_size=125).map(Pong),
)
pieces = st.lists(st.integers(0, 2000), max_size=4)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Event], bytes]:
    """Events, and the bytes that a client may send for them: fragments, control frames between."""
    expected: list[Event] = []
    data = b""
    for message in draw(st.lists(messages, max_size=4)):
        text = isinstance(message, str)
        payload = message.encode() if isinstance(message, str) else message
        fragments = cut(payload, draw(pieces))
        for number, fragment in enumerate(fragments):
            first, last = number == 0, number == len(fragments) - 1
            opcode = (TEXT if text else BINARY) if first else CONTINUATION
            for control in draw(st.lists(controls, max_size=2)):
                expected.append(control)
                kind = PING if isinstance(control, Ping) else PONG
                data += sent(kind, control.data)
            data += sent(opcode, fragment, fin=last)
        expected.append(message)
    if draw(st.booleans()):
        code = draw(st.sampled_from([1000, 1001, 1003, 1007, 1011, 1014, 3000, 4001, 4999]))
        reason = draw(st.text("abc好", max_size=20))
        expected.append(Close(code, reason))
        data += sent(CLOSE, code.to_bytes(2, "big") + reason.encode())
        data += b"what follows a close frame means nothing"
    return expected, data


@given(streams(), st.lists(st.integers(0, 1 << 20), max_size=12))
def test_what_was_sent_comes_out_however_it_is_cut(
    stream: tuple[list[Event], bytes], places: list[int]
) -> None:
    expected, data = stream
    assert outcome([data]) == (expected, None)
    assert outcome(cut(data, places)) == (expected, None)


SCRIPT: list[tuple[bytes, list[Event]]] = [
    (sent(TEXT, "你好 😀".encode()), ["你好 😀"]),
    (sent(PING, b"1"), [Ping(b"1")]),
    (sent(TEXT, b"", fin=False), []),
    (sent(PONG, b""), [Pong(b"")]),
    (sent(CONTINUATION, "é".encode()[:1], fin=False), []),
    (sent(CONTINUATION, "é".encode()[1:]), ["é"]),
    (sent(BINARY, bytes(range(200))), [bytes(range(200))]),
    (sent(TEXT, b""), [""]),
    (sent(BINARY, b"\xff" * 70_000), [b"\xff" * 70_000]),
    (sent(PING, b"x" * 125), [Ping(b"x" * 125)]),
    (sent(CLOSE, b"\x0f\xa1bye"), [Close(4001, "bye")]),
]


def test_the_stream_may_be_cut_at_every_byte() -> None:
    data = b"".join(frame for frame, _ in SCRIPT)
    expected = [event for _, found in SCRIPT for event in found]
    assert outcome([bytes((byte,)) for byte in data]) == (expected, None)
    for place in [*range(400), *range(70_300, len(data))]:
        assert outcome([data[:place], data[place:]]) == (expected, None), place


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_junk_fails_with_a_code_and_nothing_else(chunks: list[bytes]) -> None:
    found, code = outcome(chunks)
    assert code in (None, BROKEN, NOT_UTF8, TOO_BIG)
    assert all(isinstance(event, str | bytes | Ping | Pong | Close) for event in found)


@given(streams(), st.data())
def test_a_damaged_stream_fails_with_a_code_and_nothing_else(
    stream: tuple[list[Event], bytes], data: st.DataObject
) -> None:
    damaged = bytearray(stream[1])
    for _ in range(data.draw(st.integers(1, 5))):
        if damaged:
            place = data.draw(st.integers(0, len(damaged) - 1))
            damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    whole = outcome([bytes(damaged)])
    assert whole[1] in (None, BROKEN, NOT_UTF8, TOO_BIG)
    assert outcome(cut(bytes(damaged), data.draw(pieces))) == whole


def test_random_bytes_behind_a_good_beginning_fail_with_a_code_and_nothing_else() -> None:
    drawn = random.Random(6455)
    codes = set()
    for _ in range(20_000):
        first = drawn.choice([0x81, 0x01, 0x82, 0x00, 0x80, 0x88, 0x89])
        data = bytes((first, 0x80 | drawn.randrange(128))) + drawn.randbytes(drawn.randrange(40))
        codes.add(outcome([data + drawn.randbytes(10)])[1])
    assert codes == {None, BROKEN, NOT_UTF8, TOO_BIG}


BREACHES: list[tuple[str, bytes, CloseCode]] = [
    *((f"reserved bit {bit:#x}", raw(0x81 | bit, 0x80), BROKEN) for bit in (0x40, 0x20, 0x10)),
    *((f"opcode {code:#x}", raw(0x80 | code, 0x80), BROKEN) for code in (3, 4, 5, 6, 7)),
    *((f"opcode {code:#x}", raw(0x80 | code, 0x80), BROKEN) for code in range(0xB, 0x10)),
    ("no mask", raw(0x81, 0x01), BROKEN),
    ("ping without mask", raw(0x89, 0x00), BROKEN),
    ("ping in fragments", raw(0x09, 0x80), BROKEN),
    ("close in fragments", raw(0x08, 0x80), BROKEN),
    ("ping of 126 bytes", raw(0x89, 0x80 | 126), BROKEN),
    ("pong with a long length", raw(0x8A, 0x80 | 127), BROKEN),
    ("continuation of nothing", raw(0x80, 0x80), BROKEN),
    ("continuation of what has ended", sent(TEXT, b"x") + raw(0x00, 0x80), BROKEN),
    ("text within a message", sent(TEXT, b"x", fin=False) + raw(0x81, 0x80), BROKEN),
    ("binary within a message", sent(TEXT, b"", fin=False) + raw(0x02, 0x80), BROKEN),
    ("125 in two bytes", raw(0x81, 0x80 | 126, b"\x00\x7d"), BROKEN),
    ("65535 in eight bytes", raw(0x82, 0x80 | 127, (65535).to_bytes(8, "big")), BROKEN),
    ("a negative length", raw(0x82, 0x80 | 127, b"\x80" + bytes(7)), BROKEN),
    ("one byte too many", raw(0x82, 0x80 | 127, (LIMIT + 1).to_bytes(8, "big")), TOO_BIG),
    (
        "one byte too many, in fragments",
        sent(BINARY, b"x" * LIMIT, fin=False) + raw(0x80, 0x81),
        TOO_BIG,
    ),
    ("half a close code", sent(CLOSE, b"\x03"), BROKEN),
    ("a reason that is not UTF-8", sent(CLOSE, b"\x03\xe8\xff"), NOT_UTF8),
    *(
        (f"close code {code}", sent(CLOSE, code.to_bytes(2, "big")), BROKEN)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ),
    ("text that is not UTF-8", sent(TEXT, b"\xff"), NOT_UTF8),
    ("text that ends within a character", sent(TEXT, b"\xe4\xbd"), NOT_UTF8),
    (
        "fragments that end within a character",
        sent(TEXT, b"\xe4", fin=False) + sent(CONTINUATION, b"\xbd"),
        NOT_UTF8,
    ),
]


@pytest.mark.parametrize(("frame", "code"), [b[1:] for b in BREACHES], ids=[b[0] for b in BREACHES])
def test_a_breach_is_told_by_its_code_at_its_last_byte_and_not_before(
    frame: bytes, code: CloseCode
) -> None:
    assert outcome([frame])[1] == code
    assert outcome([frame[:-1]])[1] is None
    assert outcome([bytes((byte,)) for byte in frame] if len(frame) < 200 else [frame])[1] == code
    found, told = outcome([sent(TEXT, b"before"), frame, sent(TEXT, b"after")])
    assert (found[0], told) == ("before", code)
    assert "after" not in found


@pytest.mark.parametrize(
    "bad",
    [
        b"\x80",
        b"\xc0",
        b"\xc1",
        b"\xf5",
        b"\xff",
        b"\xc3(",
        b"\xe0\x80",
        b"\xed\xa0",
        b"\xf0\x80",
        b"\xf4\x90",
        b"\xe4\xbd(",
        b"\xf0\x9f\x98(",
    ],
)
def test_bad_text_fails_at_its_first_bad_byte_though_more_is_to_come(bad: bytes) -> None:
    payload = "好".encode() + bad
    in_one_frame = sent(TEXT, payload + b"more")[: 6 + len(payload)]
    in_fragments = sent(TEXT, payload[:2], fin=False) + sent(CONTINUATION, payload[2:], fin=False)
    for begun in (in_one_frame, in_fragments):
        assert outcome([begun[:-1]])[1] is None
        assert outcome([begun])[1] == NOT_UTF8
        assert outcome([begun[:-1], begun[-1:]])[1] == NOT_UTF8


@pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_every_code_that_may_be_sent_is_taken(code: int) -> None:
    assert outcome([sent(CLOSE, code.to_bytes(2, "big") + b"why")]) == ([Close(code, "why")], None)
    assert outcome([sent(CLOSE, code.to_bytes(2, "big"))]) == ([Close(code, "")], None)


def test_a_close_frame_may_be_empty() -> None:
    assert outcome([sent(CLOSE, b"")]) == ([Close(None, "")], None)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 65537, LIMIT])
def test_every_length_up_to_the_limit_is_taken(size: int) -> None:
    payload = b"x" * size
    assert outcome([sent(BINARY, payload)]) == ([payload], None)
    assert outcome([sent(TEXT, payload)]) == ([payload.decode()], None)
    halves = sent(TEXT, payload[: size // 2], fin=False) + sent(CONTINUATION, payload[size // 2 :])
    assert outcome([halves]) == ([payload.decode()], None)


def test_fragments_without_end_cost_nothing() -> None:
    decoder = Decoder(fastest_mask(), 1024)
    events(decoder, sent(TEXT, b"", fin=False))
    for _ in range(10_000):
        assert events(decoder, sent(CONTINUATION, b"", fin=False)) == []
    assert decoder.kept == 0
    assert events(decoder, sent(CONTINUATION, b"end")) == ["end"]


def test_what_nobody_has_taken_yet_stays() -> None:
    decoder = Decoder(fastest_mask(), LIMIT)
    frame = sent(TEXT, b"one")
    decoder.feed(frame + sent(TEXT, b"two"))
    assert decoder.next_event() == "one"
    assert decoder.kept == len(frame)
    decoder.feed(sent(TEXT, b"three"))
    assert events(decoder, b"") == ["two", "three"]
    assert decoder.kept == 0


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=300))
def test_both_masks_are_the_same(key: bytes, data: bytes) -> None:
    expected = bytes(byte ^ key[place % 4] for place, byte in enumerate(data))
    assert pure_mask(key, data) == fastest_mask()(key, data) == expected
    assert pure_mask(key, pure_mask(key, data)) == data


@pytest.mark.parametrize("mask", [pure_mask, fastest_mask()], ids=["pure", "fastest"])
def test_either_mask_may_be_handed_in(mask: Mask) -> None:
    decoder = Decoder(mask, LIMIT)
    assert events(decoder, b"".join(frame for frame, _ in SCRIPT[:6])) == [
        event for _, found in SCRIPT[:6] for event in found
    ]


def test_without_the_compiled_mask_the_pure_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tornado.speedups", None)
    assert fastest_mask() is pure_mask


def read_by_a_client(data: bytes) -> list[Frame]:
    """The frames that another library reads from what a server sent."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while True:
        parsing: Generator[None, None, Frame] = Frame.parse(
            reader.read_exact, mask=False, max_size=1 << 24
        )
        try:
            next(parsing)
        except StopIteration as done:
            found.append(done.value)
        except EOFError:
            return found


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_client_reads_what_we_encode(opcode: int, size: int) -> None:
    data = encode_frame(opcode, b"x" * size) + encode_frame(PONG, b"y")
    assert read_by_a_client(data) == [
        Frame(Opcode(opcode), b"x" * size),
        Frame(Opcode.PONG, b"y"),
    ]


@pytest.mark.parametrize(
    ("code", "reason", "payload"),
    [
        (None, "", b""),
        (1000, "", b"\x03\xe8"),
        (4001, "session ended", b"\x0f\xa1session ended"),
        (1001, "好" * 60, b"\x03\xe9" + "好".encode() * 41),
        (1001, "x" * 200, b"\x03\xe9" + b"x" * 123),
    ],
)
def test_a_client_reads_why_we_close(code: int | None, reason: str, payload: bytes) -> None:
    frame = Frame(Opcode.CLOSE, payload)
    assert read_by_a_client(encode_close(code, reason)) == [frame]
    frame.check()
