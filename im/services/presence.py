"""Presence: who is connected, on whichever node, who of them is away, and who wants to know.

Each node tells the others who came to it and went from it, as compact sets in order; a newcomer,
or one that may have missed something, gets the whole set. Nothing of it is stored but the time at
which someone was last seen. A change is told once, together with all others of one moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import Protocol

from pyroaring import BitMap64

from im.protocol.outgoing import Outgoing
from im.protocol.server import Presence as PresenceFrame
from im.protocol.server import UserPresence
from im.services.cluster import Cluster
from im.services.presence_book import People, PresenceBook, Standing
from im.services.signals import PresenceQuery, PresenceSignal
from im.store import users
from im.store.cursor import Cursor
from im.store.database import Database

GATHER_SECONDS = 0.05
"""What changes within this time is told at once, to a watcher in one frame."""
SIGNALS_A_SECOND = 100
"""A node hears at most so many of all others together, each about 0.1 ms of work: where there are
more than five others, each of them gathers for longer."""
SETTLE_SECONDS = 0.25
"""One whole set serves all who join within this time."""
MAX_SEEN = 100_000
"""People whose time of leaving waits to be stored."""
MAX_RECENT = 10_000
"""People of whom it is kept here when they left, whichever node they left: it is stored a second
later, and who looks before that asks the database in vain. The oldest give way."""
MAX_SEEN_IN_SIGNAL = 10_000
"""Times of leaving that one signal tells; the others are in the database."""

log = logging.getLogger("im.presence")


def gather_seconds(others: int) -> float:
    """How long changes are gathered in a cluster with so many other nodes."""
    return max(GATHER_SECONDS, others / SIGNALS_A_SECOND)


class Watcher(Protocol):
    """A connection that shows people's presence."""

    @property
    def watched(self) -> frozenset[int]:
        """Ids of the people that it shows."""

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a frame; returns at once and never raises."""


class Connections(Protocol):
    """The local connections; ``wire.registry`` implements it."""

    def standing(self, user: int) -> Standing:
        """How much someone is there, by the most active of their connections."""


class Presence:
    """Who is online.

    Args:
        cluster: the other nodes.
        node: this node's name.
        database: keeps when people were last seen, and who may know of whom.
        connections: this node's.
        grace: seconds for which whoever loses a connection is shown as before.
        now_ms: the time, UTC ms.
    """

    def __init__(
        self,
        cluster: Cluster,
        node: str,
        database: Database,
        connections: Connections,
        grace: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._cluster = cluster
        self._node = node
        self._database = database
        self._connections = connections
        self._grace = round(grace * 1000)
        self._now_ms = now_ms
        self._book = PresenceBook(self._grace)
        self._changed: set[int] = set()
        self._before: dict[int, Standing] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._whole: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._watchers: dict[int, set[Watcher]] = {}
        self._seen: dict[int, int] = {}
        self._recent: dict[int, int] = {}
        self._storing: asyncio.Task[None] | None = None
        cluster.on(PresenceSignal, self._on_signal)
        cluster.on(PresenceQuery, self._on_query)
        cluster.on_up(self._on_up)
        cluster.on_gap(self._on_gap)
        cluster.on_down(self._on_down)

    # This node's people

    def came(self, user: int) -> None:
        """A person has one more connection here."""
        self._settle(user)

    def went(self, user: int) -> None:
        """A person has one connection less here: shown when the grace is over."""
        if self._connections.standing(user) < self._book.own.standing(user):
            self._book.lose(user, self._now_ms())
            self._wait()

    def moved(self, user: int, seen: int | None) -> None:
        """One of a person's devices here is used again, or was not since ``seen`` (UTC ms)."""
        if not self._book.leaving(user):
            self._settle(user, seen)
        elif self._connections.standing(user) is Standing.HERE:
            self._settle(user)

    def online(self, user: int) -> bool:
        """Whether a person is connected anywhere, or was a moment ago."""
        return self._book.standing(user) is not Standing.GONE

    def count(self) -> int:
        """How many people are connected anywhere, or were a moment ago."""
        return len(self._book.everyone())

    def count_of(self, people: Iterable[int]) -> int:
        """How many of these are."""
        return len(self._book.everyone() & BitMap64(people))

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

        found = await self._database.read(read)
        self._expect(found)
        return found

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

    def of(self, user: int, last_seen: int = 0) -> UserPresence:
        """A person's presence as a frame shows it; ``last_seen``: as it is stored."""
        standing = self._book.standing(user)
        here = standing is Standing.HERE
        return UserPresence(
            user=user,
            online=standing is not Standing.GONE,
            away=standing is Standing.AWAY,
            last_seen=0 if here else max(last_seen, self._recent.get(user, 0)),
        )

    async def close(self) -> None:
        """Store who was last seen when."""
        for timer in (self._flush, self._whole, self._end):
            if timer is not None:
                timer.cancel()
        now = self._now_ms()
        for user in self._book.own.online - self._book.own.away:
            self._seen[user] = now
        if self._storing is not None:
            await asyncio.gather(self._storing, return_exceptions=True)
        await self._store()

    # Inside

    def _expect(self, stored: dict[int, int]) -> None:
        """Of these people it is known when they were last seen.

        Who was seen within the grace, but has none by any node, was connected to this one before it
        was started anew.
        """
        now = self._now_ms()
        for user, lost in stored.items():
            if self._book.within(lost, now) and not self.online(user):
                self._book.expect(user, lost)
                self._change(user)
        self._wait()

    def _settle(self, user: int, seen: int | None = None) -> None:
        """Note how much a person of this node is there by now; ``seen``: when last, if less."""
        standing = self._connections.standing(user)
        before = self._book.own.standing(user)
        self._watch_change(user)
        self._book.move(user, standing)
        if standing is before:
            return
        self._change(user)
        if before is Standing.HERE:
            self._saw(user, self._now_ms() if seen is None else seen)

    def _left(self, user: int, when: int) -> None:
        """Keep when a person left, until others did."""
        self._recent.pop(user, None)
        self._recent[user] = when
        if len(self._recent) > MAX_RECENT:
            del self._recent[next(iter(self._recent))]

    def _saw(self, user: int, when: int) -> None:
        self._left(user, when)
        if len(self._seen) < MAX_SEEN:
            self._seen[user] = when
        if self._storing is None or self._storing.done():
            self._storing = asyncio.get_running_loop().create_task(self._store_soon())

    def _watch_change(self, user: int) -> None:
        """Before a person's standing changes: who watches is told what comes of it."""
        if user in self._watchers:
            self._before.setdefault(user, self._book.standing(user))

    def _change(self, user: int) -> None:
        self._changed.add(user)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flush is None:
            seconds = gather_seconds(len(self._cluster.members()))
            self._flush = asyncio.get_running_loop().call_later(seconds, self._tell_all)

    def _tell_all(self) -> None:
        self._flush = None
        if self._changed:
            self._publish()
        before, self._before = self._before, {}
        self._tell(user for user, was in before.items() if was is not self._book.standing(user))

    def _publish(self) -> None:
        changed = BitMap64(self._changed)
        self._changed.clear()
        own = self._book.own
        left = (user for user in changed - (own.online - own.away) if user in self._recent)
        self._cluster.publish(
            PresenceSignal(
                online=(changed & own.online).serialize(),
                offline=(changed - own.online).serialize(),
                whole=False,
                away=(changed & own.away).serialize(),
                seen={user: self._recent[user] for user in islice(left, MAX_SEEN_IN_SIGNAL)},
            ),
            ordered=True,
        )

    def _publish_whole(self) -> None:
        self._whole = None
        self._changed.clear()
        own = self._book.own
        self._cluster.publish(
            PresenceSignal(
                online=own.online.serialize(),
                offline=BitMap64().serialize(),
                whole=True,
                away=own.away.serialize(),
            ),
            ordered=True,
        )

    def _publish_whole_soon(self) -> None:
        if self._whole is None:
            self._whole = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._publish_whole)

    def _wait(self) -> None:
        """Be there when the next grace is over."""
        due = self._book.due()
        if due is None:
            return
        loop = asyncio.get_running_loop()
        wanted = loop.time() + min(max(due - self._now_ms(), 0), self._grace) / 1000
        if self._end is None or self._end.when() > wanted:
            if self._end is not None:
                self._end.cancel()
            self._end = loop.call_at(wanted, self._end_grace)

    def _end_grace(self) -> None:
        self._end = None
        own, others = self._book.ended(self._now_ms())
        for at, people in others:
            for user in people.online:
                if user in self._watchers:
                    was = max(people.standing(user), self._book.standing(user))
                    self._before.setdefault(user, was)
                    if was is Standing.HERE:
                        self._left(user, at)
        for user, at in own.items():
            self._settle(user, at)
        self._flush_soon()
        self._wait()

    def _on_up(self, node: str) -> None:
        self._book.known(node)
        self._publish_whole_soon()

    def _on_gap(self, node: str) -> None:
        self._cluster.publish(PresenceQuery(node=node))

    def _on_down(self, node: str) -> None:
        self._book.lose_node(node, self._now_ms())
        self._wait()

    def _on_query(self, node: str, query: PresenceQuery) -> None:
        if query.node in ("", self._node):
            self._publish_whole_soon()

    def _on_signal(self, node: str, signal: PresenceSignal) -> None:
        after = People(BitMap64.deserialize(signal.online), _people(signal.away))
        if not signal.whole:
            offline = BitMap64.deserialize(signal.offline)
            after = self._book.with_changes(node, after, offline)
        for user in self._book.differing(node, after):
            self._watch_change(user)
        self._book.say(node, after)
        for user, at in signal.seen.items():
            self._left(user, at)
        if self._before:
            self._flush_soon()

    def _tell(self, users: Iterable[int]) -> None:
        told: dict[Watcher, list[UserPresence]] = {}
        for user in users:
            for watcher in self._watchers.get(user, ()):
                told.setdefault(watcher, []).append(self.of(user))
        for watcher, presences in told.items():
            watcher.deliver(Outgoing(PresenceFrame(users=presences)))

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


def _people(serialised: bytes) -> BitMap64:
    """A set of people; nothing at all from nodes of versions without it."""
    return BitMap64.deserialize(serialised) if serialised else BitMap64()
