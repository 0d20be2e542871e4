"""The database loses connections, stalls, goes away and comes back; the messenger goes on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from im.client import Client, Refused
from im.protocol.server import TypingNow
from tests.cluster.crew import PASSWORD, SETTINGS, Crew
from tests.cluster.sockets import open_bare
from tests.cluster.wait import until
from tests.services.mariadb import MariaDB
from tests.services.node import Node, NodeFactory

UNAVAILABLE_SECONDS = 9.0
"""Three times what is promised, for a busy machine."""


def stopped(node: Node) -> bool:
    """Whether the process was stopped by a signal."""
    stat = Path(f"/proc/{node.process.pid}/stat").read_text("ascii")
    return stat.rpartition(")")[2].split()[0] == "T"


def cut_connections(mariadb: MariaDB, database_url: str, rng: random.Random, most: int) -> int:
    """End some connections to a database as its administrator would; how many."""
    name = urlsplit(database_url).path.lstrip("/")
    with contextlib.closing(mariadb.connect()) as root, root.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
        connections = [row[0] for row in cursor.fetchall()]
        cut = 0
        for number in rng.sample(connections, min(most, len(connections))):
            with contextlib.suppress(Exception):  # it may be gone by now
                cut += cursor.execute(f"KILL CONNECTION {number}") == 0
    return cut


@pytest.mark.timeout(120)
def test_cut_connections_to_the_database_lose_and_double_nothing(
    node: NodeFactory, mariadb: MariaDB, mysql_url: str, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, **SETTINGS}
    nodes = [node(env=env), node(env=env)]
    cuts = 0

    async def cut(crew: Crew) -> None:
        nonlocal cuts
        while crew.history.acknowledged < 2000 or cuts < 100:
            # Now and then all at once, as when a server is restarted.
            most = 100 if rng.random() < 0.05 else 2
            cuts += await asyncio.to_thread(cut_connections, mariadb, mysql_url, rng, most)
            await asyncio.sleep(rng.uniform(0.02, 0.15))

    async def run() -> None:
        crew = Crew([n.url for n in nodes], mysql_url, rng, pace=0.03)
        await crew.gather(8)
        cutting = asyncio.create_task(cut(crew))
        await asyncio.gather(cutting, crew.work(cutting.done))
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        print(
            f"{crew.history.acknowledged} acknowledged through {cuts} cuts; longest wait"
            f" {crew.history.longest_wait():.2f} s; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []

    asyncio.run(run())


@pytest.mark.timeout(120)
def test_a_node_that_stalls_holding_locks_stops_the_others_for_seconds_only(
    node: NodeFactory, mysql_url: str, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, **SETTINGS}
    good = node(env=env)
    bad = node(env={**env, "IM_NODE_FAULTS": "stop:after_lock:60"})
    stalled = 6.0

    async def run() -> None:
        crew = Crew([good.url, bad.url], mysql_url, rng, pace=0.02)
        await crew.gather(8, loyal=True)
        ending = asyncio.Event()
        working = asyncio.create_task(crew.work(ending.is_set, to=["all"]))
        await until(lambda: stopped(bad))
        since = time.monotonic()
        await asyncio.sleep(stalled)
        bad.cont()
        went_on = time.monotonic()
        others = [t for t in crew.history.told if t.node == good.url and t.done >= since]
        assert others, "the other node stood still all the time"
        await until(lambda: crew.history.last_told(bad.url) > went_on)
        back = time.monotonic() - went_on
        ending.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        stall, wait = crew.history.longest_stall(good.url), crew.history.longest_wait(good.url)
        print(
            f"stopped for {stalled:.0f} s: the other node's longest stall {stall:.2f} s, longest"
            f" wait {wait:.2f} s, {len(others)} messages meanwhile; the stopped one stores again"
            f" after {back:.2f} s; {crew.history.acknowledged} acknowledged, all arrived within"
            f" {settled:.2f} s"
        )
        assert problems[:20] == []
        assert 0.5 < stall < 4.5, "the rows were locked, and not for long"

    try:
        asyncio.run(run())
    finally:
        bad.cont()


@pytest.mark.timeout(120)
def test_a_process_that_stalls_holding_the_file_makes_the_others_say_so_and_they_go_on_after_it(
    node: NodeFactory, tmp_path: Path, rng: random.Random
) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    env = {"IM_DATABASE_URL": url, **SETTINGS}
    good = node(env=env)
    bad = node(env={**env, "IM_NODE_FAULTS": "stop:after_lock:60"})

    async def run() -> None:
        crew = Crew([good.url, bad.url], url, rng, pace=0.02)
        await crew.gather(8, loyal=True)
        ending = asyncio.Event()
        working = asyncio.create_task(crew.work(ending.is_set))
        await until(lambda: stopped(bad))
        waited = await refusal(crew.clients[0], f"u:{crew.clients[2].user.id}")
        bad.cont()
        went_on = time.monotonic()
        await until(lambda: crew.history.last_told(good.url) > went_on)
        back = time.monotonic() - went_on
        await asyncio.sleep(1)
        ending.set()
        await working
        settled = await crew.settle()
        problems = [p for p in await crew.prove() if "unknown outcome" not in p]
        await crew.close()
        print(
            f"unavailable after {waited:.2f} s; stored again {back:.2f} s after the other went on;"
            f" {crew.history.acknowledged} acknowledged, all arrived within {settled:.2f} s"
        )
        assert [p for p in problems if not p.startswith("invented")][:20] == []

    try:
        asyncio.run(run())
    finally:
        bad.cont()


@pytest.mark.timeout(60)
def test_who_writes_to_many_at_once_is_told_in_time_of_each_that_the_file_is_locked(
    node: NodeFactory, tmp_path: Path
) -> None:
    path = tmp_path / "im.db"
    one_node = node(env={"IM_DATABASE_URL": f"sqlite:///{path}", **SETTINGS})

    async def run() -> None:
        async with contextlib.AsyncExitStack() as crew:
            names = [f"person {number}" for number in range(6)]
            people = [await Client.register([one_node.url], name, PASSWORD) for name in names]
            one, *others = [await crew.enter_async_context(person) for person in people]
            targets = [f"u:{other.user.id}" for other in others]
            await one.send(targets[-1], "before")
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
                holder.execute("BEGIN IMMEDIATE")
                # The last conversation is there; each of the others has to be begun first.
                waited = await asyncio.gather(*(refusal(one, target, target) for target in targets))
            print("unavailable after " + ", ".join(f"{seconds:.2f}" for seconds in waited) + " s")
            for target in targets:
                await one.send(target, "unknown outcome", key=target)

    asyncio.run(run())


async def refusal(client: Client, to: str, key: str = "unknown outcome") -> float:
    """Send once; seconds until it is refused as unavailable."""
    begun = time.monotonic()
    with pytest.raises(Refused) as refused:
        await client.request("send", to=to, text="unknown outcome", key=key)
    assert refused.value.code == "unavailable"
    waited = time.monotonic() - begun
    assert waited < UNAVAILABLE_SECONDS
    return waited


@pytest.mark.timeout(90)
@pytest.mark.parametrize("fault", ["stopped", "killed"])
def test_while_the_database_is_away_senders_are_told_so_and_memory_goes_on(
    node: NodeFactory, mariadb: MariaDB, mysql_url: str, fault: str
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, **SETTINGS}
    nodes = [node(env=env), node(env=env)]
    urls = [n.url for n in nodes]

    async def run() -> None:
        one = await Client.register(urls, "one", PASSWORD)
        two = await Client.register(urls[::-1], "two", PASSWORD)
        async with one, two:
            to = f"u:{two.user.id}"
            await one.send(to, "before", key="before")
            if fault == "stopped":
                mariadb.stop()
            else:
                mariadb.kill9()
            waited = [await refusal(one, to), await refusal(one, to)]
            begun = time.monotonic()
            pong = await one.request("ping")
            ping = time.monotonic() - begun
            await one.tell("typing", to=to)
            typing = None
            while not isinstance(typing, TypingNow):
                typing = await asyncio.wait_for(two.others.get(), 30)
            assert (pong.time or 0) > 0 and typing.user == one.user.id
            assert ping < UNAVAILABLE_SECONDS / 3, "memory does not wait for the database"
            assert (one.connections, two.connections) == (1, 1), "the sockets stayed open"
            outbox = asyncio.create_task(one.send(to, "unknown outcome", key="unknown outcome"))
            await asyncio.sleep(0.5)
            if fault == "stopped":
                mariadb.cont()
            else:
                mariadb.restart()  # not in a thread: the server would end with it
            back = time.monotonic()
            sent = await asyncio.wait_for(outbox, 15)
            recovery = time.monotonic() - back
            entries = two.entries()
            texts = [(await asyncio.wait_for(anext(entries), 30)).text for _ in range(2)]
            assert texts == ["before", "unknown outcome"] and sent.seq == 2
            print(
                f"{fault}: unavailable after {waited[0]:.2f} and {waited[1]:.2f} s, ping"
                f" {ping * 1000:.0f} ms meanwhile, stored {recovery:.2f} s after it was back"
            )

    asyncio.run(run())


@pytest.mark.timeout(60)
def test_a_socket_that_breaks_while_its_person_is_looked_up_is_not_left_online(
    node: NodeFactory, mariadb: MariaDB, mysql_url: str
) -> None:
    one_node = node(env={"IM_DATABASE_URL": mysql_url, **SETTINGS})

    async def run() -> None:
        watcher = await Client.register([one_node.url], "watcher", PASSWORD)
        flighty = await Client.register([one_node.url], "flighty", PASSWORD)
        async with watcher:
            async with flighty:
                await watcher.send(f"u:{flighty.user.id}", "hello")
            mariadb.stop()
            coming = [asyncio.create_task(open_bare(one_node.url, flighty.token)) for _ in range(5)]
            await asyncio.sleep(0.3)
            for task in coming:
                task.cancel()  # which closes its socket
            await asyncio.gather(*coming, return_exceptions=True)
            await asyncio.sleep(0.3)
            mariadb.cont()
            async with asyncio.timeout(10):
                online = True
                while online:
                    await asyncio.sleep(1.5)  # more than who is gone may seem to be there
                    answer = await watcher.request("watch", users=[flighty.user.id])
                    online = any(person.online for person in answer.presence or [])

    asyncio.run(run())
