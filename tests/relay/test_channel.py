"""A node on a channel that keeps the order: whatever is lost is known, and nothing comes twice."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from relay.channel import ChannelNode
from relay.events import Deliver, Down, Gap, Up
from relay.frames import Bye, Hello
from relay.keyring import Keyring
from tests.relay.nodes import CLUSTER, keyring


class Channel:
    """Nodes on one channel, and the time. ``lose`` says what doesn't come through, to whom."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.rng = random.Random(1)
        self.nodes: dict[str, ChannelNode] = {}
        self.seen: dict[str, list[object]] = {}
        self.recording: list[bytes] = []

    def start(self, name: str, ring: Keyring | None = None, kept: int = 1 << 20) -> ChannelNode:
        node = ChannelNode(name, ring or keyring(), self.rng, self.now, kept_bytes=kept)
        self.nodes[name] = node
        self.seen[name] = []
        return node

    def turn(self, deaf: frozenset[str] = frozenset()) -> None:
        """Everyone sends what is due; all but the deaf take it."""
        for node in list(self.nodes.values()):
            node.handle_timer(self.now)
            while datagrams := node.datagrams_to_send(self.now):
                self.recording += datagrams
                for datagram in datagrams:
                    for name, other in self.nodes.items():
                        if name not in deaf:
                            other.receive_datagram(datagram, self.now)
        for name, node in self.nodes.items():
            self.seen[name] += node.events()

    def run(self, seconds: float, deaf: frozenset[str] = frozenset()) -> None:
        for _ in range(round(seconds / 0.05)):
            self.turn(deaf)
            self.now += 0.05

    def gaps(self, name: str) -> int:
        return sum(type(event) is Gap for event in self.seen[name])

    def delivered(self, name: str) -> list[bytes]:
        return [event.payload for event in self.seen[name] if type(event) is Deliver]


def pair() -> Channel:
    channel = Channel()
    channel.start("a")
    channel.start("b")
    channel.run(0.5)
    assert channel.nodes["a"].members() == ["b"] and channel.nodes["b"].members() == ["a"]
    return channel


def test_what_is_lost_in_between_is_a_gap_when_the_next_comes() -> None:
    channel = pair()
    for number in range(3):
        channel.nodes["a"].publish("t", b"%d" % number, ordered=True, ephemeral=False)
        channel.turn(frozenset({"b"} if number == 1 else ()))
    assert channel.delivered("b") == [b"0", b"2"]
    assert channel.gaps("b") == 2, "that of its coming, and this one"


def test_what_is_lost_at_the_end_is_a_gap_with_the_next_hello() -> None:
    channel = pair()
    channel.nodes["a"].publish("t", b"lost", ordered=False, ephemeral=False)
    channel.turn(frozenset({"b"}))
    channel.run(1.2)
    assert channel.gaps("b") == 2
    channel.nodes["a"].publish("t", b"next", ordered=False, ephemeral=False)
    channel.run(1.2)
    assert channel.delivered("b") == [b"next"]
    assert channel.gaps("b") == 2, "told once"


def test_what_comes_twice_is_delivered_once_and_a_recording_does_nothing() -> None:
    channel = pair()
    channel.nodes["a"].publish("t", b"x", ordered=True, ephemeral=False)
    channel.nodes["a"].publish("t", b"y", ordered=False, ephemeral=True)
    channel.run(1.0)
    before = channel.delivered("b")
    for datagram in channel.recording:
        channel.nodes["b"].receive_datagram(datagram, channel.now)
    channel.run(0.1)
    assert channel.delivered("b") == before == [b"x", b"y"]
    late = ChannelNode("c", keyring(), random.Random(2), channel.now)
    for datagram in channel.recording:
        late.receive_datagram(datagram, channel.now)
    assert late.members() == [] and late.events() == []


def test_a_queue_that_runs_over_drops_the_oldest_and_says_gap() -> None:
    channel = Channel()
    channel.start("a", kept=200_000)
    channel.start("b")
    channel.run(0.5)
    for number in range(10):
        channel.nodes["a"].publish("t", b"%d" % number * 50_000, ordered=True, ephemeral=False)
    channel.run(0.1)
    assert [payload[:1] for payload in channel.delivered("b")] == [b"7", b"8", b"9"]
    assert channel.gaps("b") == 2
    assert channel.nodes["a"].statistics()["kept_bytes"] <= 200_000


def test_silence_is_a_down_and_a_foreign_key_is_nobody() -> None:
    channel = pair()
    channel.start("m", Keyring(CLUSTER, {1: b"another key of 32 bytes........."}, 1))
    channel.run(1.0)
    assert channel.nodes["m"].members() == [] and channel.nodes["a"].members() == ["b"]
    del channel.nodes["b"]
    channel.run(5.5)
    assert [type(event) for event in channel.seen["a"]] == [Up, Gap, Gap, Down]


def test_what_is_said_behind_a_goodbye_means_nothing() -> None:
    channel = pair()
    node, heard = channel.nodes["a"], channel.nodes["a"]._sender
    back = Hello("b", (1,), 9, 1, 1, reports=((heard.id, 1, heard.control),))
    datagram = channel.nodes["b"]._sender.seal_control(Bye(0).encode() + back.encode())
    node.receive_datagram(datagram, channel.now)
    assert node.members() == [] and Down("b") in node.events()


def test_nodes_that_all_fell_silent_ask_each_other_without_a_storm() -> None:
    channel = Channel()
    for number in range(20):
        channel.start(f"n{number}")
    channel.run(5.0)
    before = len(channel.recording)
    everyone = frozenset(channel.nodes)
    channel.run(3.0, deaf=everyone)
    channel.run(2.0)
    assert all(len(node.members()) == 19 for node in channel.nodes.values())
    assert (len(channel.recording) - before) / 20 / 5 < 15, "hellos a second and node"
    assert not any(type(event) is Down for seen in channel.seen.values() for event in seen)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 150_000)), max_size=40))
def test_each_payload_comes_once_in_order_or_is_followed_by_a_gap(
    steps: list[tuple[bool, bool, int]],
) -> None:
    channel = pair()
    first = len(channel.seen["b"])
    for number, (lost, ordered, size) in enumerate(steps):
        payload = (b"%d" % number).ljust(size)
        channel.nodes["a"].publish("t", payload, ordered=ordered, ephemeral=False)
        channel.turn(frozenset({"b"} if lost else ()))
    channel.run(1.2)
    events = channel.seen["b"][first:]
    arrived = [int(event.payload) for event in events if type(event) is Deliver]
    assert arrived == [number for number, step in enumerate(steps) if not step[0]]
    assert any(type(event) is Gap for event in events) == any(step[0] for step in steps)
    assert not any(type(event) is Up or type(event) is Down for event in events)
