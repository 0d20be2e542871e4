"""The relay's datagrams: a stranger's change nothing, a member's harm nobody else.

A case is a node with one member. The first byte says what comes: frames in either number space,
which that member sealed, or a datagram as it is on the wire, from a stranger.
"""

from __future__ import annotations

import random

from relay.core import Core
from relay.events import Deliver, Gap, KeyUnknown, Up
from relay.frames import Hello, decode_frames
from relay.keyring import Keyring
from relay.packet import Header, PacketError, Space, parse_header, seal, unseal
from tests.relay.network import busy_cluster

RING = Keyring(b"fuzzfuzz", {1: b"k" * 32}, 1)
HELD = 1 << 16
"""Bytes that the node may hold for others."""
MEMBER, STRANGER = b"member__", b"stranger"
ADDRESS, ELSEWHERE = ("10.0.0.2", 3001), ("10.9.9.9", 4000)
START = 1000.0
STRANGE = 2
"""The kind of a case that a stranger sends; 0 and 1 are the number spaces."""


def seeds() -> list[bytes]:
    """What three simulated nodes said to each other while a fifth was lost."""
    network = busy_cluster(grown=90, loss=0.2, ring=RING)
    network.leave("n2")
    assert network.recording
    found = []
    for datagram, _ in network.recording[:: len(network.recording) // 80]:
        header = parse_header(datagram)
        key = header and RING.key(header.sender, header.key)
        opened = header and key and unseal(key, header, datagram)
        assert header is not None and opened is not None
        found += [bytes((header.space, 0)) + opened, bytes((STRANGE, 0)) + datagram]
    return found


def sealed(space: Space, number: int, frames: bytes) -> bytes:
    """A datagram of the member."""
    key = RING.key(MEMBER, 1)
    assert key is not None
    RING.remember(MEMBER, 1, key)
    return seal(key, Header(space, RING.cluster, MEMBER, 1, number), frames)


def node() -> Core:
    """A node that has just taken in its first member."""
    core = Core(
        "node",
        RING,
        random.Random(1),
        START,
        datagram_size=1452,
        receive_buffer=99,
        held_bytes=HELD,
    )
    core.publish("t", b"to be repaired", ordered=True, ephemeral=False)
    core.handle_timer(START)
    said = [parse_header(datagram) for datagram, _ in core.datagrams_to_send(START)]
    mine = max((header for header in said if header and header.space), key=lambda h: h.number)
    hello = Hello("member", (1,), 99, 1, 1, reports=((mine.sender, 1, mine.number),))
    core.receive_datagram(sealed(Space.CONTROL, 1, hello.encode()), ADDRESS, START)
    assert core.events() == [Up("member"), Gap("member")]
    return core


def check_frames(space: Space, frames: bytes) -> None:
    """What is understood is written again as it was meant."""
    try:
        found = decode_frames(space, frames)
    except PacketError:
        return
    again = b"".join(frame.encode() for frame in found)
    assert decode_frames(space, again) == found


def check(data: bytes) -> None:
    """Raises where a promise of the relay does not hold."""
    if len(data) < 2:
        return
    kind, cut, rest = data[0] % 3, data[1], data[2:]
    core, now = node(), START
    if kind == STRANGE:
        core.receive_datagram(rest, ELSEWHERE, now)
        assert core.members() == ["member"]
        assert all(isinstance(event, KeyUnknown) for event in core.events())
        return
    space = Space(kind)
    check_frames(space, rest)
    # One datagram or two, of which the second may come first, or after a third that is lost.
    half = len(rest) * (cut & 15) // 15
    number = 1 + space
    parts = [(number, rest[:half]), (number + 1 + (cut >> 4 & 1), rest[half:])]
    for part, frames in reversed(parts) if cut >> 5 & 1 else parts:
        core.receive_datagram(sealed(space, part, frames), ADDRESS, now)
        assert core.statistics()["held_bytes"] <= HELD
    told = core.events()
    assert all(event.node == "member" for event in told if isinstance(event, Deliver | Gap | Up))
    for later in (0.01, 4.0):
        core.handle_timer(now + later)
        for datagram, _ in core.datagrams_to_send(now + later):
            assert len(datagram) <= 1452
    core.next_deadline()
    figures = core.statistics()
    assert 0 <= figures["held_bytes"] <= HELD and figures["members"] <= 1
