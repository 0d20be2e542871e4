"""Sessions: a log-in of one device. Opaque tokens of 256 bits, of which only a hash is stored.

A revoked session closes its sockets on every node: at once where the bus brings the news, at worst
when the node asks the database again.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from im.durations import DAY_MS, MINUTE_MS
from im.errors import NotFound, Unauthorized
from im.i18n import choose
from im.services.cluster import Cluster
from im.services.delivery import Reader
from im.services.gathering import Gathering
from im.services.identity import Identity, lacks_factor
from im.services.signals import SessionsSignal
from im.services.states import States
from im.store import nodes, sessions
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.sessions import DeviceRow, SessionRow

TOKEN_BYTES = 32
LATELY_MS = 10 * MINUTE_MS
"""After a log-in nobody else is likely to sit before the screen yet."""
MAX_TOKEN = 256
PROLONG_MS = 3600 * 1000
"""A session's use is written down at most this often."""
MAX_DEVICE = 200
SESSIONS_A_READ = 500
KEEP_ENDED_MS = 30 * DAY_MS
"""A session that ended is kept this long, for whoever looks into what happened."""
LOOK_BACK_MS = 60_000
"""Longer than the longest transaction: what was stamped earlier may be seen later."""

KINDS: dict[str, Literal["user", "guest", "bot"]] = {"user": "user", "guest": "guest", "bot": "bot"}
ROLES: dict[str, Literal["user", "admin"]] = {"user": "user", "admin": "admin"}
"""One string for all who have it, instead of one from each row."""

log = logging.getLogger("im.sessions")


class OfSessions(Protocol):
    """Knows the local connections of sessions."""

    def of_sessions(self, sessions: Collection[int]) -> list[Reader]:
        """Connections that belong to one of these sessions."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions last, in ms: unused, a guest's unused, in all, and how many at once."""

    idle: int
    guest_idle: int
    longest: int
    per_user: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that was just opened; ``ended`` are those that had to make room for it."""

    token: str
    session: int
    user: int
    ended: list[int]


class Sessions:
    """Opens, resolves and revokes sessions.

    Args:
        admins_need_factor: whether administrators without a second factor may not administer.
    """

    def __init__(
        self,
        database: Database,
        cluster: Cluster,
        states: States,
        readers: OfSessions,
        lifetimes: Lifetimes,
        admins_need_factor: bool,
    ) -> None:
        self._database = database
        self._cluster = cluster
        self._states = states
        self._readers = readers
        self._lifetimes = lifetimes
        self._admins_need_factor = admins_need_factor
        self._looked_at = 0
        self._by_token = Gathering(self._look_up, most=SESSIONS_A_READ)
        self._prolonging = Gathering(self._prolong, most=SESSIONS_A_READ)
        cluster.on(SessionsSignal, lambda _, signal: self._end(signal.sessions))

    async def open(self, user: int, kind: str, device: str, address: str) -> str:
        """A new session of a person who has shown who they are; its token, told only now."""
        begun = await self._database.write(self.begin, user, kind, device, address)
        self.tell_begun(begun)
        return begun.token

    def begin(self, cursor: Cursor, user: int, kind: str, device: str, address: str) -> Begun:
        """As ``open``, in another's transaction; once it is committed, ``tell_begun``."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        lifetime = self._lifetimes.guest_idle if kind == "guest" else self._lifetimes.idle
        session = sessions.open_session(
            cursor, token_hash(token), user, device[:MAX_DEVICE], address, lifetime
        )
        ended = sessions.revoke_oldest(cursor, user, self._lifetimes.per_user)
        return Begun(token, session, user, ended)

    def tell_begun(self, begun: Begun) -> None:
        """Tell the person's devices, and close the connections that had to make room."""
        self._tell(begun.ended)
        self._states.changed([begun.user], "sessions")

    async def resolve(self, token: str) -> Identity:
        """Who a token belongs to. Raises ``Unauthorized`` or ``Unavailable``."""
        if not token or len(token) > MAX_TOKEN:
            raise Unauthorized("no token")
        row = await self._by_token.get(token_hash(token))
        if row is None:
            raise Unauthorized("unknown, ended or revoked session")
        if row.unseen > PROLONG_MS:
            await self._prolonging.get(row.id)
        return Identity(
            user=row.user,
            session=row.id,
            name=row.name,
            kind=KINDS[row.kind],
            role=ROLES[row.role],
            language=choose(row.language),
            scopes=None if row.scopes is None else frozenset(row.scopes.split()),
            lacks_factor=lacks_factor(row.role, row.has_second_factor, self._admins_need_factor),
        )

    async def departed(self, token: str) -> int | None:
        """Whose session a token was, if their account was deleted and the session is still kept.

        Raises ``Unavailable``.
        """
        return await self._database.read(sessions.deleted_user, token_hash(token))

    async def is_fresh(self, session: int) -> bool:
        """Whether a session began a short while ago. Raises ``NotFound``."""
        age = await self._database.read(sessions.age_ms, session)
        if age is None:
            raise NotFound("no such session")
        return age <= LATELY_MS

    async def of_user(self, user: int) -> list[DeviceRow]:
        """A person's sessions, the last used first."""
        return await self._database.read(sessions.of_user, user)

    async def revoke(self, user: int, session: int) -> None:
        """End one session of a person. Raises ``NotFound``."""
        ended = await self._database.write(sessions.revoke, user, [session])
        if not ended:
            raise NotFound("no such session")
        self._tell(ended)
        self._states.changed([user], "sessions")

    async def revoke_all(self, user: int, keep: int = 0, *, programs: bool = False) -> int:
        """End all log-ins of a person but one, with ``programs`` their tokens too; how many."""
        ended = await self._database.write(
            lambda cursor: sessions.revoke_all(cursor, user, keep, programs=programs)
        )
        self._tell(ended)
        self._states.changed([user], "sessions")
        return len(ended)

    def tell_ended(self, user: int, ended: list[int]) -> None:
        """Close the connections of sessions of a person that another transaction has revoked."""
        if ended:
            self._tell(ended)
            self._states.changed([user], "sessions")

    async def keep(self, local: Collection[int]) -> None:
        """Close connections whose session is over, and note that the others are in use.

        Sessions that ended long ago are deleted, some at a time. ``local`` are the sessions of this
        node's connections. Raises ``Unavailable``.
        """
        wanted = list(local)
        for start in range(0, len(wanted), SESSIONS_A_READ):
            part = wanted[start : start + SESSIONS_A_READ]
            over = set(await self._database.read(sessions.ended, part))
            self._end(over)
            await self._prolong([session for session in part if session not in over])

        await self._database.write(sessions.forget_ended, KEEP_ENDED_MS)

    async def look_for_revoked(self) -> None:
        """Close connections whose session was revoked since this was last asked."""
        since = max(0, self._looked_at - LOOK_BACK_MS)
        revoked, now = await self._database.read(_revoked_since, since)
        self._looked_at = now
        self._end(revoked)

    async def _look_up(self, hashes: list[bytes]) -> dict[bytes, SessionRow]:
        return await self._database.read(sessions.by_tokens, hashes)

    async def _prolong(self, used: list[int]) -> dict[int, None]:
        lifetimes = {
            "user": self._lifetimes.idle,
            "bot": self._lifetimes.idle,
            "guest": self._lifetimes.guest_idle,
        }
        await self._database.write(
            sessions.prolong_used, used, lifetimes, self._lifetimes.longest, PROLONG_MS
        )
        return {}

    def _tell(self, ended: list[int]) -> None:
        if ended:
            self._end(ended)
            self._cluster.publish(SessionsSignal(sessions=ended))

    def _end(self, ended: Collection[int]) -> None:
        if not ended:
            return
        for reader in self._readers.of_sessions(frozenset(ended)):
            reader.end()


def token_hash(token: str) -> bytes:
    """What is stored of a token. It is random, so one round of SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).digest()


def _revoked_since(cursor: Cursor, since: int) -> tuple[list[int], int]:
    now = nodes.now_ms(cursor)
    return sessions.revoked_since(cursor, since), now
