"""The datagram and its frames: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import contextlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from relay.bus import MAX_TOPIC
from relay.frames import (
    MAX_NAME,
    Bye,
    Confirm,
    Data,
    Ephemeral,
    Frame,
    Hello,
    Nak,
    Part,
    decode_frames,
    join_parts,
)
from relay.packet import (
    HEADER,
    MAX_NUMBER,
    OVERHEAD,
    Header,
    PacketError,
    Space,
    parse_header,
    seal,
    unseal,
)

KEY = AESGCM(b"k" * 32)

numbers = st.integers(1, MAX_NUMBER)
senders = st.binary(min_size=8, max_size=8)
topics = st.text(max_size=MAX_TOPIC).filter(lambda text: len(text.encode()) <= MAX_TOPIC)
names = st.text(min_size=1, max_size=MAX_NAME).filter(lambda text: len(text.encode()) <= MAX_NAME)
payloads = st.binary(max_size=2000)
reports = st.lists(
    st.tuples(senders, st.integers(0, MAX_NUMBER), st.integers(0, 2**32 - 1)), max_size=60
).map(tuple)
headers = st.builds(
    Header, st.sampled_from(Space), st.binary(min_size=4, max_size=4), senders,
    st.integers(0, 255), numbers,
)  # fmt: skip


@st.composite
def hellos(draw: st.DrawFn) -> Hello:
    lowest, following = sorted([draw(numbers), draw(numbers)])
    answer, age, full = draw(st.booleans()), draw(st.integers(0, 2**32 - 1)), draw(st.booleans())
    keys = tuple(draw(st.lists(st.integers(0, 255), max_size=8)))
    buffer = draw(st.integers(0, 2**32 - 1))
    return Hello(draw(names), keys, buffer, lowest, following, answer, age, full, draw(reports))


@st.composite
def parts(draw: st.DrawFn) -> Part:
    total = draw(st.integers(1, 0xFFFF))
    place = draw(st.integers(0, total - 1))
    return Part(place, total, draw(st.booleans()), draw(st.binary(min_size=1, max_size=1400)))


ranges = st.builds(lambda start, size: (start, start + size), numbers, st.integers(1, 0xFFFF))
reliable_frames = st.one_of(st.builds(Data, topics, payloads, st.booleans()), parts())
control_frames = st.one_of(
    hellos(),
    st.builds(Ephemeral, topics, payloads),
    st.builds(Confirm, reports.filter(len).map(lambda r: r[0]), st.integers(0, 2**32 - 1)),
    st.builds(Nak, senders, st.booleans(), st.lists(ranges, max_size=60).map(tuple)),
    st.builds(Bye, st.integers(0, MAX_NUMBER)),
)


@given(st.lists(reliable_frames, max_size=5))
def test_reliable_frames_come_out_as_they_went_in(frames: list[Frame]) -> None:
    encoded = b"".join(frame.encode() for frame in frames)
    assert decode_frames(Space.RELIABLE, encoded) == frames


@given(st.lists(control_frames, max_size=5))
def test_control_frames_come_out_as_they_went_in(frames: list[Frame]) -> None:
    encoded = b"".join(frame.encode() for frame in frames)
    assert decode_frames(Space.CONTROL, encoded) == frames


@given(st.sampled_from(Space), st.binary(max_size=200))
def test_junk_is_malformed_or_skipped_but_never_another_error(space: Space, junk: bytes) -> None:
    with contextlib.suppress(PacketError):
        decode_frames(space, junk)


@given(control_frames, st.data())
def test_a_truncated_frame_is_malformed(frame: Frame, data: st.DataObject) -> None:
    encoded = frame.encode()
    cut = data.draw(st.integers(1, len(encoded) - 1))
    with pytest.raises(PacketError):
        decode_frames(Space.CONTROL, encoded[:cut])


@given(reliable_frames)
def test_a_frame_of_the_other_space_is_malformed(frame: Frame) -> None:
    with pytest.raises(PacketError):
        decode_frames(Space.CONTROL, frame.encode())


@given(st.integers(8, 255), st.binary(max_size=100))
def test_a_frame_of_an_unknown_type_is_skipped(kind: int, body: bytes) -> None:
    unknown = bytes((kind,)) + len(body).to_bytes(2, "big") + body
    known = Bye(7)
    assert decode_frames(Space.CONTROL, unknown + known.encode()) == [known]


@given(topics, st.binary(max_size=5000), st.booleans(), st.integers(1, 700))
def test_parts_join_to_the_payload(topic: str, payload: bytes, ordered: bool, size: int) -> None:
    content = bytes((len(topic.encode()),)) + topic.encode() + payload
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert join_parts(pieces, ordered) == Data(topic, payload, ordered)


def test_parts_of_more_than_a_mebibyte_are_refused() -> None:
    with pytest.raises(PacketError):
        join_parts([b"\x00", b"x" * (1024 * 1024 + 1)], False)


@given(headers, st.binary(max_size=1412))
def test_a_sealed_datagram_opens_to_its_header_and_frames(header: Header, frames: bytes) -> None:
    datagram = seal(KEY, header, frames)
    assert len(datagram) == OVERHEAD + len(frames)
    assert parse_header(datagram) == header
    assert unseal(KEY, header, datagram) == frames


def test_the_header_is_laid_out_as_documented() -> None:
    datagram = seal(KEY, Header(Space.CONTROL, b"CLUS", b"SENDERID", 3, 5), b"")
    assert datagram[:24] == b"IR\x01\x01CLUSSENDERID\x03\x00\x00\x00\x00\x00\x00\x05"
    assert HEADER.size == 24 and OVERHEAD == 40


@given(headers, st.binary(max_size=100), st.data())
def test_a_flipped_bit_anywhere_makes_it_unreadable(
    header: Header, frames: bytes, data: st.DataObject
) -> None:
    datagram = bytearray(seal(KEY, header, frames))
    bit = data.draw(st.integers(0, len(datagram) * 8 - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    flipped = parse_header(bytes(datagram))
    assert flipped is None or unseal(KEY, flipped, bytes(datagram)) is None


@given(st.binary(max_size=100))
@example(b"")
@example(b"IR\x01\x00" + b"\x00" * 36)
def test_junk_has_no_header_or_does_not_open(junk: bytes) -> None:
    header = parse_header(junk)
    assert header is None or unseal(KEY, header, junk) is None


def test_the_same_frames_never_look_the_same_twice() -> None:
    sealed = {
        seal(KEY, Header(space, b"CLUS", b"SENDERID", 1, number), b"frames")[HEADER.size :]
        for space in Space
        for number in range(1, 50)
    }
    assert len(sealed) == 98
