"""Log in: name, password, and where someone has one, a second factor."""

from __future__ import annotations

from dataclasses import dataclass

from im.addresses import source
from im.errors import CodeNeeded, PasswordChangeNeeded, RateLimited, WrongPassword, invalid
from im.services.audit import Audit
from im.services.limits import SharedLimits
from im.services.name_rules import MAX_NAME
from im.services.new_password import NewPassword
from im.services.passwords import Passwords
from im.services.profile_rules import MAX_PASSWORD
from im.services.second_factor import SecondFactor
from im.services.turns import Turns
from im.store import users
from im.store.database import Database
from im.store.users import UserRow

CHARACTER_BYTES = 4
"""Of UTF-8 at most: what is longer than this many times a limit is none of our names."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many log-ins may fail: of one name from one address, and from one address."""

    of_name: str
    of_address: str


class LogIn:
    """Lets people in.

    Args:
        of_address: the turns of those who come from one address.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        second_factor: SecondFactor,
        limits: SharedLimits,
        audit: Audit,
        attempts: Attempts,
        new_password: NewPassword,
        of_address: Turns,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._second_factor = second_factor
        self._limits = limits
        self._audit = audit
        self._attempts = attempts
        self._new_password = new_password
        self._of_address = of_address
        self._of_name = Turns()

    async def authenticate(
        self, name: str, password: str, address: str, *, code: str = "", new_password: str = ""
    ) -> UserRow:
        """The person with this name and password.

        All is asked at once and nothing is half open in between: who needs a code or a new
        password sends name and password again with it.

        Raises ``WrongPassword``, the same and after the same time for an unknown name;
        ``CodeNeeded``; ``PasswordChangeNeeded``; ``Invalid`` (the new one); or ``RateLimited``: per
        name and address together, so that nobody can lock out others.
        """
        who = users.fold(name.strip())[:MAX_NAME]
        async with self._of_name.of(who, source(address)), self._of_address.of(source(address)):
            return await self._authenticate(who, name, password, address, code, new_password)

    async def _authenticate(
        self, who: str, name: str, password: str, address: str, code: str, new_password: str
    ) -> UserRow:
        await self._limits.check(self._attempts.of_name, "login", who, source(address))
        await self._limits.check(self._attempts.of_address, "login", source(address))
        row = await self._database.read(users.by_name, name.strip()[: MAX_NAME * CHARACTER_BYTES])
        stored = row.password_hash if row is not None and row.active else None
        right = await self._passwords.verify(stored, password[: MAX_PASSWORD * CHARACTER_BYTES])
        if row is None or not right:
            await self._failed(row, who, address, "password")
            raise WrongPassword("name and password do not match", field="password")
        if row.must_change_password:
            # Before a code is used up.
            await self._check_new(row, password, new_password)
        if row.has_second_factor:
            if not code:
                raise CodeNeeded("a second factor", field="code")
            if not await self._second_factor.use(row.id, code):
                await self._failed(row, who, address, "code")
                raise WrongPassword("not the code", field="code", values={"reason": "code"})
        if row.must_change_password or self._passwords.outdated(row.password_hash or ""):
            chosen = new_password if row.must_change_password else password
            hashed = await self._passwords.hash(chosen)
            values = {"password_hash": hashed, "must_change_password": 0}
            await self._database.write(users.change, row.id, values)
        await self._audit.note("login", row.id, f"u:{row.id}", address)
        return row

    async def _check_new(self, row: UserRow, password: str, new_password: str) -> None:
        """Check what is to replace the password that an administrator gave."""
        if not new_password:
            raise PasswordChangeNeeded("a new password", field="new_password")
        if new_password == password:
            raise invalid("new_password", "password_same")
        await self._new_password.check("new_password", new_password, *row.known)

    async def _failed(self, row: UserRow | None, who: str, address: str, reason: str) -> None:
        # Not the name that was typed: people type passwords there.
        target = f"u:{row.id}" if row is not None else ""
        try:
            await self._limits.hit(self._attempts.of_name, "login", who, source(address))
            await self._limits.hit(self._attempts.of_address, "login", source(address))
        except RateLimited:
            await self._audit.note("login.limited", None, target, address)
            raise
        await self._audit.note("login.failed", None, target, address, reason=reason)
