"""Whatever breaks at random, for as long as one likes (``make soak``): nothing is lost.

``IM_TEST_SOAK_SECONDS`` and ``IM_TEST_SOAK_SEED`` give the length and the plan of the faults.
"""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.proof import figures
from tests.cluster.restless import Restless
from tests.cluster.soak import Soak
from tests.cluster.soak_plan import LANES, PAUSE, plan
from tests.cluster.wait import until
from tests.services.mariadb import MariaDB
from tests.services.node import NodeFactory
from tests.services.redis_server import RedisServer
from tests.services.schema import make_schema

SECONDS = float(os.environ.get("IM_TEST_SOAK_SECONDS") or 60)
SEED = int(os.environ.get("IM_TEST_SOAK_SEED") or 4)
NODES = 3
MESSAGES = 100
"""That are acknowledged before the first fault, and again after the last."""
MENDED_SECONDS = 60.0
"""In which all work again when all is mended."""


@pytest.mark.timeout(SECONDS * 2 + 180)
def test_random_faults_of_everything_at_once_lose_no_message(
    node: NodeFactory, mariadb: MariaDB, mysql_url: str, redis_server: RedisServer
) -> None:
    rng = random.Random(SEED)
    faults = plan(SEED, SECONDS, NODES)
    print(f"SECONDS={SECONDS:g} SEED={SEED}")
    for fault in sorted((f for lane in faults.values() for f in lane), key=lambda f: f.at):
        print(fault)
    make_schema(mysql_url)
    env = {
        **{"IM_DATABASE_URL": mysql_url, "IM_RELAY_BUS": "redis"},
        **{"IM_REDIS_URL": redis_server.url, "IM_NODE_DRAIN_SECONDS": "2", **SETTINGS},
    }
    nodes = [node(env=env, wait=False) for _ in range(NODES)]
    for each in nodes:
        each.wait_ready()

    async def run() -> None:
        crew = Crew([n.url for n in nodes], mysql_url, rng, pace=0.2)
        await crew.gather(8, devices=2)
        soak = Soak(nodes, mariadb, redis_server, crew)
        restless = Restless(crew, mysql_url, rng)
        ending = asyncio.Event()
        working = asyncio.gather(crew.work(ending.is_set), restless.live(ending.is_set))
        await until(lambda: crew.history.acknowledged > MESSAGES)
        await soak.rage(faults)
        await crew.more(MESSAGES, MENDED_SECONDS)
        ending.set()
        await working
        settled = await crew.settle(MENDED_SECONDS)
        problems = await crew.prove()
        await crew.close()
        history = crew.history
        print(
            f"{figures(history, problems)} through {soak.had.total()} faults"
            f" ({', '.join(f'{kind} {count}' for kind, count in sorted(soak.had.items()))});"
            f" {len(history.recalled)} taken back, {restless.changes} changes of rights,"
            f" {restless.refused} refused for want of one, {len(history.read)} read marks;"
            f" longest wait {history.longest_wait():.1f} s, longest stall"
            f" {history.longest_stall():.1f} s; all arrived within {settled:.2f} s"
        )
        print("\n".join(problems[:20]))  # whole: an assertion shortens them
        assert problems == []
        assert restless.changes
        assert restless.refused
        assert history.read

    asyncio.run(run())
    for each in nodes:
        assert "Traceback" not in each.log


def test_a_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(1, 60, 3) == plan(1, 60, 3) != plan(2, 60, 3)


def test_a_longer_soak_begins_as_a_shorter_one() -> None:
    short, long = plan(7, 30, 2), plan(7, 300, 2)
    for lane, faults in short.items():
        assert long[lane][: len(faults)] == faults
        assert len(long[lane]) > len(faults)


@pytest.mark.parametrize("seed", range(20))
def test_faults_of_a_lane_never_meet_and_each_kind_has_its_turn(seed: int) -> None:
    faults = plan(seed, 120, 3)
    for lane, kinds in LANES.items():
        for one, other in zip(faults[lane], faults[lane][1:], strict=False):
            assert one.at + one.seconds + PAUSE[0] <= other.at < 120
        firsts = [fault.kind for fault in faults[lane][: len(kinds)]]
        assert sorted(firsts) == sorted(kinds)
        for fault in faults[lane]:
            shortest, longest = kinds[fault.kind]
            assert shortest <= fault.seconds <= longest
            assert fault.node in range(3)


def test_the_plan_of_the_suite_breaks_everything_once() -> None:
    faults = plan(SEED, SECONDS, NODES)
    assert {fault.kind for lane in faults.values() for fault in lane} == {
        kind for kinds in LANES.values() for kind in kinds
    }
