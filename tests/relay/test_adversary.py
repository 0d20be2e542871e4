"""Whoever can send and record datagrams, but has no key, changes nothing."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.events import Deliver, Down, Gap, KeyUnknown, Up
from relay.frames import Bye, Frame, Hello
from relay.keyring import Keyring
from relay.packet import Header, Space, parse_header, seal
from tests.relay.network import Network, SimulatedNode, busy_cluster
from tests.relay.nodes import CLUSTER, keyring

STRANGER = ("10.9.9.9", 4000)


def told(node: SimulatedNode) -> list[object]:
    """All events of a node that a program would notice."""
    return [event for _, event in node.seen if type(event) is not KeyUnknown]


def inject(network: Network, node: SimulatedNode, datagram: bytes) -> None:
    node.core.receive_datagram(datagram, STRANGER, network.now)
    network.serve(node)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["flip", "cut", "junk", "grow"]))
def test_damaged_datagrams_raise_nothing_and_change_nothing(seed: int, damage: str) -> None:
    network = busy_cluster()
    recording, network.recording = network.recording, None
    rng = random.Random(seed)
    node = network.nodes["n0"]
    before, members = told(node), node.core.members()
    assert recording
    for datagram, _ in rng.sample(recording, 60):
        damaged = bytearray(datagram)
        if damage == "flip":
            for _ in range(rng.randint(1, 3)):
                damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        elif damage == "cut":
            del damaged[rng.randrange(len(damaged)) :]
        elif damage == "junk":
            damaged[24:] = rng.randbytes(len(damaged) - 24)
        else:
            damaged += rng.randbytes(rng.randint(1, 50))
        if bytes(damaged) != datagram:
            inject(network, node, bytes(damaged))
    assert told(node) == before and node.core.members() == members
    for number in range(10):
        network.publish(f"n{number % 3}")
    network.run(16)
    assert network.silent_losses() == 0
    network.check()


def test_a_session_played_back_in_the_same_life_delivers_nothing_and_evicts_nobody() -> None:
    network = busy_cluster()
    recording, network.recording = network.recording, None
    assert recording
    node = network.nodes["n0"]
    before = told(node)
    for datagram, _ in recording:
        inject(network, node, datagram)
    assert told(node) == before
    network.run(1)
    assert node.core.members() == ["n1", "n2"]


@pytest.mark.parametrize("goodbye", [True, False])
def test_a_recording_brings_no_dead_node_back(goodbye: bool) -> None:
    network = busy_cluster()
    node = network.nodes["n0"]
    for name in ("n1", "n2"):
        (network.leave if goodbye else network.crash)(name)
    recording, network.recording = network.recording, None
    assert recording
    for pause in (0.001, 1, 1, 1, 1.5, 1, 1, 5, 10, 30):
        network.run(pause)
        ups = len(node.of(Up, "n1")) + len(node.of(Up, "n2"))
        delivered = sum(type(event) is Deliver for event in told(node))
        for datagram, _ in recording:
            inject(network, node, datagram)
        assert len(node.of(Up, "n1")) + len(node.of(Up, "n2")) == ups, f"revived after {pause} s"
        assert sum(type(event) is Deliver for event in told(node)) == delivered
    assert node.core.members() == []


def test_a_recording_of_an_earlier_life_makes_no_member_and_delivers_nothing() -> None:
    network = busy_cluster()
    recording, network.recording = network.recording, None
    assert recording
    for name in ("n0", "n1", "n2"):
        network.crash(name)
    node = network.start("n0")
    network.run(0.1)
    for datagram, _ in recording:
        inject(network, node, datagram)
        network.run(0.001)
    network.run(10)
    assert told(node) == [], "no up, no delivery, no gap"


@pytest.mark.parametrize("apart", [6, 20])
def test_after_a_partition_a_recording_from_before_delivers_nothing(apart: float) -> None:
    network = busy_cluster()
    for number in range(5):
        network.nodes["n1"].core.publish("e", b"%d" % number, ordered=False, ephemeral=True)
        network.serve(network.nodes["n1"])
        network.run(0.01)
    recording, network.recording = network.recording, None
    assert recording
    node = network.nodes["n0"]
    assert sum(type(event) is Deliver and event.topic == "e" for event in told(node)) == 5
    network.separate({"n0"}, {"n1", "n2"})
    network.run(apart)
    assert node.core.members() == []
    hellos: dict[bytes, bytes] = {}
    for datagram, _ in recording:
        header = parse_header(datagram)
        if header is not None and header.space is Space.CONTROL:
            hellos.setdefault(header.sender, datagram)
    for hello in hellos.values():  # makes the sender a candidate again, with an old number
        inject(network, node, hello)
    network.cut.clear()
    network.run(2)
    assert node.core.members() == ["n1", "n2"]
    before = told(node)
    for datagram, _ in recording:
        inject(network, node, datagram)
    assert told(node) == before
    network.run(16)
    network.check()


def test_a_wrong_key_is_no_member() -> None:
    network = busy_cluster()
    network.start("n3", Keyring(CLUSTER, {1: b"w" * 32}, 1))
    network.run(5)
    assert network.nodes["n3"].core.members() == []
    assert network.nodes["n0"].core.members() == ["n1", "n2"]
    assert network.nodes["n0"].core.statistics()["forged"] > 0


def test_a_forged_goodbye_or_hello_evicts_nobody() -> None:
    network = busy_cluster()
    assert network.recording
    seen = {h.sender for d, _ in network.recording if (h := parse_header(d)) is not None}
    node = network.nodes["n0"]
    key = Keyring(CLUSTER, {1: b"w" * 32}, 1).key(b"ATTACKER", 1)
    assert key is not None
    for sender in seen:
        frames: list[Frame] = [Bye(1), Hello("n1", (1,), 9, 1, 99)]
        for number, frame in enumerate(frames, 10_000):
            header = Header(Space.CONTROL, CLUSTER[:4], sender, 1, number)
            inject(network, node, seal(key, header, frame.encode()))
    network.run(0.5)
    assert node.core.members() == ["n1", "n2"]
    assert not node.of(Down, "n1") and len(node.of(Gap, "n1")) == 1


def test_a_foreign_cluster_is_dropped_before_any_cryptography() -> None:
    network = busy_cluster()
    node = network.nodes["n0"]
    key = keyring().key(b"ATTACKER", 1)
    assert key is not None
    header = Header(Space.CONTROL, b"ELSE", b"ATTACKER", 1, 1)
    before = node.core.statistics()
    inject(network, node, seal(key, header, Bye(1).encode()))
    after = node.core.statistics()
    assert after["foreign"] == before["foreign"] + 1 and after["forged"] == before["forged"]


def test_malformed_frames_of_a_member_raise_nothing_and_are_a_gap() -> None:
    network = busy_cluster()
    node, other = network.nodes["n0"], network.nodes["n1"]
    ring = keyring()
    assert network.recording
    numbers: dict[Space, int] = {Space.RELIABLE: 0, Space.CONTROL: 0}
    sender = b""
    for datagram, address in network.recording:
        header = parse_header(datagram)
        if header is not None and address == other.address:
            numbers[header.space] = max(numbers[header.space], header.number)
            sender = header.sender
    key = ring.key(sender, 1)
    assert key is not None
    gaps = len(node.of(Gap, "n1"))
    for space, number in numbers.items():
        header = Header(space, ring.cluster, sender, 1, number + 1)
        inject(network, node, seal(key, header, b"\x02\xff\xffjunk"))
    assert len(node.of(Gap, "n1")) == gaps + 1
    assert node.core.members() == ["n1", "n2"]


def test_what_a_member_says_behind_its_goodbye_means_nothing() -> None:
    network = busy_cluster()
    node, other = network.nodes["n0"], network.nodes["n1"]
    heard = node.core._sender
    back = Hello("n1", (1,), 9, 1, 99, reports=((heard.id, 1, heard.control),))
    inject(network, node, other.core._sender.seal_control(Bye(1).encode() + back.encode()))
    assert node.core.members() == ["n2"] and len(node.of(Down, "n1")) == 1


def test_many_recorded_senders_use_bounded_memory_and_time() -> None:
    """Authentic hellos of a thousand former lives: candidates are few, and no one is evicted."""
    network = busy_cluster()
    node = network.nodes["n0"]
    ring = keyring()
    rng = random.Random(1)
    hellos: list[bytes] = []
    for number in range(1000):
        sender = rng.randbytes(8)
        key = ring.key(sender, 1)
        assert key is not None
        header = Header(Space.CONTROL, ring.cluster, sender, 1, 7)
        hellos.append(seal(key, header, Hello(f"ghost{number}", (1,), 9, 1, 99).encode()))
    began = time.process_time()
    for hello in hellos:
        inject(network, node, hello)
    assert (time.process_time() - began) / len(hellos) < 0.005
    assert len(node.core._membership.peers()) <= 2 + 64
    assert node.core.members() == ["n1", "n2"]
    network.run(5)
    assert len(node.core._membership.peers()) == 2


def test_junk_costs_microseconds() -> None:
    network = busy_cluster()
    node = network.nodes["n0"]
    ring, rng = keyring(), random.Random(1)
    junk = [
        Header(Space.CONTROL, ring.cluster, rng.randbytes(8), 1, 9).encode() + rng.randbytes(1400)
        for _ in range(2000)
    ]
    began = time.process_time()
    for datagram in junk:
        node.core.receive_datagram(datagram, STRANGER, network.now)
    assert (time.process_time() - began) / len(junk) < 0.0005
