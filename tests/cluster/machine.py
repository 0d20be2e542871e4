"""A machine with a database and two nodes on one disk, under which the power is cut."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.cluster.crew import SETTINGS
from tests.services.mariadb import MariaDB
from tests.services.node import Node, NodeFactory
from tests.services.ports import PortReservations
from tests.services.schema import SQLITE, make_schema
from tests.services.volatile_disk import VolatileDisk, volatile_disk

MEGABYTES = {"sqlite": 48, "mariadb": 256}
"""The disk under each database."""


class Machine:
    """Two nodes, their database and the disk that holds all that they keep.

    Attributes:
        url: of the database.
        nodes: which run.
    """

    def __init__(
        self, disk: VolatileDisk, url: str, nodes: list[Node], server: MariaDB | None
    ) -> None:
        self.url = url
        self.nodes = nodes
        self._disk = disk
        self._server = server

    def cut(self, rng: random.Random, luck: float) -> None:
        """Cut the power; the disk and the database server are back when this returns."""
        for node in self.nodes:
            node.kill9()
        if self._server is not None:
            self._server.kill9()
        self._disk.cut(rng, luck)
        if self._server is not None:
            self._server.ensure_running()

    async def start(self) -> float:
        """Start the nodes: seconds until both are ready."""
        begun = time.monotonic()
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            await asyncio.to_thread(node.wait_ready)
        return time.monotonic() - begun


@contextmanager
def machine(
    database: str, ports: PortReservations, node: NodeFactory, options: list[str]
) -> Iterator[Machine]:
    """A machine that runs ``sqlite`` or ``mariadb``; ``options`` are further ones of MariaDB."""
    with ExitStack() as stack:
        disk = stack.enter_context(volatile_disk(MEGABYTES[database]))
        server = None
        url = f"{SQLITE}{disk.path / 'im.db'}"
        if database == "mariadb":
            server = MariaDB(ports, options, data=disk.path / "mariadb")
            stack.callback(server.close)
            server.start()
            url = server.create_database()
        make_schema(url)
        env = {"IM_DATABASE_URL": url, **SETTINGS}
        stack.callback(node.close)
        nodes = [node(env=env, data=disk.path / f"node-{n}", wait=False) for n in range(2)]
        for each in nodes:
            each.wait_ready()
        disk.flush()
        yield Machine(disk, url, nodes, server)
