"""Kill -9 of any node at any moment loses no acknowledged message, and shows none twice."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from im.store.faults import POINTS
from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.proof import figures
from tests.cluster.storm import Storm, death
from tests.services.node import NodeFactory
from tests.services.schema import make_schema

PEOPLE = 20
MESSAGES = 10_000
FEW = 50
"""Messages that are acknowledged after a node has died; it dies at no later one."""


@pytest.mark.timeout(180)
def test_kills_at_every_point_under_ten_thousand_messages_lose_and_double_nothing(
    node: NodeFactory, database_url: str, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": database_url, **SETTINGS}
    nodes = [node(env=env), node(env=env)]
    storm = Storm(nodes, rng)

    async def run() -> None:
        crew = Crew([n.url for n in nodes], database_url, rng, pace=0.05)
        await crew.gather(PEOPLE, devices=4)
        begun = time.monotonic()
        raging = asyncio.create_task(storm.rage())

        async def move() -> None:
            # So that people don't all stay where they fled to.
            while True:
                await asyncio.sleep(0.2)
                crew.cut()

        moving = asyncio.create_task(move())
        working = asyncio.create_task(
            crew.work(lambda: raging.done() and crew.history.acknowledged >= MESSAGES)
        )
        await asyncio.gather(raging, working)
        moving.cancel()
        took = time.monotonic() - begun
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        history = crew.history
        print(
            f"{history.acknowledged} acknowledged, {len(history.recalled)} taken back in"
            f" {took:.1f} s, {storm}; longest wait {history.longest_wait():.1f} s,"
            f" longest stall {history.longest_stall():.1f} s; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []
        assert history.acknowledged >= MESSAGES

    asyncio.run(run())
    assert storm.kills.total() == len(POINTS) + len(nodes)
    assert all(storm.kills[point] == 1 for point in POINTS), storm


@pytest.mark.timeout(90)
@pytest.mark.parametrize("point", POINTS)
def test_a_node_killed_at_a_step_of_a_messages_way_loses_and_doubles_nothing(
    node: NodeFactory, mysql_url: str, rng: random.Random, point: str
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, **SETTINGS}
    make_schema(mysql_url)
    hit = rng.randrange(FEW // 2, FEW)
    fatal = node(env={**env, "IM_NODE_FAULTS": f"kill:{point}:{hit}"}, wait=False)
    other = node(env=env)
    fatal.wait_ready()

    async def run() -> None:
        crew = Crew([fatal.url, other.url], mysql_url, rng, pace=0.05)
        await crew.gather(4)
        ending = asyncio.Event()
        working = asyncio.create_task(crew.work(ending.is_set))
        await death(fatal, point, hit)
        await crew.more(FEW)
        ending.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        stall = crew.history.longest_stall()
        print(
            f"{point} at {hit}: {figures(crew.history, problems)}; longest stall {stall:.2f} s,"
            f" longest wait {crew.history.longest_wait():.2f} s; all arrived within"
            f" {settled:.2f} s"
        )
        assert problems[:20] == []

    asyncio.run(run())
