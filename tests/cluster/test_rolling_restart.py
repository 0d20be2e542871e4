"""All nodes are started anew in turn, under load; nothing is lost, and nobody is logged out."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.knocker import Knocker
from tests.cluster.proof import figures
from tests.cluster.rolling import roll
from tests.cluster.wait import until
from tests.services.node import NodeFactory
from tests.services.schema import make_schema

MESSAGES = 100
"""That are acknowledged before the first node ends, and again after the last one is back."""


@pytest.mark.timeout(120)
def test_a_rolling_restart_under_load_loses_no_message_and_logs_nobody_out(
    node: NodeFactory, mysql_url: str, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, "IM_NODE_DRAIN_SECONDS": "2", **SETTINGS}
    make_schema(mysql_url)
    nodes = [node(env=env, wait=False) for _ in range(3)]
    for each in nodes:
        each.wait_ready()

    async def run() -> None:
        crew = Crew([n.url for n in nodes], mysql_url, rng, pace=0.1)
        await crew.gather(6)
        # These keep to one node, and hear every refusal.
        knockers = [await Knocker.join(crew, n.url, f"knocker {i}") for i, n in enumerate(nodes)]
        ending = asyncio.Event()
        working = asyncio.gather(
            crew.work(ending.is_set), *(each.keep_on(ending.is_set) for each in knockers)
        )
        await until(lambda: crew.history.acknowledged > MESSAGES)
        away = await roll(nodes)
        await crew.more(MESSAGES)
        ending.set()
        await working
        settled = await crew.settle()
        people = [*crew.clients, *(each.client for each in knockers)]
        for person in people:
            async with asyncio.timeout(10):
                await person.request("ping")
        problems = await crew.prove()
        comings = [person.connections for person in people]
        await asyncio.gather(crew.close(), *(each.close() for each in knockers))
        heard = sum((each.heard for each in knockers), start=type(knockers[0].heard)())
        print(
            f"{figures(crew.history, problems)}; nodes were away for"
            f" {', '.join(f'{seconds:.1f}' for seconds in away)} s; {len(people)} people connected"
            f" {sum(comings)} times; heard: {dict(heard)}; longest wait"
            f" {crew.history.longest_wait():.2f} s, longest stall"
            f" {crew.history.longest_stall():.2f} s; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []
        assert set(heard) <= {"unavailable", "disconnected"}
        assert min(comings) > 1, "everyone's node went away"

    asyncio.run(run())
    for each in nodes:
        assert "Traceback" not in each.log
