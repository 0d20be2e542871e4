"""Deadlocks in MariaDB cost time and nothing else: whoever is the victim runs again as a whole."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pymysql
import pytest
from pymysql.constants import ER

from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.proof import figures
from tests.cluster.wait import until
from tests.services.mariadb import MariaDB
from tests.services.node import NodeFactory
from tests.services.schema import make_schema

VICTIMS = 50
"""Transactions of the nodes that MariaDB rolls back."""
HEAVY = 200
"""Rows that the rival has written: MariaDB rolls back whoever has written less."""
PAUSE = 0.02
"""Seconds between the rival's two locks, in which a node gets between them."""


class Rival:
    """Locks conversations from the last to the first, where the nodes begin with the first.

    Attributes:
        own: deadlocks of which it was the victim itself.
    """

    def __init__(self, mariadb: MariaDB, url: str) -> None:
        self.own = 0
        self._mariadb = mariadb
        self._database = urlsplit(url).path.lstrip("/")
        self._over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """It works beside, until the end."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        with closing(self._mariadb.connect(self._database)) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE rival (n INT)")
            while not self._over.wait(PAUSE):
                cursor.execute("SELECT id FROM conversation ORDER BY id DESC")
                places = [row[0] for row in cursor.fetchall()]
                connection.begin()
                cursor.execute(f"INSERT INTO rival SELECT seq FROM seq_1_to_{HEAVY}")
                try:
                    for place in places:
                        cursor.execute(
                            "SELECT 1 FROM conversation WHERE id = %s FOR UPDATE", (place,)
                        )
                        self._over.wait(PAUSE / len(places))
                except pymysql.OperationalError as error:
                    if error.args[0] != ER.LOCK_DEADLOCK:
                        raise
                    self.own += 1
                connection.rollback()


def deadlocks(mariadb: MariaDB) -> int:
    """All that the server has had."""
    with closing(mariadb.connect()) as root, root.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        row = cursor.fetchone()
        assert row is not None
        return int(row[1])


@pytest.mark.timeout(120)
def test_deadlocks_with_a_rival_lose_and_double_nothing(
    node: NodeFactory, mariadb: MariaDB, mysql_url: str, rng: random.Random
) -> None:
    make_schema(mysql_url)
    env = {"IM_DATABASE_URL": mysql_url, **SETTINGS}
    nodes = [node(env=env, wait=False) for _ in range(2)]
    for each in nodes:
        each.wait_ready()
    rival = Rival(mariadb, mysql_url)

    async def run() -> None:
        crew = Crew([n.url for n in nodes], mysql_url, rng, pace=0.02)
        await crew.gather(8)
        ending = asyncio.Event()
        working = asyncio.create_task(crew.work(ending.is_set))
        await until(lambda: crew.history.acknowledged > 100)
        before = deadlocks(mariadb)
        victims = 0
        with rival.at_work():
            async with asyncio.timeout(60):
                while victims < VICTIMS:
                    await asyncio.sleep(0.1)
                    victims = deadlocks(mariadb) - before - rival.own
        ending.set()
        await working
        settled = await crew.settle()
        problems = await crew.prove()
        await crew.close()
        print(
            f"{figures(crew.history, problems)}; {victims} of the nodes'"
            f" transactions and {rival.own} of the rival's were rolled back; longest wait"
            f" {crew.history.longest_wait():.2f} s; all arrived within {settled:.2f} s"
        )
        assert problems[:20] == []

    asyncio.run(run())
