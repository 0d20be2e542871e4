"""This node's row in the database, and the other nodes that are alive by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from im.errors import Unavailable
from im.services.background import Background
from im.services.cluster import Cluster
from im.services.live_figures import Series
from im.store import nodes
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import UnusableDatabase
from im.store.migrations import usable_version
from im.store.nodes import HEARTBEAT_SECONDS, NodeRow

log = logging.getLogger("im.nodes")


class NodeRegister:
    """Writes a heartbeat each ``HEARTBEAT_SECONDS`` and reads those of the others.

    Args:
        describe: this node as it is now.
        measure: its figures since they were last measured, as JSON.
        keys: numbers of the relay keys held by this node and its members, joined by commas.
    """

    def __init__(
        self,
        database: Database,
        cluster: Cluster,
        describe: Callable[[], NodeRow],
        measure: Callable[[], str],
        keys: Callable[[], str],
    ) -> None:
        self._database = database
        self._cluster = cluster
        self._describe = describe
        self._measure = measure
        self._keys = keys
        self._background = Background()
        self._live: list[NodeRow] = []
        self._refused = asyncio.Event()
        self._refusal: UnusableDatabase | None = None
        self.series = Series()

    async def start(self) -> None:
        """Enter this node, and go on doing so. Raises ``UnusableDatabase`` or ``Unavailable``."""
        await self.beat()
        self._background.start(self._run())

    async def unusable(self) -> UnusableDatabase:
        """Return when the database is no longer for this program, as after a newer one's start."""
        while self._refusal is None:
            await self._refused.wait()
        return self._refusal

    async def beat(self) -> None:
        """One heartbeat. Raises ``UnusableDatabase`` or ``Unavailable``."""
        row = replace(self._describe(), figures=self._measure())

        def write(cursor: Cursor) -> list[NodeRow]:
            usable_version(cursor)
            nodes.beat(cursor, row, self._keys())
            return nodes.live(cursor)

        self._live = await self._database.write(write)
        self.series.keep(self._live)

    async def known(self) -> tuple[list[NodeRow], int]:
        """The nodes that live or are missed, and the database's time (UTC ms).

        Raises ``Unavailable``.
        """
        return await self._database.read(lambda cursor: (nodes.known(cursor), nodes.now_ms(cursor)))

    async def strangers(self) -> list[str]:
        """Live nodes, as of the last heartbeat, that are no members of the bus now."""
        known = {*self._cluster.members(), self._describe().name}
        return [row.name for row in self._live if row.name not in known]

    async def relay_peers(self) -> list[str]:
        """Relay addresses (``ip:port``) of the other live nodes. Raises ``Unavailable``."""
        own = self._describe().name
        rows = await self._database.read(nodes.live)
        return [row.relay_address for row in rows if row.name != own and row.relay_address]

    async def close(self) -> None:
        """Take this node out, where the database is still for this program."""
        if not self._background.started:
            return
        await self._background.close()
        if self._refusal is not None:
            return
        row = self._describe()
        try:
            await self._database.write(nodes.leave, row.name, row.process)
        except Unavailable:
            log.warning("the database is away: this node's row stays until its heartbeat is old")

    async def _run(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self.beat()
                beats += 1
                if beats % 720 == 0:
                    await self._database.write(nodes.forget_dead)
            except Unavailable:
                continue
            except UnusableDatabase as error:
                log.error("%s This node ends.", error)
                self._refusal = error
                self._refused.set()
                return
            except Exception:
                log.exception("the heartbeat failed")
