"""The relay itself repairs what the network loses, and never waits for the slowest."""

from __future__ import annotations

import pytest

from relay.events import Deliver, Down, Gap
from relay.packet import Space, parse_header
from relay.peer import Address
from tests.relay.network import Network, SimulatedNode


def cluster(size: int, seed: int = 1, **options: object) -> Network:
    """Nodes that are all up and whose first second is over."""
    network = Network(seed, **options)  # type: ignore[arg-type]
    for number in range(size):
        network.start(f"n{number}")
    network.run(2.0)
    return network


def gaps_since(network: Network, time: float) -> int:
    pairs = [(node, other) for node in network.lives for other in network.nodes]
    return sum(at >= time for node, other in pairs for at in node.of(Gap, other))


def reliable_number(datagram: bytes) -> int:
    """The number of a reliable datagram, 0 of another."""
    header = parse_header(datagram)
    return header.number if header is not None and header.space is Space.RELIABLE else 0


@pytest.mark.parametrize("size", [2, 4, 8])
@pytest.mark.parametrize("loss", [0.01, 0.2, 0.5])
def test_everything_arrives_without_a_gap_whatever_is_lost(size: int, loss: float) -> None:
    network = cluster(size)
    began = network.now
    network.loss, network.duplication, network.delay = loss, 0.05, (0.0001, 0.002)
    for number in range(400):
        network.publish(f"n{number % size}", ordered=number % 2 == 0, size=number * 7)
        network.run(0.0005)
    network.run(15)
    network.check()
    downs = sum(len(node.of(Down, other)) for node in network.lives for other in network.nodes)
    assert gaps_since(network, began) <= 2 * downs, "a gap at each down and the up after it"
    if loss < 0.5:
        assert downs == 0
    assert downs or network.silent_losses() == 0


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_from_the_moment_when_both_sides_are_up(seed: int) -> None:
    network = Network(seed, loss=0.2)
    for number in range(3):
        network.start(f"n{number}")
    while not all(len(node.core.members()) == 2 for node in network.nodes.values()):
        network.run(0.001)
    began = network.now
    for number in range(60):
        network.publish(f"n{number % 3}")
        network.run(0.001)
    network.run(15)
    assert network.silent_losses() == 0
    assert gaps_since(network, began) == 0


def test_the_last_payload_before_a_silence_is_repaired_within_milliseconds() -> None:
    network = cluster(2)
    waits = []
    for _ in range(300):
        network.loss = 0.2
        published = network.publish("n0")
        network.run(0.3)
        arrived = [
            at
            for at, event in network.nodes["n1"].seen
            if type(event) is Deliver and event.payload == published.payload
        ]
        waits.append(arrived[0] - published.time)
    waits.sort()
    assert waits[len(waits) // 2] < 0.001
    assert waits[len(waits) * 95 // 100] < 0.02


@pytest.mark.parametrize("losers", [["n1"], ["n1", "n2"]])
def test_one_asker_gets_a_unicast_repair_and_several_a_multicast_one(losers: list[str]) -> None:
    network = cluster(3)
    sent: list[Address | None] = []

    def watch(source: SimulatedNode, datagram: bytes, destination: Address | None) -> bool:
        if reliable_number(datagram) == 1:
            sent.append(destination)
        return False

    network.drop = watch
    network.cut = {("n0", loser) for loser in losers}
    network.publish("n0")
    network.run(0.0001)
    network.cut = set()
    network.publish("n0")
    network.run(0.0029)  # before the last one is repeated
    assert sent[0] is None and len(sent) > 1, "nothing was repaired"
    if len(losers) == 1:
        assert sent[1:] == [network.nodes["n1"].address]
    else:
        assert sent[-1] is None


def test_in_a_larger_cluster_mostly_one_node_asks_for_all() -> None:
    network = cluster(16)
    others = {(f"n{number}", "n0") for number in range(1, 16)}
    before = {name: node.core.statistics()["naks_sent"] for name, node in network.nodes.items()}
    for _ in range(50):
        network.cut = {(to, source) for source, to in others}
        network.publish("n0")
        network.run(0.0001)
        network.cut = set()
        network.publish("n0")
        network.run(0.1)
    assert network.silent_losses() == 0
    asked = sum(
        n.core.statistics()["naks_sent"] - before[name] for name, n in network.nodes.items()
    )
    assert asked < 50 * 15 / 2, "each asks for itself"


def test_a_member_that_lags_does_not_stall_the_others_and_gets_a_gap() -> None:
    network = cluster(3)
    began = network.now

    def reach_all_but_n2(source: SimulatedNode, datagram: bytes, to: Address | None) -> bool:
        network.cut = {("n0", "n2")} if reliable_number(datagram) else set()
        return False

    network.drop = reach_all_but_n2
    waited = most_lagging = 0.0
    for _ in range(4000):
        network.publish("n0", size=1300)
        network.run(0.002)
        statistics = network.nodes["n0"].core.statistics()
        waited += statistics["unsent_datagrams"] > 100
        most_lagging = max(most_lagging, statistics["lagging_members"])
    assert most_lagging == 1
    assert waited * 0.002 < 2.5, "n1 waited for n2 more than once"
    network.run(1)
    arrived = {e.payload.rstrip() for _, e in network.nodes["n1"].seen if type(e) is Deliver}
    assert all(p.payload in arrived for p in network.published)
    assert [at for at in network.nodes["n2"].of(Gap, "n0") if at >= began]
    assert not network.nodes["n1"].of(Down, "n0")
    network.drop = None
    network.cut = set()
    began = network.now
    network.run(15)
    for _ in range(100):
        network.publish("n0")
        network.run(0.01)
    assert network.nodes["n0"].core.statistics()["lagging_members"] == 0
    late = [p.payload for p in network.published if p.time > began + 15]
    arrived = {e.payload.rstrip() for _, e in network.nodes["n2"].seen if type(e) is Deliver}
    assert set(late) <= arrived


def test_a_full_queue_drops_the_oldest_and_that_is_a_gap_for_all() -> None:
    network = cluster(3, kept_bytes=1024 * 1024)
    began = network.now
    for _ in range(20):
        network.publish("n0", size=100_000)
    statistics = network.nodes["n0"].core.statistics()
    assert statistics["kept_bytes"] <= 1024 * 1024
    assert statistics["overflowed_datagrams"] > 0
    network.run(20)
    for name in ("n1", "n2"):
        assert [at for at in network.nodes[name].of(Gap, "n0") if at >= began]
    network.check()
    last = network.published[-1].payload
    arrived = {e.payload.rstrip() for _, e in network.nodes["n1"].seen if type(e) is Deliver}
    assert last in arrived, "what is newest goes through"


def test_memory_stays_bounded_when_one_hole_holds_up_an_ordered_stream() -> None:
    limit = 256 * 1024
    network = cluster(2, held_bytes=limit)
    for _ in range(1000):  # so that the window is wide
        network.publish("n0", size=1300)
    network.run(1)
    assert network.silent_losses() == 0
    network.drop = lambda source, datagram, to: reliable_number(datagram) == 1001
    most = 0.0
    for _ in range(100):
        for _ in range(9):
            network.publish("n0", ordered=True, size=1300)
        network.run(0.005)
        most = max(most, network.nodes["n1"].core.statistics()["held_bytes"])
    assert limit / 2 < most <= limit
    assert network.nodes["n1"].core.statistics()["refused_memory"] > 0
    network.drop = None
    network.run(20)
    assert network.nodes["n1"].core.statistics()["held_bytes"] == 0
    network.check()


def test_the_window_grows_to_a_quarter_of_the_smallest_buffer_in_spite_of_loss() -> None:
    network = cluster(2)
    network.loss = 0.2
    for _ in range(500):
        for _ in range(20):
            network.publish("n0", size=1300)
        network.run(0.002)
    assert network.nodes["n0"].core.statistics()["window_datagrams"] == 3600 / 4
    network.run(3)
    assert network.silent_losses() == 0


def test_an_idle_cluster_says_nothing_but_hellos() -> None:
    network = cluster(4)
    network.publish("n0")
    network.run(5)
    before = network.datagrams
    network.run(10)
    assert network.datagrams - before <= 4 * 11


def test_lonely_messages_draw_few_confirmations_among_many_nodes() -> None:
    network = cluster(40)
    network.run(5)
    before = network.datagrams
    for _ in range(200):
        network.publish("n0")
        network.run(0.005)
    # Each goes out twice, and each other node confirms about each 25 ms what came in a second.
    assert network.datagrams - before <= 3 * 200 + 39 * 50, "not a confirmation for each"
    network.run(0.05)
    assert network.nodes["n0"].core.is_idle(), "all have confirmed all"
    assert network.silent_losses() == 0


def test_hellos_are_rarer_among_many_nodes_and_a_death_is_still_noticed_within_6_seconds() -> None:
    network = cluster(40)
    network.run(3)
    before = network.datagrams
    network.run(12.5)
    assert network.datagrams - before <= 40 * 11
    network.crash("n7")
    network.run(6)
    assert all(len(n.of(Down, "n7")) == 1 for n in network.nodes.values() if n.name != "n7")
