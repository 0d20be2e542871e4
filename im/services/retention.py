"""For how long messages keep their content: the file says it, or an administrator.

What holds lies in the database, one answer for the cluster. What is to be kept for less long than
before begins to go only after a grace, so that a slip of the hand can be undone; what is to be kept
for longer holds at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from im.durations import DAY_MS
from im.errors import Unavailable
from im.services.background import Background
from im.services.identity import Identity
from im.store import cluster, expiry, nodes
from im.store.cursor import Cursor
from im.store.database import Database

NAME = "retention"
"""Under which it is kept in the table ``cluster``."""
GRACE_MS = DAY_MS
LOOK_SECONDS = 30.0
"""Between two looks at what the other nodes have been told."""
COUNTED = 500
"""Conversations that are counted together."""
MOST_COUNTED = 10_000
"""Conversations that one count looks at."""

log = logging.getLogger("im.retention")

Clock = Callable[[Cursor], int]


class Rule(msgspec.Struct, omit_defaults=True, frozen=True):
    """For how many days messages keep their content; 0: for ever.

    Attributes:
        days: what holds.
        changed: what an administrator has said; None leaves it to the file.
        planned: what will hold from ``planned_at`` (UTC ms) on; None if nothing else than ``days``.
    """

    days: int = 0
    changed: int | None = None
    planned: int | None = None
    planned_at: int = 0


def settled(rule: Rule, default: int, now: int) -> Rule:
    """What holds at a time, where the file says ``default``."""
    wanted = default if rule.changed is None else rule.changed
    if wanted == 0 or 0 < rule.days <= wanted:
        return Rule(wanted, rule.changed)
    if rule.planned != wanted:
        return Rule(rule.days, rule.changed, wanted, now + GRACE_MS)
    return rule if now < rule.planned_at else Rule(wanted, rule.changed)


@dataclass(frozen=True, slots=True)
class Counted:
    """Messages stored before a time (UTC ms) that have a content, recalled ones included.

    ``at_least``: not all conversations could be looked at.
    """

    messages: int
    at_least: bool
    before: int


class Retention:
    """Knows the rule, and lets administrators change it.

    Args:
        default: the days that the file says.
        changed: called when another rule holds than before.
        clock: tells the time, UTC ms; by default the database's.
    """

    def __init__(
        self,
        database: Database,
        default: int,
        changed: Callable[[], None],
        clock: Clock = nodes.now_ms,
    ) -> None:
        self._database = database
        self.default = default
        self._changed = changed
        self.now = clock
        """The time, UTC ms."""
        self._background = Background()
        self.days = 0
        """What holds, as last looked up."""

    async def start(self) -> None:
        """Look the rule up, and from then on now and then. Raises ``Unavailable``."""
        await self.look()
        self._background.start(self._run())

    async def close(self) -> None:
        """Look no more."""
        await self._background.close()

    async def look(self) -> Rule:
        """What holds. Raises ``Unavailable``."""
        rule = await self._database.read(_read)
        self._note(rule)
        return rule

    async def settle(self) -> Rule:
        """Let what was planned hold when its time has come. Raises ``Unavailable``."""
        return await self._change({})

    async def set(self, who: Identity, days: int | None) -> Rule:
        """Say otherwise than the file; None: leave it to that. Raises ``Forbidden``."""
        who.check_admin()
        return await self._change({"changed": days})

    async def count(self, who: Identity, days: int) -> Counted:
        """What would go if messages were kept for so many days. Raises ``Forbidden``."""
        who.check_admin()
        before = await self._database.read(self.now) - days * DAY_MS
        if days == 0:
            return Counted(0, False, 0)
        total, looked = 0, 0
        after: expiry.Reached | None = expiry.Reached(0, 0)
        while after is not None and looked < MOST_COUNTED:
            part, after = await self._database.read(expiry.count, before, after, COUNTED)
            total, looked = total + part, looked + COUNTED
        return Counted(total, after is not None, before)

    def before(self, cursor: Cursor) -> int:
        """The time before which nothing is kept now, UTC ms; 0: everything is."""
        days = _read(cursor).days
        return self.now(cursor) - days * DAY_MS if days else 0

    async def _change(self, said: Mapping[str, int | None]) -> Rule:
        def write(cursor: Cursor) -> Rule:
            stored = cluster.locked(cursor, NAME, msgspec.json.encode(Rule()))
            before = msgspec.json.decode(stored, type=Rule)
            told = msgspec.structs.replace(before, **said)
            after = settled(told, self.default, self.now(cursor))
            if after != before:
                cluster.put(cursor, NAME, msgspec.json.encode(after))
            return after

        rule = await self._database.write(write)
        self._note(rule)
        return rule

    def _note(self, rule: Rule) -> None:
        if rule.days != self.days:
            self.days = rule.days
            self._changed()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Unavailable as error:
                log.info("how long messages are kept is looked up later: %s", error)
            except Exception:
                log.exception("how long messages are kept cannot be looked up")


def _read(cursor: Cursor) -> Rule:
    found = cluster.get(cursor, NAME)
    return Rule() if found is None else msgspec.json.decode(found, type=Rule)
