"""When thousands come at the same moment all get an answer, and those who are connected go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from im.client import Client
from im.protocol.server import Message
from tests.cluster.crew import SETTINGS
from tests.cluster.crowd import Storm, make_crowd
from tests.services.node import NodeFactory

PAIRS = 50
STORM_SECONDS = 120
"""A bound on the test, not a promise."""


async def talk(one: Client, other: Client, storm: Storm) -> int:
    """One writes and the other reads, again and again; how often while the storm was on."""
    heard = 0
    while not storm.over.is_set():
        await one.send(f"u:{other.user.id}", f"message {heard}")
        async for entry in other.entries():
            if isinstance(entry, Message) and entry.text == f"message {heard}":
                break
        heard += not storm.over.is_set()
    return heard


@pytest.mark.parametrize(
    ("people", "secure", "most"),
    [(5000, False, 10_000), (5000, False, 2_000), (1500, True, 10_000)],
    ids=["all are let in", "some are refused", "inside TLS"],
)
def test_in_a_storm_everyone_is_answered_and_the_connected_go_on_talking(
    node: NodeFactory, tmp_path: Path, people: int, secure: bool, most: int
) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    tokens = asyncio.run(make_crowd(url, people + 2 * PAIRS))
    limit = {"IM_HTTP_MAX_CONNECTIONS_PER_ADDRESS": str(most)}
    one_node = node(env={"IM_DATABASE_URL": url, **SETTINGS, **limit})
    pairs = [Client([one_node.url], token) for token in tokens[people:]]

    async def run() -> None:
        storm = Storm()
        await asyncio.gather(*(client.start() for client in pairs))
        talks = [
            asyncio.create_task(talk(one, other, storm))
            for one, other in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        async with asyncio.timeout(STORM_SECONDS):
            await storm.rage(one_node.url, tokens[:people], secure=secure)
            heard = await asyncio.gather(*talks)
        there = await storm.still_there()
        storm.end()
        for client in pairs:
            await client.close()

        assert all(client.connections == 1 for client in pairs), "the connected stay so"
        let_in = min(people, most - len(pairs))
        expected = {101: let_in, 429: people - let_in}
        assert storm.answers == {status: n for status, n in expected.items() if n}
        assert all(0 < seconds <= 60 for seconds in storm.retries)
        assert there == let_in
        assert all(heard), "everyone hears something while the storm is on"

    asyncio.run(run())
