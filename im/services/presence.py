"""Presence: who is connected, on whichever node, and who wants to know.

Each node tells the others who came to it and went from it, as compact sets in order; a newcomer,
or one that may have missed something, gets the whole set. A node that is down has nobody. Nothing
of it is stored but the time at which someone was last seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from pyroaring import BitMap64

from im.protocol.outgoing import Outgoing
from im.protocol.server import Presence as PresenceFrame
from im.protocol.server import UserPresence
from im.services.cluster import Cluster
from im.services.signals import PresenceQuery, PresenceSignal
from im.store import users
from im.store.cursor import Cursor
from im.store.database import Database

GRACE_SECONDS = 0.7
"""A page that is loaded anew is not away."""
SETTLE_SECONDS = 0.25
"""One whole set serves all who join within this time."""
MAX_SEEN = 100_000
"""People whose time of leaving waits to be stored."""

log = logging.getLogger("im.presence")


class Watcher(Protocol):
    """A connection that shows people's presence."""

    @property
    def watched(self) -> frozenset[int]:
        """Ids of the people that it shows."""

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a frame; returns at once and never raises."""


class Presence:
    """Who is online.

    Args:
        cluster: the other nodes.
        node: this node's name.
        database: keeps when people were last seen, and who may know of whom.
        now_ms: the time, UTC ms.
    """

    def __init__(
        self,
        cluster: Cluster,
        node: str,
        database: Database,
        now_ms: Callable[[], int],
    ) -> None:
        self._cluster = cluster
        self._node = node
        self._database = database
        self._now_ms = now_ms
        self._here = BitMap64()
        self._elsewhere: dict[str, BitMap64] = {}
        self._leaving: dict[int, asyncio.TimerHandle] = {}
        self._changed: set[int] = set()
        self._flush: asyncio.TimerHandle | None = None
        self._whole: asyncio.TimerHandle | None = None
        self._watchers: dict[int, set[Watcher]] = {}
        self._seen: dict[int, int] = {}
        self._storing: asyncio.Task[None] | None = None
        cluster.on(PresenceSignal, self._on_signal)
        cluster.on(PresenceQuery, self._on_query)
        cluster.on_up(self._on_up)
        cluster.on_gap(self._on_gap)
        cluster.on_down(self._on_down)

    # This node's people

    def came(self, user: int) -> None:
        """A person's first connection here."""
        timer = self._leaving.pop(user, None)
        if timer is not None:
            timer.cancel()
            return
        was = self.online(user)
        self._here.add(user)
        self._change(user, was)

    def went(self, user: int) -> None:
        """A person's last connection here is gone."""
        if user in self._here and user not in self._leaving:
            self._leaving[user] = asyncio.get_running_loop().call_later(
                GRACE_SECONDS, self._gone, user
            )

    def online(self, user: int) -> bool:
        """Whether a person is connected anywhere."""
        return user in self._here or any(user in there for there in self._elsewhere.values())

    def count(self) -> int:
        """How many people are connected anywhere."""
        everyone = BitMap64(self._here)
        for there in self._elsewhere.values():
            everyone |= there
        return len(everyone)

    # Those who want to know

    async def visible(self, user: int, others: Collection[int]) -> dict[int, int]:
        """Whose presence a person may know, and when those were last seen (UTC ms, 0: never).

        Those who share a contact or a conversation with them. Raises ``Unavailable``.
        """
        wanted = sorted(set(others) - {user})

        def read(cursor: Cursor) -> dict[int, int]:
            shared = users.shared_with(cursor, user, wanted)
            rows = users.by_ids(cursor, shared)
            return {row.id: row.last_seen_at or 0 for row in rows if row.deleted_at is None}

        return await self._database.read(read)

    def watch(self, watcher: Watcher, before: Collection[int], users: Iterable[int]) -> None:
        """Tell a connection of these people from now on, instead of those ``before``."""
        for user in before:
            self._unwatch(watcher, user)
        for user in users:
            self._watchers.setdefault(user, set()).add(watcher)

    def forget(self, watcher: Watcher) -> None:
        """A connection is gone."""
        for user in watcher.watched:
            self._unwatch(watcher, user)

    async def close(self) -> None:
        """Store who was last seen when."""
        for timer in (*self._leaving.values(), self._flush, self._whole):
            if timer is not None:
                timer.cancel()
        for user in self._here:
            self._seen[user] = self._now_ms()
        if self._storing is not None:
            await asyncio.gather(self._storing, return_exceptions=True)
        await self._store()

    # Inside

    def _gone(self, user: int) -> None:
        self._leaving.pop(user, None)
        self._here.discard(user)
        if not self.online(user):
            if len(self._seen) < MAX_SEEN:
                self._seen[user] = self._now_ms()
            if self._storing is None or self._storing.done():
                self._storing = asyncio.get_running_loop().create_task(self._store_soon())
        self._change(user, True)

    def _change(self, user: int, was: bool) -> None:
        self._changed.add(user)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(0.05, self._publish)
        if was != self.online(user):
            self._tell([user])

    def _publish(self) -> None:
        self._flush = None
        changed = BitMap64(self._changed)
        self._changed.clear()
        self._cluster.publish(
            PresenceSignal(
                online=(changed & self._here).serialize(),
                offline=(changed - self._here).serialize(),
                whole=False,
            ),
            ordered=True,
        )

    def _publish_whole(self) -> None:
        self._whole = None
        self._changed.clear()
        self._cluster.publish(
            PresenceSignal(
                online=self._here.serialize(), offline=BitMap64().serialize(), whole=True
            ),
            ordered=True,
        )

    def _publish_whole_soon(self) -> None:
        if self._whole is None:
            self._whole = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._publish_whole)

    def _on_up(self, node: str) -> None:
        self._elsewhere.setdefault(node, BitMap64())
        self._publish_whole_soon()

    def _on_gap(self, node: str) -> None:
        self._cluster.publish(PresenceQuery(node=node))

    def _on_down(self, node: str) -> None:
        gone = self._elsewhere.pop(node, BitMap64())
        self._tell(user for user in gone if not self.online(user))

    def _on_query(self, node: str, query: PresenceQuery) -> None:
        if query.node in ("", self._node):
            self._publish_whole_soon()

    def _on_signal(self, node: str, signal: PresenceSignal) -> None:
        before = self._elsewhere.get(node, BitMap64())
        online = BitMap64.deserialize(signal.online)
        after = online if signal.whole else (before | online) - BitMap64.deserialize(signal.offline)
        touched = before ^ after
        was = {user: self.online(user) for user in touched if user in self._watchers}
        self._elsewhere[node] = after
        self._tell(
            user for user, online_before in was.items() if online_before != self.online(user)
        )

    def _tell(self, users: Iterable[int]) -> None:
        told: dict[Watcher, list[UserPresence]] = {}
        for user in users:
            for watcher in self._watchers.get(user, ()):
                told.setdefault(watcher, []).append(self.of(user))
        for watcher, presences in told.items():
            watcher.deliver(Outgoing(PresenceFrame(users=presences)))

    def of(self, user: int, last_seen: int = 0) -> UserPresence:
        """A person's presence as a frame shows it."""
        online = self.online(user)
        return UserPresence(
            user=user,
            online=online,
            last_seen=0 if online else max(last_seen, self._seen.get(user, 0)),
        )

    def _unwatch(self, watcher: Watcher, user: int) -> None:
        watchers = self._watchers.get(user)
        if watchers is not None:
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[user]

    async def _store_soon(self) -> None:
        await asyncio.sleep(1.0)
        await self._store()

    async def _store(self) -> None:
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._database.write(users.seen, seen)
        except Exception as error:
            log.warning("when %d people were last seen could not be stored: %s", len(seen), error)
