"""The relay's keys change while people write, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

from im.services.key_ring import rotate
from im.store.database import DatabaseSettings, open_database
from tests.cluster.crew import SETTINGS, Crew
from tests.services.node import RUN, Node, NodeFactory
from tests.services.process import wait_until


def keys(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """``run.py keys …``"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    return subprocess.run(
        [sys.executable, str(RUN), "keys", *words],
        env={**clean, "IM_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def pair(node: NodeFactory, folder: Path) -> tuple[str, list[Node]]:
    url = f"sqlite:///{folder / 'im.db'}"
    env = {"IM_DATABASE_URL": url, **SETTINGS}
    return url, [node(env=env, wait=False), node(env=env)]


def table(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "im.db", timeout=10) as database:
        return database.execute(query).fetchall()


def test_keys_change_under_load_without_a_loss_first_in_good_order_then_at_once(
    node: NodeFactory, tmp_path: Path, rng: random.Random
) -> None:
    url, nodes = pair(node, tmp_path)
    for one in nodes:
        one.wait_ready()

    def members_hold(number: int) -> bool:
        rows = table(tmp_path, "SELECT key_numbers FROM node")
        return len(rows) == 2 and all(str(row[0]) == str(number) for row in rows)

    async def run() -> None:
        crew = Crew([n.url for n in nodes], url, rng, pace=0.02)
        await crew.gather(8)
        over = False
        working = asyncio.create_task(crew.work(lambda: over))
        done = await asyncio.to_thread(keys, url, "rotate")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "key 2 is sent with from now on" in done.stdout
        refused = await asyncio.to_thread(keys, url, "rotate")
        assert refused.returncode == 1 and "last change is not over" in refused.stdout
        # As if a minute had gone by, for the nodes that delete the old one then.
        await asyncio.to_thread(
            table, tmp_path, "UPDATE cluster_key SET sending_at = sending_at - 61000"
        )
        await asyncio.to_thread(wait_until, lambda: members_hold(2), timeout=20)
        done = await asyncio.to_thread(keys, url, "rotate", "--now")
        assert done.returncode == 0 and "key 3 is sent with" in done.stdout
        shown = await asyncio.to_thread(keys, url)
        assert [line.split()[:2] for line in shown.stdout.splitlines()[1:]] == [
            ["3", "sending"],
            ["2", "sending"],
            ["1", "deleted"],
        ]
        await asyncio.to_thread(
            table, tmp_path, "UPDATE cluster_key SET sending_at = sending_at - 61000"
        )
        await asyncio.to_thread(wait_until, lambda: members_hold(3), timeout=20)
        over = True
        await working
        await crew.settle()
        problems = await crew.prove()
        longest = crew.history.longest_wait()
        await crew.close()
        assert problems[:20] == []
        assert crew.history.acknowledged > 500
        print(f"{crew.history.acknowledged} messages, longest wait {longest:.2f} s")

    asyncio.run(run())
    for one in nodes:
        assert " is down" not in one.log
        assert one.log.count("may be missing") == 1, "only that of the other's coming"


def test_a_node_that_lacks_the_new_key_is_named_and_holds_it_up(
    node: NodeFactory, tmp_path: Path
) -> None:
    url, nodes = pair(node, tmp_path)
    for one in nodes:
        one.wait_ready()
    wait_until(lambda: len(table(tmp_path, "SELECT name FROM node")) == 2, timeout=10)
    name = str(table(tmp_path, f"SELECT name FROM node WHERE port = {nodes[1].port}")[0][0])
    nodes[1].stop()  # its row stays live for 15 s

    async def change() -> tuple[bool, list[str]]:
        database = open_database(DatabaseSettings(url))
        said: list[str] = []
        try:
            return await rotate(database, said.append, patience=6), said
        finally:
            await database.close()

    done, said = asyncio.run(change())
    assert not done and name in said[-1] and "not sent with yet" in said[-1]
    assert table(tmp_path, "SELECT sending_at FROM cluster_key WHERE number = 2") == [(None,)]
    nodes[1].cont()
    again = keys(url, "rotate")
    assert again.returncode == 0 and "key 2 is sent with" in again.stdout
