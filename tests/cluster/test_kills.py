"""Kill -9 of any node at any moment loses no acknowledged message, and shows none twice."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from im.store.faults import POINTS
from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.storm import Storm
from tests.services.node import NodeFactory

PEOPLE = 20
MESSAGES = 10_000


@pytest.mark.timeout(180)
def test_ten_kills_under_ten_thousand_messages_lose_and_double_nothing(
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
    assert storm.kills.total() == 10
    assert all(storm.kills[point] == 1 for point in POINTS), storm
