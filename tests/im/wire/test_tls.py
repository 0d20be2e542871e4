"""A session opens what was sealed for it, however it is cut, and mixes with no other."""

from __future__ import annotations

import itertools
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from im.wire.tls import RECORD_BYTES, UNSENT_BYTES, Tls, TlsError, TlsSession
from tests.im.wire.secure_client import MemoryClient, client_context, server_context


def sessions(count: int = 1) -> list[tuple[TlsSession, MemoryClient]]:
    """Sessions that share what they share in a node, and their clients, after the handshake."""
    tls = Tls(server_context)
    pairs = []
    for _ in range(count):
        session = tls.session()
        assert session is not None
        client = MemoryClient()
        client.shake(session)
        pairs.append((session, client))
    return pairs


def test_without_a_context_there_is_no_session() -> None:
    assert Tls(lambda: None).session() is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_each_stream_may_be_cut_at_every_byte(version: ssl.TLSVersion) -> None:
    context = client_context()
    context.maximum_version = version
    session = Tls(server_context).session()
    assert session is not None
    client = MemoryClient(context)
    client.shake(session, size=1)
    assert session.established
    data = bytes(range(256)) * 100
    wire = client.seal(data[:100]) + client.seal(data[100:20_000]) + client.seal(data[20_000:])
    opened = b"".join(session.receive(bytes((byte,))) for byte in wire)
    assert opened == data
    sealed = session.seal(data)
    assert b"".join(client.open(bytes((byte,))) for byte in sealed) == data


chunks = st.lists(st.binary(max_size=300) | st.just(b"x" * 20_000), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(chunks, min_size=2, max_size=4), st.data())
def test_sessions_do_not_mix_however_their_bytes_come(
    sent: list[list[bytes]], data: st.DataObject
) -> None:
    pairs = sessions(len(sent))
    wires: list[list[bytes]] = []
    for (_, client), parts in zip(pairs, sent, strict=True):
        wire = b"".join(client.seal(part) for part in parts)
        marks = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=5)))
        cuts = [0, *marks, len(wire)]
        wires.append([wire[begin:end] for begin, end in itertools.pairwise(cuts)])
    got = [b""] * len(pairs)
    for turn in itertools.zip_longest(*wires, fillvalue=b""):
        for number, piece in enumerate(turn):
            session, client = pairs[number]
            opened = session.receive(piece)
            got[number] += opened
            if opened:
                assert client.open(session.seal(opened[:50])) == opened[:50]
    assert got == [b"".join(parts) for parts in sent]


def test_one_that_fails_takes_nothing_from_the_others() -> None:
    (good, client), (bad, other) = sessions(2)
    first = client.seal(b"first")
    good.receive(first[:10])
    broken = bytearray(other.seal(b"secret"))
    broken[-1] ^= 1
    again = other.seal(b"again")
    with pytest.raises(TlsError):
        bad.receive(bytes(broken) + again)
    with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
        other.open(bad.unsent)
    assert good.receive(first[10:]) == b"first"
    with pytest.raises(TlsError):
        bad.receive(again)
    with pytest.raises(TlsError):
        bad.seal(b"anything")
    assert client.open(good.seal(b"answer")) == b"answer"


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_junk_fails_or_waits_and_says_an_alert_at_most(junk: list[bytes]) -> None:
    session = Tls(server_context).session()
    assert session is not None
    try:
        for piece in junk:
            assert session.receive(b"\x16" + piece) == b""
    except TlsError:
        pass
    assert len(session.unsent) <= 7


def test_as_many_records_as_it_takes_and_no_more() -> None:
    [(session, client)] = sessions()
    sealed = session.seal(b"x" * (RECORD_BYTES + 1))
    assert sealed.count(b"\x17\x03\x03") >= 2
    assert len(sealed) < RECORD_BYTES + 100
    assert client.open(sealed) == b"x" * (RECORD_BYTES + 1)
    assert len(session.seal(b"x" * 100)) < 130
    assert session.seal(b"") == b""


def test_what_the_socket_takes_in_parts_counts_when_all_is_on_its_way() -> None:
    [(session, client)] = sessions()
    wire = b""
    room = 0

    def send(data: bytes | memoryview) -> int:
        nonlocal wire
        if not room:
            raise BlockingIOError
        wire += bytes(data[:room])
        return min(room, len(data))

    with pytest.raises(BlockingIOError):
        session.send(b"hello", send)
    room = 4
    taken = 0
    while not taken:
        taken = session.send(b"hello, and what has come since", send)
    assert taken == 5
    room = 1000
    assert session.send(b", and what has come since", send) == 25
    assert client.open(wire) == b"hello, and what has come since"


def test_each_side_hears_that_the_other_ends() -> None:
    [(session, client)] = sessions()
    assert session.receive(client.seal(b"last") + client.end()) == b"last"
    assert session.ended
    assert session.receive(b"whatever comes later") == b""
    assert client.open(session.seal(b"answer") + session.close()) == b"answer"
    assert client.ended
    assert session.close() == b""


def test_in_the_middle_of_a_record_nothing_is_said_at_the_end() -> None:
    [(session, _)] = sessions()
    assert session.send(b"x" * 100, lambda data: 50) == 0
    assert session.close() == b""


def test_before_the_handshake_there_is_nothing_to_say_at_the_end() -> None:
    session = Tls(server_context).session()
    assert session is not None
    assert session.close() == b""


def test_old_versions_are_refused() -> None:
    # A ClientHello of TLS 1.0 without extensions, as it was sent in 1999.
    body = b"\x03\x01" + bytes(32) + b"\x00" + b"\x00\x02\x00\x2f" + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    session = Tls(server_context).session()
    assert session is not None
    with pytest.raises(TlsError):
        session.receive(b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
    assert session.unsent == b"\x15\x03\x01\x00\x02\x02\x46", "protocol_version, fatal"


def test_other_protocols_are_not_agreed_upon() -> None:
    context = client_context()
    context.set_alpn_protocols(["h2"])
    session = Tls(server_context).session()
    assert session is not None
    client = MemoryClient(context)
    client.shake(session)
    assert client.session.selected_alpn_protocol() is None


def test_what_a_session_has_to_say_is_bounded() -> None:
    [(session, client)] = sessions()
    session.unsent = b"x" * (UNSENT_BYTES + 1)
    with pytest.raises(TlsError):
        session.receive(client.seal(b"x"))
