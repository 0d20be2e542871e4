"""Nodes that talk over Redis: quick while it lives, and nothing lost while it does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from tests.cluster.crew import Crew
from tests.cluster.over_redis import over_redis
from tests.cluster.proof import figures
from tests.cluster.wait import until
from tests.services.node import Node, NodeFactory
from tests.services.redis_server import RedisServer

MESSAGES = 300
"""That are acknowledged before each thing that happens to Redis, and after the last."""


async def live_through(
    turns: Sequence[Callable[[], None]], url: str, nodes: Sequence[Node], rng: random.Random
) -> None:
    """Let people write while things happen to Redis, and prove that it cost them nothing."""
    crew = Crew([n.url for n in nodes], url, rng, pace=0.02)
    await crew.gather(8, loyal=True)
    over = asyncio.Event()
    working = asyncio.create_task(crew.work(over.is_set))
    delays = []
    for turn in [*turns, over.set]:
        begun = asyncio.get_running_loop().time()
        before = crew.history.acknowledged
        await until(lambda before=before: crew.history.acknowledged >= before + MESSAGES)
        delays.append(median(crew.history.delays(begun, across=True) or [float("inf")]))
        turn()
    await working
    settled = await crew.settle()
    problems = await crew.prove()
    await crew.close()
    print(
        f"{figures(crew.history, problems)}; longest wait"
        f" {crew.history.longest_wait():.2f} s; median delay to people of the other node"
        f" {', then '.join(f'{delay * 1000:.0f} ms' for delay in delays)}; all arrived within"
        f" {settled:.2f} s"
    )
    assert problems[:20] == []


def test_a_killed_redis_loses_nothing_that_people_wrote(
    node: NodeFactory, redis_server: RedisServer, tmp_path: Path, rng: random.Random
) -> None:
    url, nodes = over_redis(node, tmp_path, redis_server.url)
    asyncio.run(live_through([redis_server.kill9, redis_server.restart], url, nodes, rng))
    for one in nodes:
        assert "may be missing" in one.log


def test_nodes_that_find_no_redis_lose_nothing_and_use_it_once_it_is_there(
    node: NodeFactory, redis_server: RedisServer, tmp_path: Path, rng: random.Random
) -> None:
    redis_server.kill9()
    url, nodes = over_redis(node, tmp_path, redis_server.url)
    asyncio.run(live_through([redis_server.restart], url, nodes, rng))
    for one in nodes:
        assert "Redis is away" in one.log
    with redis_server.client() as client:
        (channel,) = client.execute_command("PUBSUB", "SHARDCHANNELS")
        assert client.execute_command("PUBSUB", "SHARDNUMSUB", channel) == [channel, len(nodes)]
