"""The nodes' bus in a Redis Cluster by ``deploy/redis``: the master that serves it is killed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.crew import Crew
from tests.cluster.over_redis import over_redis
from tests.cluster.wait import until
from tests.deploy.filled import filled
from tests.relay.redis_groups import Cluster, redis_cluster
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations

pytestmark = pytest.mark.timeout(120)

HERE = {
    "bind 10.0.0.31 127.0.0.1": "bind 127.0.0.1",
    "requirepass CHANGE-ME\n": "",
    "masterauth CHANGE-ME\n": "",
}


@pytest.fixture
def cluster(ports: PortReservations, swept: None, tmp_path: Path) -> Iterator[Cluster]:
    """Three masters with a replica each."""
    configuration = tmp_path / "redis.conf"
    configuration.write_text(filled("redis/redis.conf", HERE))
    with redis_cluster(ports, str(configuration), replicas=True) as started:
        yield started


def test_a_killed_master_loses_nothing_that_people_wrote_and_its_replica_carries_on(
    node: NodeFactory, cluster: Cluster, tmp_path: Path, rng: random.Random
) -> None:
    url, nodes = over_redis(node, tmp_path, cluster.url)
    (serving,) = (each for each in cluster.servers if each.call("PUBSUB", "SHARDCHANNELS"))

    async def run() -> None:
        crew = Crew([n.url for n in nodes], url, rng, pace=0.02)
        await crew.gather(8)
        over = asyncio.Event()
        working = asyncio.create_task(crew.work(over.is_set))

        async def more(messages: int) -> None:
            enough = crew.history.acknowledged + messages
            await until(lambda: crew.history.acknowledged >= enough, 30, "more messages")

        await more(300)
        gaps = [one.log.count("may be missing") for one in nodes]
        serving.process.kill9()
        killed = time.monotonic()
        await until(
            lambda: all(
                one.log.count("may be missing") > gap for one, gap in zip(nodes, gaps, strict=True)
            ),
            *(30, "each other again"),
        )
        back = time.monotonic() - killed
        await more(300)
        over.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        stall = crew.history.longest_stall()
        await crew.close()
        print(
            f"{crew.history.acknowledged} acknowledged, nothing for {stall:.2f} s at most; the"
            f" nodes heard each other again {back:.1f} s after the kill; all arrived within"
            f" {settled:.2f} s"
        )
        assert problems[:20] == []

    asyncio.run(run())
