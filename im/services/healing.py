"""Healing: what no bus brought is found in the database.

Nothing that was acknowledged depends on the bus. On ``gap``, each second while a live node is no
member of the bus (so always, without a bus and with several nodes), and otherwise every
``IDLE_SECONDS`` this node compares what changed in the database with what it delivered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Protocol

from im.errors import Unavailable
from im.protocol import names
from im.protocol.outgoing import Outgoing
from im.protocol.server import Resync
from im.services.background import Background
from im.services.cluster import Cluster
from im.services.delivery import Delivery, Reader
from im.services.rights import Rights
from im.services.sessions import Sessions
from im.store import conversations, members, nodes
from im.store.conversations import Conversation
from im.store.cursor import Cursor
from im.store.database import Database

IDLE_SECONDS = 30.0
ALONE_SECONDS = 1.0
SWEEP_SECONDS = 60.0
KEEP_SECONDS = 600.0
"""How often sessions of open connections are looked at: whether they are over, and as used."""
LOOK_BACK_MS = 15_000
"""A row is stamped before it commits: longer than the longest transaction is let live."""
USERS_A_READ = 500
MEMBERS_A_READ = 10_000
MAX_EPOCHS = 10_000
"""Groups of which it is remembered up to which change their members are known here."""
PAGE = 1000

log = logging.getLogger("im.healing")


class Locals(Protocol):
    """The local connections."""

    def users(self) -> Collection[int]:
        """Ids of all who have a connection here."""

    def has_user(self, user: int) -> bool:
        """Whether this person has a connection here."""

    def groups_of(self, user: int) -> Collection[int]:
        """Groups of a person who has a connection here."""

    def of_user(self, user: int) -> Iterable[Reader]:
        """The person's connections."""

    def everyone(self) -> Iterable[Reader]:
        """All connections."""


class Healing:
    """Finds what was missed, in a task of its own.

    Args:
        strangers: names of live nodes that are no members of the bus now.
    """

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        locals_: Locals,
        rights: Rights,
        sessions: Sessions,
        cluster: Cluster,
        strangers: Callable[[], Awaitable[Collection[str]]],
        recheck_seconds: float,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._locals = locals_
        self._rights = rights
        self._sessions = sessions
        self._strangers = strangers
        self._recheck_seconds = recheck_seconds
        self._looked_at = 0
        self._looked = 0.0
        self._epochs: OrderedDict[int, int] = OrderedDict()
        self._wake = asyncio.Event()
        self._after_gap = False
        self._background = Background()
        cluster.on_gap(lambda node: self.soon())
        cluster.on_down(lambda node: self.soon())

    async def start(self) -> None:
        """Begin: open the announcements, and remember where the database's clock stands."""

        def read(cursor: Cursor) -> tuple[Conversation | None, int]:
            return conversations.by_name(cursor, names.ALL), nodes.now_ms(cursor)

        self._looked = asyncio.get_running_loop().time()
        announcements, self._looked_at = await self._database.read(read)
        if announcements is not None:
            self._delivery.open(names.ALL, announcements.last_seq)
        self._background.start(self._run())

    def soon(self) -> None:
        """Something may be missing: look at once, at memberships and sessions too."""
        self._after_gap = True
        self._wake.set()

    async def close(self) -> None:
        """Stop looking."""
        await self._background.close()

    async def look(self, *, whole: bool) -> None:
        """Read what changed since the last look, and from the log what was not delivered.

        ``whole``: also memberships of those who are here, and revoked sessions.
        """
        with self._delivery.looking_up():
            await self._look(whole)

    async def _look(self, whole: bool) -> None:
        if whole:
            self._rights.forget_all()
            await self._sessions.look_for_revoked()
            await self._reload_memberships()
        asked = asyncio.get_running_loop().time()
        now = await self._database.read(nodes.now_ms)
        # By whichever clock that is longer ago: the database's may have been put back.
        passed = round((asked - self._looked) * 1000)
        since = max(0, min(self._looked_at, now - passed) - LOOK_BACK_MS)
        after = 0
        while True:
            changed = await self._database.read(conversations.changed_since, since, after, PAGE)
            for row in changed:
                if row.group_id is not None and self._epochs.get(row.id) != row.epoch:
                    await self._look_for_joined(row, row.group_id)
                self._compare(row)
            if len(changed) < PAGE:
                break
            since, after = changed[-1].changed_at, changed[-1].id
        self._looked_at, self._looked = now, asked

    async def _look_for_joined(self, row: Conversation, group: int) -> None:
        """Who here has joined a group without our hearing of it reads it from now on."""
        found = await self._database.read(members.latest, row.id, MEMBERS_A_READ)
        joined = [
            (user, seq)
            for user, seq in found
            if self._is_known(user) and group not in self._locals.groups_of(user)
        ]
        if joined:
            # If nobody here has read it yet, the entry with which they joined lets them in.
            self._delivery.open(row.name, max(0, min(seq for _, seq in joined) - 1))
        for user, seq in joined:
            self._let_in(row.name, group, user, seq, max(row.last_seq, seq))
        self._epochs[row.id] = row.epoch
        self._epochs.move_to_end(row.id)
        if len(self._epochs) > MAX_EPOCHS:
            self._epochs.popitem(last=False)

    def _let_in(
        self, conversation: str, group: int, user: int, joined_seq: int, last_seq: int
    ) -> None:
        """Deliver to someone from here; when they joined before, the client asks for the rest."""
        self._delivery.join(conversation, group, user, joined_seq, last_seq)
        if group in self._locals.groups_of(user):
            for reader in self._locals.of_user(user):
                reader.deliver(Outgoing(Resync(conv=conversation)))

    def _compare(self, row: Conversation) -> None:
        cursor = self._delivery.cursor(row.name)
        if cursor is None:
            people = (row.user_a, row.user_b)
            if not any(user is not None and self._is_known(user) for user in people):
                return
            # A conversation that is not open although its people are here began after they came.
            self._delivery.open(row.name, 0)
            cursor = self._delivery.cursor(row.name) or 0
        if row.last_seq > cursor:
            self._delivery.heal(row.name)

    def _is_known(self, user: int) -> bool:
        """Whether someone is here and all conversations that they had when they came are open."""
        return self._locals.has_user(user) and not self._delivery.is_loading(user)

    async def _reload_memberships(self) -> None:
        people = list(self._locals.users())
        for start in range(0, len(people), USERS_A_READ):
            part = people[start : start + USERS_A_READ]
            for user, name, group, last_seq, joined_seq in await self._database.read(
                members.groups_of, part
            ):
                known = group in self._locals.groups_of(user)
                if group is None or known or not self._is_known(user):
                    continue
                # Not a member when they came, so all since the joining is news.
                self._delivery.open(name, max(0, joined_seq - 1))
                self._let_in(name, group, user, joined_seq, last_seq)
                if last_seq > (self._delivery.cursor(name) or 0):
                    self._delivery.heal(name)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        last_look = last_whole = last_sweep = last_kept = loop.time()
        while True:
            try:
                async with asyncio.timeout(ALONE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            now = loop.time()
            gap, self._after_gap = self._after_gap, False
            missed, self._delivery.missed = self._delivery.missed, False
            whole = gap or missed or now - last_whole >= self._recheck_seconds
            try:
                if now - last_sweep >= SWEEP_SECONDS:
                    last_sweep = now
                    self._delivery.sweep()
                # A node that is not heard may come at any time, so this is asked each second.
                if not (whole or now - last_look >= IDLE_SECONDS or await self._strangers()):
                    continue
                await self.look(whole=whole)
                last_look = now
                if whole:
                    last_whole = now
                if now - last_kept >= KEEP_SECONDS:
                    await self._sessions.keep({each.session for each in self._locals.everyone()})
                    last_kept = now
            except Exception as error:
                # What may be missing is still to be looked for.
                self._after_gap = self._after_gap or gap or missed
                if not isinstance(error, Unavailable):
                    log.exception("healing failed")
