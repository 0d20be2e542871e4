"""Three databases of which the writer is killed: nobody loses a message, and writing goes on."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator

import pytest

from im.client import Client
from tests.cluster.crew import PASSWORD, SETTINGS, Crew
from tests.cluster.test_database_faults import refusal
from tests.cluster.wait import until
from tests.deploy.galera import Galera, galera
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations
from tests.services.schema import make_schema

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        "IM_TEST_GALERA" not in os.environ, reason="make galera runs it: it takes a minute"
    ),
]


@pytest.fixture(scope="module")
def databases(ports: PortReservations, swept: None) -> Iterator[Galera]:
    with galera(ports) as started:
        yield started


def test_a_killed_writer_loses_and_doubles_nothing_and_the_next_one_goes_on(
    databases: Galera, node: NodeFactory, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": databases.url, **SETTINGS}
    nodes = [node(env=env), node(env=env)]
    writer = databases.servers[0]

    async def run() -> None:
        crew = Crew([n.url for n in nodes], databases.url, rng, pace=0.02)
        history = crew.history
        await crew.gather(10, 2)
        over = asyncio.Event()
        working = asyncio.create_task(crew.work(over.is_set))

        async def more(messages: int) -> None:
            enough = history.acknowledged + messages
            await until(lambda: history.acknowledged >= enough, 60, "more messages")

        await more(1000)
        before = history.longest_stall()
        writer.process.kill9()
        killed = time.monotonic()
        await more(1000)
        assert not writer.process.running
        stall = history.longest_stall()
        writer.start()  # here: it ends with the thread that started it
        await asyncio.to_thread(writer.wait)
        back = time.monotonic() - killed
        await more(1000)
        over.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        print(
            f"{history.acknowledged} acknowledged; nothing for {before:.2f} s at most before,"
            f" {stall:.2f} s when the writer was killed, {history.longest_stall():.2f} s in all;"
            f" longest wait {history.longest_wait():.2f} s; in step again {back:.1f} s after the"
            f" kill; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []

    asyncio.run(run())
    for one in nodes:
        one.terminate()  # what they do by themselves goes on: search is indexed afterwards
    for table in ("message", "conversation", "member"):
        first, *rest = databases.contents(table)
        assert first and all(other == first for other in rest), f"all have the same {table}"


def test_one_that_is_left_alone_refuses_and_goes_on_when_the_others_are_back(
    databases: Galera, node: NodeFactory
) -> None:
    started = node(env={"IM_DATABASE_URL": databases.url, **SETTINGS})
    _, *others = databases.servers

    async def run() -> None:
        one = await Client.register([started.url], "one", PASSWORD)
        two = await Client.register([started.url], "two", PASSWORD)
        async with one, two:
            to = f"u:{two.user.id}"
            await one.send(to, "before")
            for other in others:
                other.process.kill9()
            for _ in range(4):
                await refusal(one, to)
            outbox = asyncio.create_task(one.send(to, "unknown outcome", key="unknown outcome"))
            for other in others:
                other.start()  # here: they end with the thread that started them
            for other in others:
                await asyncio.to_thread(other.wait)
            await asyncio.wait_for(outbox, 60)
            said = outbox.result()
            texts = []
            entries = two.entries()  # what others said to all before is there as well
            while len(texts) < 2:
                entry = await asyncio.wait_for(anext(entries), 20)
                texts += [entry.text] if entry.conv == said.conv else []
            assert texts == ["before", "unknown outcome"] and said.seq == 2

    asyncio.run(run())


def test_every_table_is_one_that_galera_copies(databases: Galera) -> None:
    make_schema(databases.url)
    wrong = databases.servers[1].ask(
        "SELECT table_name, engine FROM information_schema.tables"
        " WHERE table_schema = 'im' AND table_type = 'BASE TABLE' AND (engine <> 'InnoDB'"
        " OR table_name NOT IN (SELECT table_name FROM information_schema.table_constraints"
        " WHERE table_schema = 'im' AND constraint_type = 'PRIMARY KEY'))"
    )
    assert wrong == ()
