"""Nodes that talk over Redis: quick while it lives, and nothing lost when it dies."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from tests.cluster.crew import Crew
from tests.cluster.over_redis import over_redis
from tests.services.node import NodeFactory
from tests.services.redis_server import RedisServer


def test_a_killed_redis_loses_nothing_that_people_wrote(
    node: NodeFactory, redis_server: RedisServer, tmp_path: Path, rng: random.Random
) -> None:
    url, nodes = over_redis(node, tmp_path, redis_server.url)

    async def run() -> None:
        crew = Crew([n.url for n in nodes], url, rng, pace=0.02)
        await crew.gather(8)
        over = False
        working = asyncio.create_task(crew.work(lambda: over))
        end = time.monotonic() + 20
        while crew.history.acknowledged < 300:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        redis_server.kill9()
        await asyncio.sleep(2)
        redis_server.restart()  # here: it ends with the thread that started it
        enough = crew.history.acknowledged + 300
        while crew.history.acknowledged < enough:
            assert time.monotonic() < end + 20
            await asyncio.sleep(0.05)
        over = True
        await working
        await crew.settle()
        problems = await crew.prove()
        await crew.close()
        assert problems[:20] == []

    asyncio.run(run())
    for one in nodes:
        assert "may be missing" in one.log
