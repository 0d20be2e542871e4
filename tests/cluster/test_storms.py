"""When thousands come at the same moment all get an answer, and those who are connected go on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from im.client import Client
from im.protocol.server import Message
from tests.cluster.crew import SETTINGS
from tests.cluster.crowd import Storm, make_crowd
from tests.cluster.wait import until
from tests.services.node import NodeFactory

PAIRS = 50
STORM_SECONDS = 120
"""A bound on the test, not a promise."""


@dataclass
class Talk:
    """One writes and the other reads, again and again while a storm is on.

    Attributes:
        acknowledged: what the writer was told is stored.
        heard: what the reader got.
        silence: the longest time in seconds from one message that was heard to the next.
    """

    writer: Client
    reader: Client
    acknowledged: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    silence: float = 0.0

    async def go_on(self, storm: Storm) -> int:
        """Talk until the storm is over and what was acknowledged is heard; how much by the end."""
        hearing = asyncio.create_task(self._hear())
        try:
            while not storm.over.is_set():
                text = f"message {len(self.acknowledged)}"
                await self.writer.send(f"u:{self.reader.user.id}", text)
                self.acknowledged.append(text)
            in_storm = len(self.heard)
            await until(lambda: len(self.heard) >= len(self.acknowledged), what="the last")
        finally:
            hearing.cancel()
        return in_storm

    async def _hear(self) -> None:
        before = time.monotonic()
        async for entry in self.reader.entries():
            if isinstance(entry, Message):
                now = time.monotonic()
                self.silence = max(self.silence, now - before)
                before = now
                self.heard.append(entry.text)


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
        talks = [Talk(one, other) for one, other in zip(pairs[::2], pairs[1::2], strict=True)]
        going_on = [asyncio.create_task(each.go_on(storm)) for each in talks]
        async with asyncio.timeout(STORM_SECONDS):
            await storm.rage(one_node.url, tokens[:people], secure=secure)
            heard = await asyncio.gather(*going_on)
            there = await storm.still_there()
        storm.end()
        for client in pairs:
            await client.close()
        print(
            f"{sum(heard)} messages heard in the storm, the longest silence"
            f" {max(each.silence for each in talks):.2f} s"
        )

        assert all(client.connections == 1 for client in pairs), "the connected stay so"
        let_in = min(people, most - len(pairs))
        expected = {101: let_in, 429: people - let_in}
        assert storm.answers == {status: n for status, n in expected.items() if n}
        assert all(0 < seconds <= 60 for seconds in storm.retries)
        assert there == let_in
        assert all(heard), "everyone hears something while the storm is on"
        for each in talks:
            assert each.heard == each.acknowledged, "all that was acknowledged, once, in order"

    asyncio.run(run())
