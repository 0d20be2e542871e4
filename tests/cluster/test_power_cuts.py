"""A cut of the power loses nothing that was acknowledged: no message, no recall, no file."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.book import read_book
from tests.cluster.crew import Crew
from tests.cluster.machine import Machine, machine
from tests.cluster.proof import figures, prove
from tests.cluster.uploader import Uploader
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations

CUTS = int(os.environ.get("POWER_CUTS", "3"))
"""Of each database."""
MESSAGES = 100
"""That are acknowledged before each cut, and after the last."""
LUCK = (0.0, 0.1, 0.5, 0.9)
"""Shares of what was not flushed that reach the disk all the same, a page here and there."""
HASTY = Path(__file__).with_name("hasty_node.py")
HASTY_OPTIONS = ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-log-at-timeout=2700"]
"""The log is written at each commit and flushed at some other time."""


@pytest.fixture(params=["mariadb", "sqlite"])
def steady(
    request: pytest.FixtureRequest, ports: PortReservations, node: NodeFactory
) -> Iterator[Machine]:
    with machine(request.param, ports, node, []) as steady:
        yield steady


@pytest.fixture(params=["mariadb", "sqlite"])
def hasty(request: pytest.FixtureRequest, ports: PortReservations) -> Iterator[Machine]:
    """A machine whose database does not flush what it commits."""
    with machine(request.param, ports, NodeFactory(ports, HASTY), HASTY_OPTIONS) as hasty:
        yield hasty


@pytest.mark.timeout(120 + 60 * CUTS)
def test_power_cuts_under_load_lose_and_double_nothing(
    steady: Machine, rng: random.Random, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        urls = [node.url for node in steady.nodes]
        crew = Crew(urls, steady.url, rng, pace=0.05)
        await crew.gather(6, devices=2)
        uploader = await Uploader.join(urls, rng)
        ending = asyncio.Event()
        working = asyncio.gather(crew.work(ending.is_set), uploader.work(ending.is_set))
        back = []
        for number in range(CUTS):
            await crew.more(MESSAGES)
            await asyncio.sleep(rng.uniform(0, 0.2))
            steady.cut(rng, LUCK[number % len(LUCK)])
            back.append(await steady.start())
        await crew.more(MESSAGES)
        ending.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        gone = await uploader.lost(tmp_path)
        await crew.close()
        print(
            f"{CUTS} cuts: {figures(crew.history, problems)} messages and"
            f" {len(gone)} of {len(uploader.files)} files; nodes ready {max(back):.1f} s after"
            f" their start at most; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []
        assert gone == []

    asyncio.run(run())
    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.timeout(180)
def test_a_database_that_does_not_flush_its_commits_loses_them_and_the_test_sees_it(
    hasty: Machine, rng: random.Random
) -> None:
    async def run() -> None:
        crew = Crew([node.url for node in hasty.nodes], hasty.url, rng, pace=0.05)
        await crew.gather(6)
        working = asyncio.create_task(crew.work(lambda: False))
        await crew.more(MESSAGES)
        hasty.cut(rng, luck=0)
        working.cancel()
        await crew.close()
        found = prove(crew.history, await asyncio.to_thread(read_book, hasty.url))
        print(f"{figures(crew.history, found)} messages")
        assert any(problem.startswith("lost") for problem in found)

    asyncio.run(run())
