"""A lease that a node holds while it works in the background on what only one does at a time."""

from __future__ import annotations

import time

from im.store import leases
from im.store.database import Database


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

    async def keep(self) -> bool:
        """Take the lease, or show that it is still held; False while another holds it.

        Raises ``Unavailable``.
        """
        now = time.monotonic()
        if self._kept is not None and now - self._kept < self._kept_seconds:
            return True
        held = await self._database.write(leases.take, self._name, self._holder, self._lease_ms)
        self._kept = now if held else None
        return held

    async def release(self) -> None:
        """Let another node go on. Raises ``Unavailable``."""
        await self._database.write(leases.release, self._name, self._holder)
