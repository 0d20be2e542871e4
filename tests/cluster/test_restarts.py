"""Workers are started again, by a signal or by death, while people come and talk."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from im.client import Client
from tests.cluster.book import rows
from tests.cluster.callers import Callers
from tests.cluster.crew import PASSWORD, SETTINGS, Crew
from tests.cluster.wait import until
from tests.services.node import Node, NodeFactory

RENEWED = "all workers are renewed"
WAYS = {"200", "welcome", "200 inside TLS", "welcome inside TLS"}
"""How callers are received: each way must be seen."""


def processes(url: str) -> set[int]:
    """Process ids of the nodes in the database."""
    return {int(row[0]) for row in rows(url, "SELECT process FROM node")}


@pytest.fixture
def two_workers(node: NodeFactory, database_url: str) -> Node:
    """Two nodes behind one port."""
    env = {"IM_DATABASE_URL": database_url, "IM_NODE_DRAIN_SECONDS": "4", **SETTINGS}
    return node("--workers", "2", env=env)


@pytest.mark.timeout(180)
def test_who_comes_while_workers_are_renewed_or_killed_is_answered_and_nothing_is_lost(
    two_workers: Node, database_url: str, rng: random.Random
) -> None:
    url = two_workers.url

    async def run() -> None:
        await until(lambda: len(processes(database_url)) == 2, what="both workers")
        crew = Crew([url], database_url, rng, pace=0.05)
        await crew.gather(8, 2)
        callers = Callers(url, [client.token for client in crew.clients[:4]])
        stop = asyncio.Event()
        coming = asyncio.create_task(callers.come(stop))
        talking = asyncio.create_task(crew.work(stop.is_set))

        for times in range(1, 4):
            before = processes(database_url)
            os.kill(two_workers.process.pid, signal.SIGUSR2)
            await until(lambda: two_workers.log.count(RENEWED) == times, 60, "the renewal")  # noqa: B023
            await until(lambda: len(processes(database_url)) == 2, what="both new ones alone")
            assert not processes(database_url) & before, "all are new"
        renewed = callers.answers.copy()
        print(f"renewed three times: {dict(renewed)}, longest wait {callers.worst:.2f} s")
        assert callers.failures == []
        assert set(renewed) >= WAYS

        kills: list[float] = []
        for _ in range(3):
            for process in processes(database_url):
                os.kill(process, signal.SIGKILL)
                kills.append(time.monotonic())
                await until(
                    lambda: len(processes(database_url) - {process}) == 2,  # noqa: B023
                    what="the next worker",
                )
        stop.set()
        await asyncio.gather(coming, talking)
        print(
            f"killed six times: {dict(callers.answers - renewed)}, longest wait"
            f" {callers.worst:.2f} s, {len(callers.failures)} connections died with their worker"
        )
        assert callers.broken(kills) == []
        await crew.settle()
        assert all(client.connections > 1 for client in crew.clients), "everyone came back"
        assert await crew.prove() == []
        await crew.close()

    asyncio.run(run())


@pytest.mark.timeout(90)
def test_who_comes_to_a_worker_that_dies_again_and_again_is_taken_in_by_the_other(
    node: NodeFactory, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    one_node = node("--workers", "2", env={"IM_DATABASE_URL": url, **SETTINGS})

    async def run() -> None:
        await until(lambda: len(processes(url)) == 2, what="both workers")
        person = await Client.register([one_node.url], "one", PASSWORD)
        known = processes(url)
        process = max(known)

        async def successor() -> int:
            await until(lambda: bool(processes(url) - known), 30, "the next worker")
            (found,) = processes(url) - known
            known.add(found)
            return found

        for _ in range(4):
            os.kill(process, signal.SIGKILL)
            process = await successor()
        os.kill(process, signal.SIGKILL)
        callers = Callers(one_node.url, [person.token])
        stop = asyncio.Event()
        coming = asyncio.create_task(callers.come(stop))
        begun = time.monotonic()
        await successor()
        pause = time.monotonic() - begun
        stop.set()
        await coming
        print(f"{dict(callers.answers)} in a pause of {pause:.1f} s; {callers.worst:.2f} s at most")
        assert callers.failures == []
        assert set(callers.answers) >= WAYS
        # Two looks of the other worker, three times.
        assert callers.worst < 1.5 < pause

    asyncio.run(run())


@pytest.mark.timeout(60)
def test_workers_stay_when_the_next_ones_would_not_start(node: NodeFactory, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    settings = tmp_path / "app.toml"
    settings.write_text("")
    env = {"IM_DATABASE_URL": url, "IM_CONFIG": str(settings), **SETTINGS}
    one_node = node("--workers", "2", env=env)

    async def run() -> None:
        await until(lambda: len(processes(url)) == 2, what="both workers")
        before = processes(url)
        settings.write_text("[node]\ncolour = 'red'\n")
        os.kill(one_node.process.pid, signal.SIGUSR2)
        await until(lambda: "stay as they are" in one_node.log, what="the refusal")
        os.kill(one_node.process.pid, signal.SIGHUP)
        assert one_node.ready()
        assert processes(url) == before
        settings.write_text("")
        os.kill(one_node.process.pid, signal.SIGUSR2)
        await until(lambda: RENEWED in one_node.log, what="the renewal")
        assert one_node.ready()

    asyncio.run(run())
    assert one_node.terminate() == 0
