"""A lease that a node holds while it works in the background on what only one does at a time."""

from __future__ import annotations

import logging
import time

from im.errors import Unavailable
from im.store import leases
from im.store.database import Database

log = logging.getLogger("im.lease")


class HeldLease:
    """Takes a lease and shows now and then that it is still held (``store.leases``).

    Args:
        name: what the lease is for.
        holder: this node's name and process.
        lease_ms: it runs out so long after it was last shown.
        kept_seconds: it is shown so often.
    """

    def __init__(
        self, database: Database, name: str, holder: str, *, lease_ms: int, kept_seconds: float
    ) -> None:
        self._database = database
        self._name = name
        self._holder = holder
        self._lease_ms = lease_ms
        self._kept_seconds = kept_seconds
        self._kept: float | None = None
        self._asked = False

    async def keep(self) -> bool:
        """Take the lease, or show that it is still held; False while another holds it.

        Raises ``Unavailable``.
        """
        now = time.monotonic()
        if self._kept is not None and now - self._kept < self._kept_seconds:
            return True
        self._asked = True
        held = await self._database.write(leases.take, self._name, self._holder, self._lease_ms)
        self._kept = now if held else None
        return held

    async def release(self) -> None:
        """Let another node go on: at once or, when the database is away, once it runs out."""
        if not self._asked:
            return
        try:
            await self._database.write(leases.release, self._name, self._holder)
        except Unavailable:
            log.warning(
                "the database is away: the lease %s is not given back, it runs out", self._name
            )
