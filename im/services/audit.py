"""The audit log: what administrators did, and what concerns someone's security.

It has ids, names of fields and reasons, never passwords, tokens, codes or texts of messages.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from im.durations import DAY_MS
from im.errors import Unavailable
from im.services.identity import Identity
from im.store import audit
from im.store.audit import PRUNED, AuditRow
from im.store.database import Database

FIRST_PAGE = 2**53 - 1
CONSOLE = "console"
"""The address of who sits at the machine and uses ``run.py admin``."""

log = logging.getLogger("im.audit")


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Acts, the newest first; ``before`` for the next page, None at the end."""

    rows: list[AuditRow]
    before: int | None


class Audit:
    """Notes acts and shows them to administrators.

    Args:
        days: how long an act is kept.
    """

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._keep_ms = days * DAY_MS

    async def note(
        self, action: str, actor: int | None, target: str = "", address: str = "", **detail: Any
    ) -> None:
        """Note what was done. It is done already: when it cannot be stored, the node's log has it.

        ``target``: ``u:2``, ``g:7`` or the like. ``detail``: JSON, without secrets.
        """
        try:
            await self._database.write(audit.add, actor, action, target, address, detail)
        except Unavailable:
            log.error("not stored: %s by %s on %s from %s", action, actor, target, address)

    async def page(
        self, who: Identity, before: int | None, limit: int, action: str, actor: int | None
    ) -> AuditPage:
        """A page for administrators. Raises ``Forbidden``."""
        who.check_admin()
        rows = await self._database.read(audit.page, before or FIRST_PAGE, limit, action, actor)
        return AuditPage(rows, rows[-1].id if len(rows) == limit else None)

    async def prune(self) -> None:
        """Forget what is older than it is kept. Raises ``Unavailable``."""
        while await self._database.write(audit.prune, self._keep_ms) == PRUNED:
            continue
