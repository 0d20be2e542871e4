"""The keys of the relay: every node rereads them, and a person has them changed.

A change goes so that no datagram is ever unreadable to a node that reads its database: the new key
is inserted, nodes read it, and only when all of them have it is it sent with; the old one is
deleted a minute later.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping

from im.errors import Unavailable
from im.services.background import Background
from im.store import cluster_keys, nodes
from im.store.bootstrap import KEY_BYTES
from im.store.cursor import Cursor
from im.store.database import Database

REREAD_SECONDS = 5.0
"""A node reads the keys so often."""
PAUSE_SECONDS = 1.0
"""And not more often than this, whatever comes in from the network."""
PATIENCE_SECONDS = 30.0
"""How long a change waits until all nodes have the new key."""
POLL_SECONDS = 0.5

log = logging.getLogger("im.keys")

Apply = Callable[[Mapping[int, bytes], int], None]
Held = Callable[[], Mapping[str, frozenset[int]]]


class KeyRing:
    """Keeps a node's keys as they are in the database.

    Args:
        keys, sending: as read at the start.
        apply: takes other keys and the number to send with.
        held: numbers that each member of the bus holds.
    """

    def __init__(
        self, database: Database, keys: Mapping[int, bytes], sending: int, apply: Apply, held: Held
    ) -> None:
        self._database = database
        self._ring = (dict(keys), sending)
        self._apply = apply
        self._held = held
        self._wanted = asyncio.Event()
        self._background = Background()

    def numbers(self) -> str:
        """Numbers that this node and every member that it hears hold, joined by commas."""
        common = frozenset(self._ring[0]).intersection(*self._held().values())
        return ",".join(map(str, sorted(common)))

    def reread_soon(self) -> None:
        """Someone sends with a key that isn't held here: read the keys within a second."""
        self._wanted.set()

    def start(self) -> None:
        """Begin to reread."""
        self._background.start(self._run())

    async def reread(self) -> None:
        """Take the keys as they are now, and delete the old one in its time.

        Raises ``Unavailable``.
        """
        keys, sending = await self._database.read(cluster_keys.ring)
        if not keys:
            log.error("the database has no relay key: going on with those at hand")
            return
        if (keys, sending) != self._ring:
            log.info("relay keys: %s, sending with %d", sorted(keys), sending)
            self._ring = (keys, sending)
            self._apply(keys, sending)
        if len(keys) > 1 and (gone := await self._database.write(cluster_keys.retire)):
            log.info("relay keys deleted: %s", gone)

    async def close(self) -> None:
        """Read no more."""
        await self._background.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(REREAD_SECONDS - PAUSE_SECONDS):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            try:
                await self.reread()
            except Unavailable:
                continue
            except Exception:
                log.exception("the relay keys could not be read")


async def rotate(
    database: Database,
    say: Callable[[str], None],
    *,
    at_once: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> bool:
    """Have all nodes send with a new key. False, having said why, when that can't be now.

    It waits until every live node, and every member that one hears, has it; with ``at_once``, for
    when the old key is known to others, it doesn't. Raises ``Unavailable``.
    """
    if at_once:
        # Were a change under way, its older key would be in the way of the new one.
        await database.write(cluster_keys.retire, 0)
    new = await database.write(cluster_keys.add, secrets.token_bytes(KEY_BYTES))
    if new is None:
        say("the last change is not over: the old key is deleted a minute after it; try again")
        return False
    if not at_once:
        say(f"key {new.number} is there to read with; waiting until all nodes have it")
        lacking = await _wait_for_all(database, new.number, patience)
        if lacking:
            say(
                f"key {new.number} is not sent with yet. Lacking at, or at a node heard by: "
                f"{', '.join(lacking)}. Run it again when they have read it; --now goes on without"
            )
            return False
    await database.write(cluster_keys.send_with, new.number)
    say(f"key {new.number} is sent with from now on; the old one is deleted in a minute")
    return True


async def _wait_for_all(database: Database, number: int, patience: float) -> list[str]:
    """Names of the live nodes that still lack the key when patience is over."""

    def read(cursor: Cursor) -> list[str]:
        return [name for name, held in nodes.keys_held(cursor).items() if number not in held]

    end = time.monotonic() + patience
    while True:
        lacking = await database.read(read)
        if not lacking or time.monotonic() >= end:
            return lacking
        await asyncio.sleep(POLL_SECONDS)
