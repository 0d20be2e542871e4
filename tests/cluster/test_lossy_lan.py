"""Thirty programs on three machines whose network loses a fifth of all datagrams.

The machines are network namespaces on one bridge. Each drops 20 % of the UDP datagrams that reach
it, so of hellos, NAKs, repairs and confirmations as much as of what is sent for the first time.
Only the relay uses UDP: the nodes' TCP connections to the database and those of the programs to
their nodes lose nothing, and a partition, which parts the machines from each other alone, leaves
them as they are.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from im.client import Client, Refused
from tests.cluster.book import read_book
from tests.cluster.crew import PASSWORD, SETTINGS, Crew
from tests.cluster.figures import read_figures
from tests.cluster.history import History
from tests.cluster.proof import prove
from tests.cluster.wait import until
from tests.services.mariadb import MariaDB
from tests.services.netns import Forwarder, Network
from tests.services.node import Node, NodeFactory

MACHINES = 3
PEOPLE = 30
LOSS = 20
PACE = 0.25
PARTITION_SECONDS = 10.0
PATIENCE = 30.0
"""Seconds in which anything comes on a busy machine."""
SETTLE_SECONDS = 20.0
"""Seconds in which the last entries come; after 30 s of silence a program would connect anew and
ask for them."""
METRICS_PORT = 9464
LOG_PAGES = r"FROM message m .*ORDER BY m\.seq (ASC|DESC) LIMIT"
"""Statements that read a part of the log: those of healing and those of clients' ``sync``."""


@dataclass
class Lan:
    """The machines with a node on each, and the firewall before their database."""

    network: Network
    database: Forwarder
    nodes: list[Node]

    def figures(self, node: Node) -> Counter[str]:
        """What a node says of itself."""
        return read_figures(f"http://{node.host}:{METRICS_PORT}")

    async def all_figures(self) -> list[Counter[str]]:
        """What each node says of itself."""
        return [await asyncio.to_thread(self.figures, node) for node in self.nodes]

    async def meet(self) -> None:
        """Return when each node hears all others and is heard by them."""
        begun = time.monotonic()
        while any(f["im_nodes"] < MACHINES - 1 for f in await self.all_figures()):
            if time.monotonic() > begun + PATIENCE:
                raise TimeoutError("the nodes don't find each other")
            await asyncio.sleep(0.05)

    def lose(self, percent: int) -> None:
        """Lose so much of what reaches each machine."""
        for machine in self.network.machines:
            machine.drop(percent)

    def part(self, node: Node) -> None:
        """Cut the others off from a node, and it from them."""
        alone = [machine for machine in self.network.machines if machine.address == node.host]
        self.network.partition(
            alone, [machine for machine in self.network.machines if machine not in alone]
        )

    def join(self) -> None:
        """End the partition; what is lost at random is lost on."""
        for machine in self.network.machines:
            machine.unblock()

    @property
    def lost(self) -> list[int]:
        """Datagrams that each machine has lost."""
        return [machine.dropped for machine in self.network.machines]


@pytest.fixture
def lan(
    node: NodeFactory, netns: Callable[[int], Network], mariadb: MariaDB, mysql_url: str
) -> Lan:
    """Three machines that lose datagrams, a node on each, and one database for all."""
    network = netns(MACHINES)
    database = network.forward(mariadb.port, LOG_PAGES)
    url = mysql_url.replace("@127.0.0.1:", f"@{network.host_address}:")
    lan = Lan(network, database, [])
    lan.lose(LOSS)
    for machine in network.machines:
        env = {
            "IM_DATABASE_URL": url,
            "IM_METRICS_ADDRESS": machine.address,
            "IM_METRICS_PORT": str(METRICS_PORT),
            **SETTINGS,
        }
        lan.nodes.append(node(env=env, namespace=machine))
    return lan


async def missing_now(crew: Crew, url: str) -> list[str]:
    """What is wrong before anyone connects again, which may bring what was missing."""
    return prove(crew.history, await asyncio.to_thread(read_book, url))


def count(problems: Sequence[str], *kinds: str) -> int:
    """How many of the problems are of these kinds."""
    return sum(problem.startswith(kinds) for problem in problems)


def quantiles(delays: Sequence[float]) -> str:
    """Median, p99 and longest in words."""
    half, most = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    return f"p50 {half * 1000:.1f} ms, p99 {most * 1000:.0f} ms, longest {delays[-1]:.2f} s"


def describe(history: History, problems: Sequence[str], took: float, lan: Lan) -> str:
    """What was written, and what became of it."""
    delivered = sum(len(reading.times) for reading in history.readings if not reading.late)
    return (
        f"{history.acknowledged} messages acknowledged in {took:.1f} s, {len(history.recalled)}"
        f" taken back; {delivered} entries shown; {count(problems, 'double', 'seen again')}"
        f" doubled, {count(problems, 'lost', 'unseen')} lost; longest wait for an answer"
        f" {history.longest_wait():.1f} s; datagrams dropped: {lan.lost}"
    )


@pytest.mark.timeout(300)
def test_every_message_reaches_everyone_once_in_order_through_loss_partition_and_kill(
    lan: Lan, mysql_url: str, rng: random.Random
) -> None:
    alone, killed, _ = lan.nodes
    relays: list[Counter[str]] = []
    times: dict[str, float] = {}

    async def run() -> None:
        await lan.meet()
        crew = Crew([n.url for n in lan.nodes], mysql_url, rng, pace=PACE, heralds=MACHINES)
        await crew.gather(PEOPLE, loyal=True)
        history = crew.history

        async def meet() -> None:
            await lan.meet()
            times["met"] = time.monotonic()

        async def hurt() -> None:
            await until(lambda: history.acknowledged >= 200, PATIENCE, "traffic")
            lan.part(alone)
            times["parted"] = time.monotonic()
            # A group that the others learn of by healing alone: nothing follows in it.
            founder, *_ = crew.on(alone.url)
            everyone = [client.user.id for client in crew.clients]
            await crew.say(founder, f"g:{await crew.found('quiet', founder, everyone)}")
            await asyncio.sleep(PARTITION_SECONDS / 4)
            relays.append(await asyncio.to_thread(lan.figures, killed))
            connected = {client: client.connections for client in crew.on(killed.url)}
            assert len(connected) == PEOPLE // MACHINES
            killed.kill9()
            times["killed"] = time.monotonic()
            killed.start(wait=False)
            await asyncio.to_thread(killed.wait_ready)
            await until(
                lambda: all(client.connections > n for client, n in connected.items()),
                PATIENCE,
                "all programs of the killed node",
            )
            times["back"] = time.monotonic()
            await asyncio.sleep(max(0.0, times["parted"] + PARTITION_SECONDS - time.monotonic()))
            lan.join()
            times["joined"] = time.monotonic()
            await asyncio.gather(crew.see(times["joined"], PATIENCE), meet())
            told = history.acknowledged
            await until(lambda: history.acknowledged >= told + 300, PATIENCE, "traffic afterwards")

        begun = time.monotonic()
        hurting = asyncio.create_task(hurt())
        # Whoever writes goes on until the last trouble is over.
        await asyncio.gather(hurting, crew.work(hurting.done))
        took = time.monotonic() - begun
        settled = await crew.settle(SETTLE_SECONDS)
        relays.extend(await lan.all_figures())
        problems = [*await missing_now(crew, mysql_url), *await crew.prove()]
        await crew.close()
        repairs = sum(figures["repairs_sent"] for figures in relays)
        healed = sum(figures["im_healed_total"] for figures in relays)
        print(
            f"{describe(history, problems, took, lan)}; {repairs} repairs, {healed} entries read by"
            f" healing; killed node back after {times['back'] - times['killed']:.1f} s, longest"
            f" wait of its programs {history.longest_wait(killed.url):.1f} s; partition of"
            f" {times['joined'] - times['parted']:.1f} s, all that was written before its end shown"
            f" {history.overdue(times['joined']):.2f} s after it, nodes together again after"
            f" {times['met'] - times['joined']:.2f} s; across nodes"
            f" {quantiles(history.delays(across=True))}; from the partition's end on"
            f" {quantiles(history.delays(times['joined'], across=True))}; once together"
            f" {quantiles(history.delays(times['met'], across=True))};"
            f" all arrived {settled:.2f} s after the last was written"
        )
        assert problems[:20] == []
        assert all(history.last_told(n.url) > times["joined"] for n in lan.nodes), "all write on"
        assert repairs > 0
        assert min(lan.lost) > 0

    asyncio.run(run())


@pytest.mark.timeout(300)
def test_the_relay_alone_brings_every_message_through_loss_when_the_log_cannot_be_read(
    lan: Lan, mysql_url: str, rng: random.Random
) -> None:
    """From the first message on, neither a node nor a client gets anything out of the log.

    The firewall before the database refuses every statement that reads a part of it, so healing
    reads and ``sync`` alike: what a program is shown has come over the relay (or was written on its
    own node), and what the network lost has been repaired by the relay.
    """

    async def run() -> None:
        await lan.meet()
        crew = Crew([n.url for n in lan.nodes], mysql_url, rng, pace=2 * PACE, heralds=MACHINES)
        await crew.gather(PEOPLE, loyal=True)
        await crew.settle(PATIENCE)
        history = crew.history
        lan.database.refuse()
        with pytest.raises(Refused):
            await crew.clients[0].request("sync", conv=f"g:{crew.groups[0]}", after=0)
        tried = lan.database.refused
        assert tried
        before = await lan.all_figures()
        begun = time.monotonic()
        await crew.work(lambda: time.monotonic() > begun + 8 and history.acknowledged >= 1000)
        took = time.monotonic() - begun
        settled = await crew.settle(SETTLE_SECONDS)
        after = await lan.all_figures()
        refused = lan.database.refused - tried
        problems = await missing_now(crew, mysql_url)
        lan.database.admit()
        problems += await crew.prove()
        await crew.close()
        change = [new - old for new, old in zip(after, before, strict=True)]
        naks = [figures["naks_sent"] for figures in change]
        repairs = [figures["repairs_sent"] for figures in change]
        repeats = [figures["repeats_sent"] for figures in change]
        print(
            f"{describe(history, problems, took, lan)}; NAKs {naks}, repairs {repairs}, last"
            f" datagrams sent again before anyone asked {repeats};"
            f" {refused} reads of the log refused; across nodes"
            f" {quantiles(history.delays(across=True))}; all arrived {settled:.2f} s after the last"
            " was written"
        )
        assert problems[:20] == []
        assert [client.connections for client in crew.clients] == [1] * PEOPLE, "none had to ask"
        assert [figures["gaps"] for figures in change] == [0] * MACHINES, "the relay kept its word"
        assert [figures["im_healed_total"] for figures in change] == [0] * MACHINES
        assert [figures["members"] for figures in after] == [MACHINES - 1] * MACHINES
        assert min(*naks, *repairs, *lan.lost) > 0

    asyncio.run(run())


@pytest.mark.timeout(180)
def test_what_the_relay_does_not_bring_stays_away_as_long_as_the_log_cannot_be_read(
    lan: Lan,
) -> None:
    """The counterproof: with the relay cut, the refused reads are those that would bring it."""

    async def run() -> None:
        await lan.meet()
        here, there, _ = lan.nodes
        one = await Client.register([here.url], "one", PASSWORD)
        two = await Client.register([there.url], "two", PASSWORD)
        async with one, two:
            await one.send(f"u:{two.user.id}", "by the relay")
            await until(lambda: two._entries.qsize() == 1, PATIENCE, "the first message")
            lan.database.refuse()
            lan.lose(100)
            await one.send(f"u:{two.user.id}", "by nothing")
            await until(lambda: lan.database.refused >= 3, PATIENCE, "a healing read")
            assert two._entries.qsize() == 1
            lan.database.admit()
            await until(lambda: two._entries.qsize() == 2, PATIENCE, "the second message")

    asyncio.run(run())
