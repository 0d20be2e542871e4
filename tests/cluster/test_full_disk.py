"""The disk under the database is full; senders are told, nothing is lost, and room is enough."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.crew import SETTINGS
from tests.cluster.outage import outlast
from tests.services.disk import filled, small_disk
from tests.services.mariadb import MariaDB
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations
from tests.services.schema import make_schema

PADDING = 10_000
"""Characters of a message that soon takes the last room inside the database's files."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database and the disk that it is on."""

    url: str
    disk: Path


@pytest.fixture(params=["mariadb", "sqlite"])
def place(request: pytest.FixtureRequest, ports: PortReservations) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            disk = stack.enter_context(small_disk(32))
            yield Place(f"sqlite:///{disk / 'im.db'}", disk)
            return
        disk = stack.enter_context(small_disk(256))
        server = MariaDB(ports, data=disk / "data")
        stack.callback(server.close)
        server.start()
        url = server.create_database()
        make_schema(url)
        yield Place(url, disk)


@pytest.mark.timeout(120)
def test_a_full_disk_costs_a_refusal_and_no_message_and_room_is_all_that_it_takes(
    place: Place, node: NodeFactory, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": place.url, **SETTINGS}
    nodes = [node(env=env, wait=False), node(env=env, wait=False)]
    for each in nodes:
        each.wait_ready()
    asyncio.run(outlast(filled(place.disk), nodes, place.url, rng, seconds=2, padding=PADDING))
