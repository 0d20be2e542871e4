"""The promises of the bus over a simulated network with every failure that we know."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from relay.events import Down, Gap, Refused, Up
from tests.relay.network import Network


def cluster(size: int, seed: int = 1, **options: object) -> Network:
    network = Network(seed, **options)  # type: ignore[arg-type]
    for number in range(size):
        network.start(f"n{number}")
    network.run(1.0)
    return network


def is_full_mesh(network: Network) -> bool:
    names = set(network.nodes)
    return all(set(node.core.members()) == names - {node.name} for node in network.nodes.values())


@pytest.mark.parametrize("size", [2, 8, 54])
@pytest.mark.parametrize("group", [True, False])
def test_all_are_up_within_a_second(size: int, group: bool) -> None:
    if size == 54 and not group:
        size = 20
    assert is_full_mesh(cluster(size, group=group))


def test_nobody_goes_down_for_an_hour_at_20_percent_loss() -> None:
    network = cluster(4, loss=0.2)
    network.run(3600)
    assert is_full_mesh(network)
    downs = sum(len(n.of(Down, other)) for n in network.lives for other in network.nodes)
    assert downs == 0


def test_a_killed_node_is_down_within_6_seconds_and_that_is_a_gap() -> None:
    network = cluster(3)
    killed = network.now
    network.crash("n2")
    network.run(6)
    for name in ("n0", "n1"):
        node = network.nodes[name]
        assert len(node.of(Down, "n2")) == 1
        assert any(at >= killed for at in node.of(Gap, "n2"))


def test_after_a_goodbye_a_node_is_down_at_once_without_a_gap() -> None:
    network = cluster(3, delay=(0.0001, 0.0001))
    network.publish("n2")
    left = network.now
    network.leave("n2")
    network.run(0.01)
    node = network.nodes["n0"]
    assert node.of(Down, "n2") and not [at for at in node.of(Gap, "n2") if at >= left]
    network.run(15)
    assert network.silent_losses() == 0
    assert node.core.members() == ["n1"]


def test_a_goodbye_after_a_loss_is_a_gap() -> None:
    network = cluster(2)
    network.cut.add(("n1", "n0"))
    network.publish("n1")
    network.run(0.001)
    network.cut.clear()
    left = network.now
    network.leave("n1")
    network.run(0.01)
    assert [at for at in network.nodes["n0"].of(Gap, "n1") if at >= left]


def test_a_one_way_link_is_no_membership() -> None:
    network = Network(1)
    network.cut.add(("n0", "n1"))
    network.start("n0")
    network.start("n1")
    network.run(10)
    assert not network.nodes["n0"].core.members()
    assert not network.nodes["n1"].core.members()


def test_a_node_that_stood_still_evicts_nobody_by_itself() -> None:
    network = cluster(3)
    network.nodes.pop("n2")  # its process is stopped, the network goes on
    stopped = network.lives[2]
    network.run(20)
    assert network.nodes["n0"].core.members() == ["n1"]
    network.nodes["n2"] = stopped
    network.run(5)
    assert is_full_mesh(network)
    assert not stopped.of(Down, "n0")
    network.publish("n0")
    network.publish("n2")
    network.run(20)
    network.check()


def test_a_restarted_node_supersedes_its_old_life_down_before_up() -> None:
    network = cluster(2)
    network.crash("n1")
    network.run(0.5)
    network.start("n1")
    network.run(0.5)
    node = network.nodes["n0"]
    assert node.core.members() == ["n1"]
    assert len(node.of(Up, "n1")) == 2 and len(node.of(Down, "n1")) == 1
    network.check()


def test_the_newcomer_of_two_nodes_with_one_name_is_refused() -> None:
    network = cluster(2)
    network.run(5)
    old = network.nodes["n1"]
    network.start("n1")
    network.nodes["old"] = old  # both are on the network
    network.run(1)
    reasons = [e for _, e in network.nodes["n1"].seen if type(e) is Refused]
    assert reasons and "duplicate node name" in reasons[0].reason
    assert not [e for _, e in old.seen if type(e) is Refused]


def test_the_65th_node_is_refused() -> None:
    network = Network(1)
    for number in range(64):
        network.start(f"n{number}")
    network.run(1.5)
    assert is_full_mesh(network)
    late = network.start("late")
    network.run(1)
    reasons = [e for _, e in late.seen if type(e) is Refused]
    assert reasons and "64 nodes" in reasons[0].reason
    assert not late.core.members()
    assert "late" not in network.nodes["n0"].core.members()


def test_a_member_that_multicast_does_not_reach_is_served_by_unicast() -> None:
    network = cluster(2)
    network.group_filtered.add(("n0", "n1"))
    network.run(30)
    assert is_full_mesh(network)
    published = [network.publish("n0") for _ in range(3)]
    network.run(15)
    network.check()
    arrived = {event[-1] for _, event in network.nodes["n1"].seen}
    assert {p.payload for p in published} <= arrived
    assert any("multicast is filtered" in str(event) for _, event in network.nodes["n0"].seen)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("loss", [0.05, 0.5])
def test_what_does_not_arrive_is_followed_by_a_gap(seed: int, loss: float) -> None:
    network = cluster(3, seed)
    network.loss, network.duplication, network.delay = loss, 0.1, (0.0001, 0.02)
    for number in range(300):
        network.publish(f"n{number % 3}", ordered=number % 2 == 0, size=number * 13)
        network.run(0.003)
    network.loss = 0.0
    network.run(20)
    network.check()


class Failures(RuleBasedStateMachine):
    """Any sequence of failures; at the end the network heals and every promise is checked."""

    names = st.sampled_from(["n0", "n1", "n2", "n3"])

    @initialize(seed=st.integers(0, 2**32), size=st.integers(2, 4))
    def begin(self, seed: int, size: int) -> None:
        self.network = cluster(size, seed)

    def alive(self, name: str) -> bool:
        return name in self.network.nodes

    @rule(name=names, ordered=st.booleans(), size=st.integers(0, 4000), count=st.integers(1, 20))
    def publish(self, name: str, ordered: bool, size: int, count: int) -> None:
        if self.alive(name):
            for _ in range(count):
                self.network.publish(name, ordered=ordered, size=size)

    @rule(seconds=st.sampled_from([0.0001, 0.001, 0.01, 0.1, 1.0, 4.0, 7.0]))
    def wait(self, seconds: float) -> None:
        self.network.run(seconds)

    @rule(
        loss=st.sampled_from([0.0, 0.05, 0.2, 0.5]),
        duplication=st.sampled_from([0.0, 0.1]),
        delay=st.sampled_from([0.0005, 0.02, 0.3]),
    )
    def weather(self, loss: float, duplication: float, delay: float) -> None:
        self.network.loss, self.network.duplication = loss, duplication
        self.network.delay = (0.0001, delay)

    @rule(source=names, to=names)
    def cut_one_way(self, source: str, to: str) -> None:
        self.network.cut.add((source, to))

    @rule(names=st.sets(names, min_size=1, max_size=2))
    def separate(self, names: set[str]) -> None:
        self.network.separate(names, set(self.network.nodes) - names)

    @rule()
    def heal(self) -> None:
        self.network.cut.clear()

    @rule(name=names)
    def crash(self, name: str) -> None:
        if self.alive(name):
            self.network.crash(name)

    @rule(name=names)
    def leave(self, name: str) -> None:
        if self.alive(name):
            self.network.leave(name)

    @rule(name=names)
    def start(self, name: str) -> None:
        if not self.alive(name):
            self.network.start(name)

    def teardown(self) -> None:
        if not hasattr(self, "network"):
            return
        network = self.network
        network.cut.clear()
        network.loss, network.delay = 0.0, (0.0001, 0.0005)
        network.run(20)
        assert is_full_mesh(network), "it does not settle when the network does"
        network.check()


Failures.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestFailures = Failures.TestCase
