"""Removes the content of messages whose time is over, on one node of the cluster at a time.

Step by step, each a small transaction that ends where the next one begins: killed at any point, it
goes on where it was. It rests longer than it works, and looks at the rule again in each step, so
that nothing goes after it was changed.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable

from im.errors import Unavailable
from im.services.background import Background
from im.services.held_lease import HeldLease
from im.services.retention import Retention
from im.store import expiry
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.search_words import tokens_of

PAUSE_SECONDS = 60.0
"""Between two looks at what is due."""
REST = 3.0
"""How many times as long as a transaction of its own took it then rests, so that others go on."""
LEASE = "retention"
LEASE_MS = 180_000
KEPT_SECONDS = 30.0
"""It shows that it still holds the lease so often."""
PAGE = 100
"""Conversations that take turns, a step each."""
WIPE_TRIES = 10
WIPE_PAUSE = 1.0
"""Seconds between two tries to have erased content leave the files."""

log = logging.getLogger("im.retention")


class Expirer:
    """Follows the rule.

    Args:
        holder: this node's name and process, by which it holds the lease.
        erased: told of contents of files that are gone (``Media.erased``).
    """

    def __init__(
        self,
        database: Database,
        retention: Retention,
        holder: str,
        erased: Callable[[tuple[int, ...]], None],
    ) -> None:
        self._database = database
        self._retention = retention
        self._lease = HeldLease(
            database, LEASE, holder, lease_ms=LEASE_MS, kept_seconds=KEPT_SECONDS
        )
        self._erased = erased
        self._background = Background()
        # Who was killed before may have left something in the files.
        self._to_wipe = True
        self.steps = 0
        """Transactions that removed something, so far."""

    def start(self) -> None:
        """Begin to follow."""
        self._background.start(self._run())

    async def close(self) -> None:
        """Stop, and let another node go on."""
        await self._background.close()
        await self._lease.release()

    async def follow(self, *, rest: float = REST) -> None:
        """Remove all that is due now, as long as this node holds the lease.

        Raises ``Unavailable``.
        """
        failed: set[int] = set()
        while await self._lease.keep():
            rule = await self._retention.settle()
            if not rule.days:
                break
            before = await self._database.read(self._retention.before)
            due = await self._database.read(expiry.due, before, PAGE + len(failed))
            turns = [conversation for conversation in due if conversation not in failed][:PAGE]
            if not turns or len(failed) > PAGE:
                break
            for conversation in turns:
                began = time.monotonic()
                try:
                    await self._step(conversation)
                except Unavailable:
                    raise
                except Exception:
                    # The others are to go on.
                    log.exception("content of conversation %d cannot be removed", conversation)
                    failed.add(conversation)
                await asyncio.sleep((time.monotonic() - began) * rest)
        await self._wipe()

    async def _step(self, conversation: int) -> None:
        """Remove the oldest content of a conversation, if it is still to go."""

        def read(cursor: Cursor) -> expiry.Expiring:
            return expiry.expiring(cursor, conversation, self._retention.before(cursor))

        found = await self._database.read(read)
        tokens = {seq: tokens_of(text, sender) for seq, (text, sender, _) in found.messages.items()}

        def write(cursor: Cursor) -> tuple[int, ...] | None:
            # The rule may have been changed meanwhile.
            if found.newest >= self._retention.before(cursor):
                return None
            return expiry.expire(cursor, found, tokens, self._retention.now(cursor))

        gone = await self._database.write(write)
        if gone is not None and found.last_seq > found.expired_seq:
            self.steps += 1
            self._to_wipe = True
            self._erased(gone)

    async def _wipe(self) -> None:
        """See to it that what was erased leaves the files."""
        for _ in range(WIPE_TRIES):
            if not self._to_wipe:
                return
            self._to_wipe = not await self._database.wipe()
            if self._to_wipe:
                await asyncio.sleep(WIPE_PAUSE)

    async def _run(self) -> None:
        while True:
            # Spread, so that nodes that started together don't meet each time.
            await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311
            try:
                await self.follow()
            except Unavailable as error:
                log.info("content whose time is over is removed later: %s", error)
            except Exception:
                log.exception("removing content whose time is over failed")
