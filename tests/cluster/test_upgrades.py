"""A newer version takes the database over while an older one serves: nothing is lost meanwhile."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from im.store.migrations import HEAD
from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.newer import newer_program
from tests.cluster.proof import figures
from tests.cluster.wait import until
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations
from tests.services.schema import make_schema

MESSAGES = 200
"""That are acknowledged before, and again by the newer node alone."""


@pytest.mark.timeout(120)
def test_older_nodes_end_with_a_sentence_when_a_newer_one_migrates_and_lose_nothing(
    node: NodeFactory,
    ports: PortReservations,
    database_url: str,
    rng: random.Random,
    tmp_path: Path,
) -> None:
    make_schema(database_url)
    env = {"IM_DATABASE_URL": database_url, **SETTINGS}
    older = [node(env=env, wait=False) for _ in range(2)]
    for each in older:
        each.wait_ready()
    env["IM_RELAY_PORT"] = older[0].process.environment["IM_RELAY_PORT"]
    factory = NodeFactory(ports, newer_program(tmp_path / "newer"))
    newer = factory(env=env, start=False)

    async def run() -> None:
        urls = [each.url for each in older]
        crew = Crew(urls, database_url, rng, pace=0.05, later=[newer.url])
        await crew.gather(6, devices=2)
        ending = asyncio.Event()
        working = asyncio.create_task(crew.work(ending.is_set))
        await until(lambda: crew.history.acknowledged > MESSAGES)
        newer.start(wait=False)
        await asyncio.to_thread(newer.wait_ready)
        ready = time.monotonic()
        statuses = [await asyncio.to_thread(each.process.wait, 30) for each in older]
        took = time.monotonic() - ready
        await crew.more(MESSAGES)
        ending.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        print(
            f"{figures(crew.history, problems)}; the older nodes had ended"
            f" {took:.1f} s after the newer one was ready; longest wait"
            f" {crew.history.longest_wait():.2f} s; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []
        assert statuses == [1, 1]

    try:
        asyncio.run(run())
        sentence = f"The database has schema {HEAD + 1}, this program knows {HEAD}"
        for each in older:
            assert sentence in each.log
            assert "Traceback" not in each.log
    finally:
        factory.close()
