"""Nodes whose Redis is configured and never there: what does not need it goes on from the start."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from im.client import Client, call
from tests.cluster.crew import PASSWORD, Crew
from tests.cluster.over_redis import over_redis
from tests.cluster.proof import figures
from tests.cluster.test_clocks import shown
from tests.services.node import NodeFactory

FAILURES = 3
"""Failed log-ins that are allowed, on each node when it counts alone."""
MESSAGES = 100


async def failures(url: str, name: str) -> list[int]:
    """What wrong passwords are answered until there are too many."""
    answers: list[int] = []
    while 429 not in answers:
        try:
            await call(url, "POST", "/api/login", {"name": name, "password": "not this one"})
        except HTTPClientError as error:
            answers.append(error.code)
    return answers


async def came(watcher: Client, user: int) -> None:
    """Return once somebody is shown as online. Raises ``TimeoutError``."""
    async with asyncio.timeout(20):
        online = False
        while not online:
            await asyncio.sleep(0.05)
            online = (await shown(watcher, user)).online


@pytest.mark.parametrize(("place", "bus"), [("nobody_listens", "udp"), ("nobody_answers", "redis")])
def test_all_that_needs_no_redis_goes_on_from_the_start_without_one(
    node: NodeFactory,
    tmp_path: Path,
    rng: random.Random,
    request: pytest.FixtureRequest,
    place: str,
    bus: str,
) -> None:
    address = f"redis://{request.getfixturevalue(place)}"
    more = {"IM_RELAY_BUS": bus, "IM_LIMITS_LOGINS": f"{FAILURES}/hour"}
    url, nodes = over_redis(node, tmp_path, address, more)

    async def run() -> None:
        crew = Crew([each.url for each in nodes], url, rng, pace=0.02)
        await crew.gather(4, loyal=True)
        await crew.work(lambda: crew.history.acknowledged >= MESSAGES)
        settled = await crew.settle()
        (here, *_), (there, *_) = (crew.on(each.url) for each in nodes)
        for each in nodes:
            ready = json.loads((await AsyncHTTPClient().fetch(f"{each.url}/readyz")).body)
            assert (ready["status"], ready["redis"]) == ("ready", "down")
            client = await Client.log_in([each.url], there.user.name, PASSWORD)
            await client.start()
            await client.close()
        await came(here, crew.on(nodes[0].url)[1].user.id)
        if bus == "udp":  # else each node shows its own people, as without any bus
            await came(here, there.user.id)
        for each in nodes:
            answers = await failures(each.url, here.user.name)
            assert answers == [401] * FAILURES + [429], "each node counts for itself"
        problems = await crew.prove()
        await crew.close()
        print(
            f"{figures(crew.history, problems)}; longest wait {crew.history.longest_wait():.2f} s;"
            f" all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []

    asyncio.run(run())
    for each in nodes:
        assert each.terminate() == 0
        assert each.log.count("limits are counted on this node alone") == 1
        assert "Traceback" not in each.log
