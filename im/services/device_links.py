"""Log in on a further device: a link that a logged-in device shows, and the new one opens.

What the link has is a code of 128 bits, good once and for two minutes, and only while the session
that made it is valid and has not made another.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from dataclasses import dataclass

from im.addresses import source
from im.durations import HOUR_MS, MINUTE_MS
from im.errors import Forbidden, NotFound
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.second_factor import SecondFactor
from im.services.sessions import Begun, Sessions, token_hash
from im.store import device_links, users
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.device_links import LinkRow, LinkState

CODE_BYTES = 16
CODE_LENGTH = 26
"""Characters of a code: base32, as it may have to be typed."""
LIFETIME_MS = 2 * MINUTE_MS
KEEP_MS = HOUR_MS
"""So long the device that made a link can ask what became of it."""


@dataclass(frozen=True, slots=True)
class NewDeviceLink:
    """A link that was just made; ``code`` is told only now. UTC ms."""

    code: str
    expires_at: int


class DeviceLinks:
    """Makes, shows and opens links that log a further device in.

    Args:
        made: how often one person may make one.
        failures: how many wrong codes may come from one address.
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        second_factor: SecondFactor,
        limits: SharedLimits,
        *,
        made: str,
        failures: str,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._second_factor = second_factor
        self._limits = limits
        self._made = made
        self._failures = failures

    async def make(self, who: Identity, password: str, code: str) -> NewDeviceLink:
        """A new link for a session, instead of the one that it had.

        A guest has nothing but the session to show who they are, so guests have no links. Raises
        ``Forbidden``, ``WrongPassword``, ``CodeNeeded`` or ``RateLimited``.
        """
        if who.kind != "user":
            raise Forbidden("only with a password", values={"reason": "device_link"})
        await self._limits.check(self._made, "device link", str(who.user))
        await self._second_factor.prove(who, password, code)
        await self._limits.hit(self._made, "device link", str(who.user))
        secret = b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=").lower()

        def write(cursor: Cursor) -> int:
            users.lock(cursor, who.user)
            hashed = token_hash(secret)
            return device_links.put(cursor, who.session, who.user, hashed, LIFETIME_MS)

        return NewDeviceLink(secret, await self._database.write(write))

    async def state(self, who: Identity) -> LinkState | None:
        """What has become of the session's link; None without one."""
        return await self._database.read(device_links.state, who.session)

    async def take_back(self, who: Identity) -> None:
        """The session's link is good no more; whoever came in by it stays."""
        await self._database.write(device_links.take_back, who.session)

    async def look(self, code: str, address: str) -> LinkRow:
        """Whom a code would log in. Raises ``NotFound`` or ``RateLimited``."""
        await self._limits.check(self._failures, "device link", source(address))
        row = await self._database.read(device_links.find, _hashed(code))
        if row is None:
            await self._failed(address)
            raise _not_good()
        return row

    async def open(self, code: str, device: str, address: str) -> Begun:
        """Log a device in: a session of its own. Raises ``NotFound`` or ``RateLimited``."""
        await self._limits.check(self._failures, "device link", source(address))
        hashed = _hashed(code)

        def write(cursor: Cursor) -> Begun:
            row = device_links.find(cursor, hashed)
            if row is None:
                raise _not_good()
            begun = self._sessions.begin(cursor, row.user, "user", device, address)
            if not device_links.use(cursor, hashed, begun.session):
                raise _not_good()
            return begun

        try:
            begun = await self._database.write(write)
        except NotFound:
            await self._failed(address)
            raise
        self._sessions.tell_begun(begun)
        return begun

    async def forget_old(self) -> None:
        """Delete what has been over for long. Raises ``Unavailable``."""
        await self._database.write(device_links.forget_old, KEEP_MS)

    async def _failed(self, address: str) -> None:
        await self._limits.hit(self._failures, "device link", source(address))


def _hashed(code: str) -> bytes:
    """What is stored of a code, however it was typed."""
    return token_hash("".join(code.split()).replace("-", "").lower()[: CODE_LENGTH + 1])


def _not_good() -> NotFound:
    return NotFound("no such code", field="code", values={"reason": "device_link"})
