"""Ask someone who is logged in for their password once more, before what cannot be undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from im.errors import WrongPassword
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.passwords import Passwords
from im.services.turns import Turns
from im.store import users
from im.store.database import Database
from im.store.users import UserRow


class OwnPassword:
    """Checks one's own password.

    Args:
        failures: how many wrong ones of one person; so a session cannot be used to guess it.
    """

    def __init__(
        self, database: Database, passwords: Passwords, limits: SharedLimits, failures: str
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits
        self._failures = failures
        self._turns = Turns()

    async def check(self, who: Identity, password: str) -> UserRow:
        """The person whose password this is. Raises ``WrongPassword`` or ``RateLimited``."""
        async with self.checked(who, password) as row:
            return row

    @asynccontextmanager
    async def checked(self, who: Identity, password: str) -> AsyncIterator[UserRow]:
        """As ``check``, while a code is looked at too: nobody tries another one meanwhile."""
        async with self._turns.of(str(who.user)):
            await self._limits.check(self._failures, "password", str(who.user))
            row = await self._database.read(users.by_id, who.user)
            if row is None or not await self._passwords.verify(row.password_hash, password):
                await self.wrong(who)
                raise WrongPassword("not the password", field="password")
            yield row

    async def wrong(self, who: Identity) -> None:
        """Count a failure. Raises ``RateLimited``."""
        await self._limits.hit(self._failures, "password", str(who.user))
