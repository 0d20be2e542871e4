"""Where the load goes: two nodes on MariaDB, with Redis where it is installed, and people."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from argon2 import PasswordHasher

from bench.load_people import PASSWORD, Account
from bench.million_machine import Plan
from bench.million_memory import anonymous_kib
from bench.million_nodes import Heartbeat, RunningNode, cluster, database
from bench.million_people import People, make_people, token
from bench.threads import processor_seconds
from im.services.passwords import LANES, MEMORY_KIB, PASSES
from im.store import conversations, groups
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations
from tests.services.redis_server import RedisServer

NODES = 2
FRIENDS = 3
"""Whom each began to write to long ago: a new conversation takes memory for good."""
TEAM = 20
DEPARTMENT = 200
"""Members of the two groups that everyone is in."""
AT_ONCE = 200
HEARTBEAT = Heartbeat(30.0, 60.0)
DEFAULTS = {"IM_DATABASE_POOL": "4", "IM_SESSIONS_RECHECK_SECONDS": "30"}
"""What more nodes than these had otherwise."""


@dataclass(frozen=True, slots=True)
class World:
    """What runs.

    Attributes:
        admin: token of an administrator.
        processes: ids, by what they are.
    """

    url: str
    nodes: Sequence[RunningNode]
    accounts: Sequence[Account]
    admin: str
    processes: dict[str, int]

    async def counted(self, figure: str) -> int:
        """A figure of all nodes together."""
        found = await asyncio.gather(*(asyncio.to_thread(node.figures) for node in self.nodes))
        return sum(figures[figure] for figures in found)

    def processor(self) -> dict[str, float]:
        """Processor seconds of each so far."""
        return {name: processor_seconds(pid) for name, pid in self.processes.items()}

    def spent(self, before: dict[str, float], seconds: float) -> dict[str, float]:
        """Cores that each has kept busy since then."""
        after = self.processor()
        return {name: round((after[name] - before[name]) / seconds, 2) for name in before}


class Memory:
    """What the nodes hold, looked at again and again (MiB, ``anonymous_kib``)."""

    def __init__(self, nodes: Sequence[RunningNode]) -> None:
        self._nodes = nodes
        self.samples: list[tuple[float, list[float]]] = []

    async def watch(self, seconds: float) -> None:
        """Look every so often, until it is cancelled."""
        while True:
            found = [anonymous_kib(node.pid) / 1024 for node in self._nodes]
            self.samples.append((time.monotonic(), found))
            await asyncio.sleep(seconds)

    def slopes(self) -> list[float]:
        """MiB a minute of each node over the second half: the median of all slopes (Theil–Sen).

        What is loaded once in between, like the decoder of a picture, is a step and no slope.
        """
        half = self.samples[len(self.samples) // 2 :]
        return [_slope([(at, found[n]) for at, found in half]) for n in range(len(self._nodes))]

    def looks(self, number: int) -> list[list[float]]:
        """MiB of each node at so many times, evenly from the first to the last."""
        last = len(self.samples) - 1
        some = [self.samples[last * each // (number - 1)][1] for each in range(number)]
        return [[round(found[n], 1) for found in some] for n in range(len(self._nodes))]


@contextmanager
def world(people: int, settings: dict[str, str]) -> Iterator[World]:
    """Everything, when it is ready; ``settings``: of the nodes, ``IM_…``."""
    plan = Plan(NODES, (people + NODES - 1) // NODES)
    settings = DEFAULTS | settings
    with ExitStack() as stack:
        mariadb: MariaDB = stack.enter_context(database(plan))
        url = mariadb.create_database()
        secret = asyncio.run(_populate(url, plan.people))
        processes = {"MariaDB": mariadb.process.pid}
        if shutil.which("redis-server") or shutil.which("valkey-server"):
            redis = RedisServer(PortReservations())
            stack.callback(redis.close)
            redis.start()
            settings = {**settings, "IM_REDIS_URL": redis.url}
            processes["Redis"] = redis.process.pid
        nodes = stack.enter_context(cluster(plan, url, HEARTBEAT, NODES, lambda _: None, settings))
        for number, node in enumerate(nodes):
            processes[f"node {number + 1}"] = node.pid
        accounts = [_account(secret, nodes, number, plan.people) for number in range(plan.people)]
        yield World(url, nodes, accounts, secret.admin, processes)


async def _populate(url: str, count: int) -> People:
    """People with a password, and their groups."""
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    people = await make_people(url, count, lambda _: None, hasher.hash(PASSWORD))
    store = open_database(DatabaseSettings(url, call_timeout=60, read_timeout=60))
    try:
        for size in (TEAM, DEPARTMENT):
            for start in range(0, count, size):
                members = range(people.first + start, people.first + min(start + size, count))
                await store.write(_found, f"group of {size}, {start // size}", members)
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            pairs = [(number, friend) for number in numbers for friend in _friends(number, count)]
            await store.write(_acquaint, people.first, pairs)
    finally:
        await store.close()
    return people


def _found(cursor: Cursor, name: str, members: Sequence[int]) -> None:
    founder, *others = members
    group = groups.create(cursor, name, founder, "", "")
    conversation = conversations.group(cursor, group, founder)
    for user in others:
        cursor.execute(
            "INSERT INTO member (conversation_id, user_id, changed_at)"
            f" VALUES (%s, %s, {cursor.dialect.now_ms})",
            (conversation.id, user),
        )


def _friends(number: int, count: int) -> list[int]:
    """Numbers of those whom someone writes to; the first is on another node."""
    return [(number + step) % count for step in range(1, FRIENDS + 1) if step < count]


def _acquaint(cursor: Cursor, first: int, pairs: Sequence[tuple[int, int]]) -> None:
    for one, other in pairs:
        conversations.private(cursor, first + one, first + other)


def _account(people: People, nodes: Sequence[RunningNode], number: int, count: int) -> Account:
    """Groups are numbered from 1 in the order of their founding."""
    teams = -(-count // TEAM)
    return Account(
        number,
        people.first + number,
        token(people.secret, number),
        nodes[number % len(nodes)].node.port,
        [people.first + friend for friend in _friends(number, count)],
        [number // TEAM + 1, teams + number // DEPARTMENT + 1],
    )


def _slope(points: Sequence[tuple[float, float]]) -> float:
    rises = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return round(median(rises) * 60, 2) if rises else 0.0
