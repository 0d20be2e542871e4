"""A node's clock is put an hour forward and back; order, sessions and presence don't mind."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from im.client import Client, call
from im.protocol.server import UserPresence
from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.knocker import Knocker
from tests.cluster.proof import figures
from tests.services.clock import WrongClock
from tests.services.node import Node, NodeFactory

MESSAGES = 50
"""That are acknowledged under each of the clocks."""
HOUR = 3600.0
STEPS = (HOUR, 0.0, -HOUR, 0.0)
"""What the clock is off by, one after the other."""


@pytest.mark.timeout(240)
def test_a_clock_that_is_put_an_hour_forward_and_back_loses_doubles_and_ends_nothing(
    node: NodeFactory, database_url: str, rng: random.Random, tmp_path: Path
) -> None:
    clock = WrongClock(tmp_path)
    env = {
        "IM_DATABASE_URL": database_url,
        **SETTINGS,
        "IM_SOCKETS_GRACE_SECONDS": "3",
        # What was written an hour ago by the new clock may be changed and taken back.
        "IM_CHAT_EDIT_MINUTES": "120",
        "IM_CHAT_RECALL_MINUTES": "120",
        # The library makes a node slower.
        "IM_DATABASE_TIMEOUT_SECONDS": "10",
    }
    wrong = [node(env={**env, **clock.environment}, wait=False)]
    if database_url.startswith("sqlite:"):
        # One file, so one machine with one clock.
        wrong.append(node(env={**env, **clock.environment}, wait=False))
        nodes = wrong
    else:
        nodes = [*wrong, node(env=env, wait=False)]
    for each in nodes:
        each.wait_ready()

    async def run() -> None:
        crew = Crew([each.url for each in nodes], database_url, rng, pace=0.05)
        await crew.gather(6, loyal=True)
        ending = asyncio.Event()
        working = asyncio.create_task(crew.work(ending.is_set))
        await crew.more(MESSAGES)
        gone, tokens = [], []
        for number, ahead in enumerate(STEPS):
            # Whose first message to somebody makes their presence known to them.
            leaver = await Knocker.join(crew, nodes[0].url, f"leaver {number}")
            clock.set(ahead)
            await leaver.close()
            for each in wrong:
                await seen(each, ahead)
            gone.append(await left(crew.clients[0], leaver.client.user.id))
            tokens.append(leaver.client.token)
            await crew.more(MESSAGES)
        ending.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        connections = {client.connections for client in crew.clients}
        # Whoever comes back by a token of before, at either node, is let in.
        for each in nodes:
            for token in tokens:
                await call(each.url, "GET", "/api/me", token=token)
        await crew.close()
        print(
            f"{figures(crew.history, problems)}; longest wait"
            f" {crew.history.longest_wait():.2f} s; who left was shown so within"
            f" {max(gone):.2f} s; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []
        assert connections == {1}, "the sockets stayed open, the nodes known to each other"

    asyncio.run(run())
    for each in nodes:
        assert "failed" not in each.log


async def seen(node: Node, ahead: float) -> None:
    """Return once a node's clock is so many seconds ahead. Raises ``TimeoutError``."""
    async with asyncio.timeout(20):
        off = HOUR
        while abs(off) > HOUR / 2:
            answer = await call(node.url, "GET", "/api/time")
            off = float(answer["time"]) / 1000 - time.time() - ahead
            await asyncio.sleep(0.05)


async def left(watcher: Client, user: int) -> float:
    """Return once somebody is shown as gone: seconds that it took. Raises ``TimeoutError``."""
    begun = time.monotonic()
    async with asyncio.timeout(20):
        online = True
        while online:
            await asyncio.sleep(0.1)
            online = (await shown(watcher, user)).online
    return time.monotonic() - begun


async def shown(client: Client, user: int) -> UserPresence:
    """Somebody's presence as a client is told it."""
    (presence,) = (await client.request("watch", users=[user])).presence or []
    return presence
