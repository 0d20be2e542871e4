"""The doctor's own datagram, and what it makes of those of the relay."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from relay.core import Core
from relay.doctor.probe import MAX_ENTRIES, Doubt, Probe, decode_probe
from relay.doctor.recognise import recognise
from relay.doctor.report import Kind, Reach, Way
from relay.frames import Hello
from relay.keyring import Keyring
from relay.packet import parse_header
from tests.relay.nodes import CLUSTER, KEY, keyring

SIZE = st.integers(0, 65535)
REACHES = st.builds(Reach, SIZE, SIZE, SIZE)
PROBES = st.builds(
    Probe,
    st.binary(min_size=8, max_size=8),
    st.integers(1, 2**32 - 1),
    st.sampled_from(Way),
    SIZE,
    st.dictionaries(st.binary(min_size=8, max_size=8), REACHES, max_size=MAX_ENTRIES),
)


def datagram_of_a_node(ring: Keyring, *, reliable: bool = False) -> bytes:
    """A hello of a node, or one of its payloads."""
    core = Core("n", ring, random.Random(1), 0.0, datagram_size=1400, receive_buffer=100)
    if reliable:
        core.publish("topic", b"payload", ordered=False, ephemeral=False)
    sent = [datagram for datagram, _ in core.datagrams_to_send(0.0)]
    wanted = [d for d in sent if (d[3] == 0) == reliable]
    return wanted[0]


@given(PROBES, st.integers(0, 1500), st.booleans())
def test_a_probe_of_any_size_comes_back_as_it_was(probe: Probe, size: int, keys: bool) -> None:
    ring = keyring() if keys else None
    datagram = probe.encode(size, ring)
    assert len(datagram) >= size
    assert decode_probe(datagram, ring) == probe
    assert parse_header(datagram) is None, "a node would look further"


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_are_too_odd(junk: bytes, keys: bool) -> None:
    ring = keyring() if keys else None
    decode_probe(junk, ring)
    decode_probe(b"DR\x01" + junk, ring)
    recognise(junk, ring)
    recognise(b"IR\x01" + junk, ring)


@given(PROBES, st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_is_never_believed(probe: Probe, place: int, bit: int) -> None:
    changed = bytearray(probe.encode(300, keyring()))
    changed[place % len(changed)] ^= 1 << bit
    # Without cluster id and keys a probe is believed by design; one bit doesn't do that.
    assert not isinstance(decode_probe(bytes(changed), keyring()), Probe)


def test_a_probe_says_why_it_cannot_be_believed() -> None:
    probe = Probe(b"12345678", 1, Way.UNICAST, 1400)
    for ring, expected in [
        (Keyring(b"otherone", {1: KEY}, 1), Doubt(Kind.FOREIGN, b"othe".hex())),
        (Keyring(CLUSTER, {7: KEY}, 7), Doubt(Kind.UNKNOWN_KEY, "7")),
        (Keyring(CLUSTER, {1: b"x" * 32}, 1), Doubt(Kind.WRONG_KEY, "1")),
    ]:
        assert decode_probe(probe.encode(0, ring), keyring()) == expected
    newer = bytearray(probe.encode(0, keyring()))
    newer[2] = 9
    assert decode_probe(bytes(newer), keyring()) == Doubt(Kind.OTHER_VERSION, "9")


def test_without_keys_on_one_side_a_probe_is_believed() -> None:
    probe = Probe(b"12345678", 1, Way.BROADCAST, 1400)
    assert decode_probe(probe.encode(0, None), keyring()) == probe
    assert decode_probe(probe.encode(0, keyring()), None) == probe


def test_datagrams_of_the_relay_are_told_apart() -> None:
    hello = datagram_of_a_node(keyring())
    found = recognise(hello, keyring())
    assert found is not None and isinstance(found[1], Hello) and found[1].name == "n"
    assert recognise(datagram_of_a_node(keyring(), reliable=True), keyring()) is None
    foreign = Keyring(b"otherone", {1: KEY}, 1)
    assert recognise(hello, foreign) == (Kind.FOREIGN, CLUSTER[:4].hex())
    assert recognise(hello, Keyring(CLUSTER, {7: KEY}, 7)) == (Kind.UNKNOWN_KEY, "1")
    assert recognise(hello, Keyring(CLUSTER, {1: b"x" * 32}, 1)) == (Kind.WRONG_KEY, "1")
    assert recognise(hello, None) == (Kind.SEALED, CLUSTER[:4].hex())
    assert recognise(b"IR\x07" + hello[3:], keyring()) == (Kind.OTHER_VERSION, "7")
    assert recognise(b"something else", keyring()) == (Kind.JUNK, "")
    assert recognise(hello[:30], keyring()) == (Kind.JUNK, "")
