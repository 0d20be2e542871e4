"""The search index follows the logs, in the background, on one node of the cluster at a time.

It costs a sender nothing: it looks for what changed every few seconds, and rests longer than it
works. What it has not got yet is found all the same, for a search looks at it itself. Killed at any
point it goes on where it was, for how far it has come stands in each conversation's row.
"""

from __future__ import annotations

import asyncio
import logging
import time

from im.errors import Unavailable
from im.services.background import Background
from im.services.held_lease import HeldLease
from im.store import nodes, search_index
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.search_index import Unindexed
from im.store.search_words import tokens_of

PAUSE_SECONDS = 2.0
"""Between two looks at what changed."""
REST = 3.0
"""How many times as long as a transaction of its own took it then rests, so that others go on."""
LEASE = "search"
LEASE_MS = 15_000
LOOK_BACK_MS = 15_000
"""A row is stamped before it commits: longer than the longest transaction is let live."""
PAGE = 1000
"""Conversations that are looked at together."""
KEPT_SECONDS = 5.0
"""It shows that it still holds the lease so often."""

log = logging.getLogger("im.indexer")

Batch = tuple[Unindexed, dict[int, set[str]]]


class Indexer:
    """Fills the index.

    Args:
        holder: this node's name and process, by which it holds the lease.
    """

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._lease = HeldLease(
            database, LEASE, holder, lease_ms=LEASE_MS, kept_seconds=KEPT_SECONDS
        )
        self._background = Background()
        self._since: int | None = None
        """Conversations that changed before this (database's clock, UTC ms) are indexed; None: not
        known, so all are looked at."""
        self.indexed = 0
        """Messages so far."""

    def start(self) -> None:
        """Begin to follow."""
        self._background.start(self._run())

    async def close(self) -> None:
        """Stop, and let another node go on."""
        await self._background.close()
        await self._lease.release()

    async def follow(self, *, rest: float = REST) -> None:
        """Index all that is committed now, as long as this node holds the lease.

        Raises ``Unavailable``.
        """
        if not await self._keep():
            return
        if self._since is None:
            since = await self._database.read(nodes.now_ms) - LOOK_BACK_MS
            after: int | None = 0
            while after is not None:
                part, after = await self._database.read(search_index.behind, after, PAGE)
                if not await self._index(part, rest):
                    return
            self._since = since
        while True:
            now = await self._database.read(nodes.now_ms)
            changed = await self._database.read(search_index.behind_since, self._since, PAGE)
            if not await self._index([number for number, _ in changed], rest):
                return
            if len(changed) < PAGE:
                self._since = max(self._since, now - LOOK_BACK_MS)
                return
            self._since = max(self._since, changed[-1][1] - LOOK_BACK_MS)

    async def _index(self, conversations: list[int], rest: float) -> bool:
        """Index these conversations; False when the lease is lost meanwhile."""
        for conversation in conversations:
            more = True
            while more:
                if not await self._keep():
                    return False
                began = time.monotonic()
                more = await self._step(conversation)
                await asyncio.sleep((time.monotonic() - began) * rest)
        return True

    async def _step(self, conversation: int) -> bool:
        """Index the next messages of a conversation; whether there may be more."""

        def read(cursor: Cursor) -> Batch:
            found = search_index.unindexed(cursor, conversation)
            return found, {
                seq: tokens_of(text, sender) for seq, (text, sender, _) in found.messages.items()
            }

        found, tokens = await self._database.read(read)
        if found.last_seq == found.indexed_seq:
            return False
        filled = await self._database.write(search_index.fill, found, tokens)
        self.indexed += len(tokens) if filled else 0
        return found.more or not filled

    async def _keep(self) -> bool:
        held = await self._lease.keep()
        if not held:
            # Where the other node came to isn't known here.
            self._since = None
        return held

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await self.follow()
            except Unavailable:
                continue
            except Exception:
                log.exception("indexing failed")
