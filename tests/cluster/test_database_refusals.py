"""The database hangs, turns read-only or takes no connection; senders are told, nothing is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from urllib.parse import unquote, urlsplit

import pymysql
import pytest
from pymysql.constants import ER

from tests.cluster.crew import SETTINGS
from tests.cluster.outage import outlast
from tests.services.mariadb import MariaDB
from tests.services.node import NodeFactory
from tests.services.schema import make_schema

Fault = Callable[[MariaDB, str], AbstractContextManager[None]]
FEWEST = 10
"""MariaDB takes no smaller ``max_connections``."""


@contextmanager
def hung(mariadb: MariaDB, url: str) -> Iterator[None]:
    """Connections stay open, and nothing answers."""
    mariadb.stop()
    try:
        yield
    finally:
        mariadb.cont()


@contextmanager
def read_only(mariadb: MariaDB, url: str) -> Iterator[None]:
    """Everything is read as ever, and no write is taken, as from a replica."""
    with closing(mariadb.connect()) as root, root.cursor() as cursor:
        cursor.execute("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            cursor.execute("SET GLOBAL read_only = 0")


@contextmanager
def used_up(mariadb: MariaDB, url: str) -> Iterator[None]:
    """Others have all connections, and the messenger loses those that it had."""
    address = urlsplit(url)
    with ExitStack() as others:
        root = others.enter_context(closing(mariadb.connect()))
        cursor = others.enter_context(root.cursor())
        cursor.execute("SELECT @@max_connections")
        (most,) = cursor.fetchone() or (0,)
        for _ in range(FEWEST):
            other = pymysql.connect(
                host=address.hostname,
                port=address.port or 0,
                user=address.username,
                password=unquote(address.password or ""),
            )
            others.enter_context(closing(other))
        cursor.execute(f"SET GLOBAL max_connections = {FEWEST}")
        try:
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE db = %s",
                (address.path.lstrip("/"),),
            )
            for (number,) in cursor.fetchall():
                try:
                    cursor.execute(f"KILL CONNECTION {number}")
                except pymysql.MySQLError as error:
                    if error.args[0] != ER.NO_SUCH_THREAD:
                        raise
            yield
        finally:
            cursor.execute(f"SET GLOBAL max_connections = {most}")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(hung, 10.0), (read_only, 3.0), (used_up, 3.0)],
    ids=["hung", "read-only", "out of connections"],
)
def test_a_database_that_takes_nothing_for_seconds_costs_a_refusal_and_no_message(
    node: NodeFactory,
    mariadb: MariaDB,
    mysql_url: str,
    rng: random.Random,
    fault: Fault,
    seconds: float,
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, **SETTINGS}
    make_schema(mysql_url)
    nodes = [node(env=env, wait=False), node(env=env, wait=False)]
    for each in nodes:
        each.wait_ready()
    asyncio.run(outlast(fault(mariadb, mysql_url), nodes, mysql_url, rng, seconds=seconds))
