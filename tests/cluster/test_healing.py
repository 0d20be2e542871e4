"""Healing alone brings every message, in order, whatever the relay does."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import pytest

from im.client import Client
from im.protocol.server import Message
from tests.cluster.crew import PASSWORD, SETTINGS, Crew
from tests.cluster.machines import start_on
from tests.services.netns import Network
from tests.services.node import NodeFactory

HEARTBEAT_SECONDS = 5.0
"""After which a node has seen that it has company."""
FEW_SECONDS = 4.0
"""An entry is looked for each second."""
HEALED_SECONDS = 2.0
"""After a partition what was written comes by then."""
DOWN_SECONDS = 6.0
"""After which a node that is not heard any more is down."""


async def told(reader: Client, text: str, timeout: float) -> float:
    """Seconds until a program is shown a message with this text."""
    begun = time.monotonic()
    async with asyncio.timeout(timeout):
        async for entry in reader.entries():
            if isinstance(entry, Message) and entry.text == text:
                break
    return time.monotonic() - begun


def quantiles(delays: Sequence[float]) -> str:
    """Median, p99 and longest in words."""
    half, most = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    return f"p50 {half:.3f} s, p99 {most:.2f} s, longest {delays[-1]:.2f} s"


async def work(crew: Crew, people: int, seconds: float) -> float:
    """Let people write for so long; when they began, with everything shown to everyone."""
    await crew.gather(people, devices=2)
    begun = time.monotonic()
    await crew.work(lambda: time.monotonic() > begun + seconds)
    await crew.settle()
    return begun


@pytest.mark.timeout(90)
def test_without_a_relay_a_node_notices_a_second_one_at_its_next_heartbeat(
    node: NodeFactory, database_url: str
) -> None:
    env = {"IM_DATABASE_URL": database_url, "IM_RELAY": "none", **SETTINGS}
    first = node(env=env)

    async def run() -> None:
        one = await Client.register([first.url], "one", PASSWORD)
        async with one:
            second = node(env=env)
            two = await Client.register([second.url], "two", PASSWORD)
            async with two:
                await two.send(f"u:{one.user.id}", "hello")
                took = await told(one, "hello", HEARTBEAT_SECONDS + FEW_SECONDS)
                print(f"the first message of a new node was shown after {took:.2f} s")

    asyncio.run(run())


@pytest.mark.timeout(90)
def test_without_a_relay_every_message_arrives_within_seconds(
    node: NodeFactory, database_url: str, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": database_url, "IM_RELAY": "none", **SETTINGS}
    nodes = [node(env=env), node(env=env)]

    async def run() -> None:
        crew = Crew([n.url for n in nodes], database_url, rng, pace=0.05)
        await asyncio.sleep(HEARTBEAT_SECONDS)
        await work(crew, 8, 6.0)
        delays = crew.history.delays()
        problems = await crew.prove()
        await crew.close()
        print(f"{crew.history.acknowledged} messages, shown after {quantiles(delays)}")
        assert problems[:20] == []
        assert delays[-1] < FEW_SECONDS

    asyncio.run(run())


@pytest.mark.timeout(90)
def test_with_the_relay_blocked_healing_brings_everything(
    node: NodeFactory, two_machines: tuple[Network, str], mysql_url: str, rng: random.Random
) -> None:
    network, url = two_machines
    for machine in network.machines:
        machine.drop(100)
    nodes = start_on(node, network, url)

    async def run() -> None:
        crew = Crew([n.url for n in nodes], mysql_url, rng, pace=0.05)
        await asyncio.sleep(HEARTBEAT_SECONDS)
        await work(crew, 8, 6.0)
        delays = crew.history.delays()
        problems = await crew.prove()
        await crew.close()
        print(f"{crew.history.acknowledged} messages, shown after {quantiles(delays)}")
        assert problems[:20] == []
        assert 0.5 < delays[-1] < FEW_SECONDS, "by healing, and in time"

    asyncio.run(run())
    assert "is up" not in "".join(n.log for n in nodes), "the relay was blocked"


@pytest.mark.timeout(90)
def test_a_partition_under_load_is_healed_within_seconds_of_its_beginning_and_end(
    node: NodeFactory, two_machines: tuple[Network, str], mysql_url: str, rng: random.Random
) -> None:
    network, url = two_machines
    nodes = start_on(node, network, url)

    async def run() -> None:
        crew = Crew([n.url for n in nodes], mysql_url, rng, pace=0.05)
        await crew.gather(8, devices=2)
        times: dict[str, float] = {}

        async def cut() -> None:
            await asyncio.sleep(2)
            network.partition(*([machine] for machine in network.machines))
            times["cut"] = time.monotonic()
            await asyncio.sleep(10)
            network.heal()
            times["healed"] = time.monotonic()
            await asyncio.sleep(4)

        cutting = asyncio.create_task(cut())
        await asyncio.gather(cutting, crew.work(cutting.done))
        settled = await crew.settle()
        history = crew.history
        whole, after = history.delays(), history.delays(times["healed"])
        late = history.delays(times["healed"] + 2.5)
        problems = await crew.prove()
        await crew.close()
        print(
            f"{history.acknowledged} messages through a partition of 10 s, shown after"
            f" {quantiles(whole)}; after its end {quantiles(after)}, from 2.5 s after it"
            f" {quantiles(late)}; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []
        assert whole[-1] < DOWN_SECONDS + FEW_SECONDS
        assert after[-1] < 3 * HEALED_SECONDS
        assert late[len(late) // 2] < 0.25, "the relay brings them again, not the look each second"

    asyncio.run(run())
