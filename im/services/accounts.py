"""Accounts: register, be a guest, log in, change one's profile, leave; what administrators do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from im.errors import Forbidden, NotFound, RateLimited, Taken, WrongPassword
from im.i18n import Language
from im.services.departure import leave_groups
from im.services.groups import Groups
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.passwords import Passwords
from im.services.profile_rules import (
    MAX_NAME,
    clean_changes,
    clean_email,
    clean_name,
    clean_phone,
    invalid,
    one_of,
)
from im.services.sessions import Sessions
from im.services.states import States
from im.store import contacts, conversations, users
from im.store import sessions as session_rows
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DuplicateKey
from im.store.users import UserRow

MAX_PASSWORD = 128
LATELY_MS = 10 * 60 * 1000
"""After a log-in nobody else is likely to sit before the screen yet."""
GUEST_ATTEMPTS = 20
GUEST_NAMES: Mapping[Language, str] = {"zh": "访客", "en": "Guest"}

FIELD_OF_KEY = {"name_folded": "name", "phone": "phone", "email_folded": "email"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about who may come in and how often.

    ``failures`` and ``address_failures`` limit failed log-ins, ``registrations`` new accounts.
    """

    policy: Literal["open", "closed"]
    guests: bool
    password_min: int
    failures: str
    address_failures: str
    registrations: str


class Accounts:
    """People and what they may do with their accounts."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        groups: Groups,
        states: States,
        limits: SharedLimits,
        rules: Rules,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._groups = groups
        self._states = states
        self._limits = limits
        self.rules = rules

    async def register(
        self,
        name: str,
        password: str,
        repassword: str,
        *,
        phone: str | None = None,
        email: str | None = None,
        language: Language = "zh",
        address: str,
    ) -> UserRow:
        """A new account. The first one becomes the administrator.

        Raises ``Invalid``, ``Taken`` (``field`` says which), ``Forbidden`` (closed) or
        ``RateLimited``.
        """
        if self.rules.policy == "closed":
            raise Forbidden("registration is closed")
        await self._limits.check(self.rules.registrations, "register", address)
        return await self._create(
            name, password, repassword, phone, email, language, counted=address
        )

    async def create(
        self,
        who: Identity | None,
        name: str,
        password: str,
        *,
        phone: str | None = None,
        email: str | None = None,
        role: Literal["user", "admin"] = "user",
        language: Language = "zh",
    ) -> UserRow:
        """An account that an administrator (None: the person at the machine) makes for someone."""
        if who is not None and not who.is_admin:
            raise Forbidden("administrators only")
        row = await self._create(name, password, password, phone, email, language)
        if role != row.role and role == "admin":
            await self._database.write(users.change, row.id, {"role": role})
        return await self.get(row.id)

    async def create_bot(self, who: Identity, name: str) -> UserRow:
        """An account for a program, without a password: it acts by its tokens."""
        if not who.is_admin:
            raise Forbidden("administrators only")
        return await self._insert(clean_name(name), "bot", None, None, None, "zh")

    async def guest(self, name: str | None, language: Language, address: str) -> UserRow:
        """A guest, with a name of their choice or one drawn for them.

        Raises ``Invalid``, ``Taken``, ``Forbidden`` (no guests here) or ``RateLimited``.
        """
        if not self.rules.guests:
            raise Forbidden("no guests here")
        await self._limits.hit(self.rules.registrations, "register", address)
        if name:
            return await self._insert(clean_name(name), "guest", None, None, None, language)
        for attempt in range(GUEST_ATTEMPTS):
            drawn = f"{GUEST_NAMES[language]} {secrets.randbelow(9000 * 10**attempt) + 1000}"
            try:
                return await self._insert(drawn, "guest", None, None, None, language)
            except Taken:
                continue
        raise RateLimited("no free name for a guest", retry_after=1000, values={"seconds": 1})

    async def authenticate(self, name: str, password: str, address: str) -> UserRow:
        """The person with this name and password.

        Raises ``WrongPassword``, the same and after the same time for an unknown name, or
        ``RateLimited``: per name and address together, so that nobody can lock out others.
        """
        who = users.fold(name.strip())[:MAX_NAME]
        await self._limits.check(self.rules.failures, "login", who, address)
        await self._limits.check(self.rules.address_failures, "login", address)
        row = await self._database.read(users.by_name, name.strip()[: MAX_NAME * 4])
        stored = row.password_hash if row is not None and row.active else None
        right = await self._passwords.verify(stored, password[: MAX_PASSWORD * 4])
        if row is None or not right:
            await self._limits.hit(self.rules.failures, "login", who, address)
            await self._limits.hit(self.rules.address_failures, "login", address)
            raise WrongPassword("name and password do not match", field="password")
        if self._passwords.outdated(row.password_hash or ""):
            fresh = await self._passwords.hash(password)
            await self._database.write(users.change, row.id, {"password_hash": fresh})
        return row

    async def upgrade(
        self,
        who: Identity,
        name: str,
        password: str,
        repassword: str,
        phone: str | None,
        email: str | None,
    ) -> UserRow:
        """A guest becomes a registered person, with the same id and all that was said.

        Raises ``Invalid``, ``Taken`` or ``Forbidden`` (no guest, or registration is closed).
        """
        if who.kind != "guest" or self.rules.policy == "closed":
            raise Forbidden("not a guest")
        values = {
            "name": clean_name(name),
            "password_hash": await self._new_password(password, repassword),
            "phone": clean_phone(phone),
            "email": clean_email(email),
        }

        def write(cursor: Cursor) -> None:
            conversations.raise_epoch(cursor, conversations.broadcast(cursor).id)
            users.register_guest(cursor, who.user, values)

        return await self._changed(who.user, write)

    async def change_profile(self, who: Identity, changes: Mapping[str, Any]) -> UserRow:
        """Change one's name, phone, email, note, language or theme.

        Raises ``Invalid`` or ``Taken``.
        """
        return await self._change(who.user, clean_changes(changes))

    async def change_password(
        self, who: Identity, password: str, new_password: str, repassword: str
    ) -> None:
        """A new password; all other sessions end. Raises ``WrongPassword`` or ``Invalid``."""
        await self._limits.check(self.rules.failures, "password", str(who.user))
        row = await self.get(who.user)
        if not await self._passwords.verify(row.password_hash, password):
            await self._limits.hit(self.rules.failures, "password", str(who.user))
            raise WrongPassword("not the password", field="password")
        hashed = await self._new_password(new_password, repassword)
        await self._change(who.user, {"password_hash": hashed}, keep=who.session)

    async def set_password(self, user: int, password: str) -> None:
        """A new password that an administrator gives; all sessions end. Raises ``Invalid``."""
        hashed = await self._new_password(password, password)
        await self._change(user, {"password_hash": hashed})

    async def update(self, who: Identity, user: int, changes: Mapping[str, Any]) -> UserRow:
        """An administrator changes someone's profile, role or password, or a person their own.

        A new password ends the other sessions. One's own is changed here, without the old one, only
        a short while after the log-in. Raises ``Forbidden``, ``NotFound``, ``Invalid``, ``Taken``
        or ``WrongPassword`` (the log-in is too long ago).
        """
        if user != who.user and not who.is_admin:
            raise Forbidden("administrators only")
        row = await self.get(user)
        values = clean_changes(changes)
        if "role" in changes:
            if not who.is_admin:
                raise Forbidden("administrators only")
            values["role"] = one_of("role", changes["role"], ("user", "admin"))
        if changes.get("password"):
            if row.kind != "user":
                raise Forbidden("a guest registers, a bot has tokens")
            if user == who.user:
                await self._logged_in_lately(who)
            values["password_hash"] = await self._new_password(
                changes["password"], changes["password"]
            )
        return await self._change(user, values, keep=who.session)

    async def delete(self, who: Identity, user: int) -> None:
        """An administrator removes someone, or a person themselves.

        They leave their groups. The id stays in what they wrote; name, phone, e-mail, relations
        and sessions go.
        Raises ``Forbidden`` or ``NotFound``.
        """
        if user != who.user and not who.is_admin:
            raise Forbidden("administrators only")
        await self.get(user)
        if await self._database.read(users.is_last_admin, user):
            raise _last_admin()
        await leave_groups(self._groups, user)

        def write(cursor: Cursor) -> tuple[list[int], list[int]]:
            if users.is_last_admin(cursor, user):
                raise _last_admin()
            users.delete(cursor, user)
            # What is on its way from or to them is authorised anew, and then refused.
            conversations.raise_epochs_of(cursor, user)
            return session_rows.revoke_all(cursor, user), contacts.remove_all(cursor, user)

        ended, others = await self._database.write(write)
        self._sessions.tell_ended(user, ended)
        self._states.changed(others, "contacts")

    async def get(self, user: int) -> UserRow:
        """A person who has not left. Raises ``NotFound``."""
        row = await self._database.read(users.by_id, user)
        if row is None or row.deleted_at is not None:
            raise NotFound("no such person")
        return row

    async def several(self, wanted: list[int]) -> list[UserRow]:
        """Those of these people who exist."""
        return await self._database.read(users.by_ids, wanted)

    async def find(self, text: str) -> list[UserRow]:
        """People whose name has a text in it, at most 50."""
        return await self._database.read(users.search, text.strip()[:MAX_NAME])

    async def page(self, after: int, limit: int) -> tuple[list[UserRow], int]:
        """People by id, and how many there are in all."""
        return await self._database.read(users.page, after, limit)

    # Inside

    async def _create(
        self,
        name: str,
        password: str,
        repassword: str,
        phone: str | None,
        email: str | None,
        language: Language,
        *,
        counted: str | None = None,
    ) -> UserRow:
        name = clean_name(name)
        phone, email = clean_phone(phone), clean_email(email)
        hashed = await self._new_password(password, repassword)
        row = await self._insert(name, "user", hashed, phone, email, language)
        if counted is not None:
            await self._limits.hit(self.rules.registrations, "register", counted)
        return row

    async def _insert(
        self,
        name: str,
        kind: str,
        password_hash: str | None,
        phone: str | None,
        email: str | None,
        language: Language,
    ) -> UserRow:
        try:
            return await self._database.write(
                users.create, name, kind, password_hash, phone, email, language
            )
        except DuplicateKey as error:
            raise _taken(error) from None

    async def _change(self, user: int, values: Mapping[str, Any], *, keep: int = 0) -> UserRow:
        """Change columns; a new password ends all sessions but ``keep`` in the same transaction."""
        ended: list[int] = []

        def write(cursor: Cursor) -> None:
            if "role" in values:
                if values["role"] != "admin" and users.is_last_admin(cursor, user):
                    raise _last_admin()
                # Who may write to everyone is asked anew, also for what is on its way.
                conversations.raise_epoch(cursor, conversations.broadcast(cursor).id)
            users.change(cursor, user, values)
            if "password_hash" in values:
                ended[:] = session_rows.revoke_all(cursor, user, keep)

        row = await self._changed(user, write)
        self._sessions.tell_ended(user, ended)
        return row

    async def _changed(self, user: int, write: Callable[[Cursor], None]) -> UserRow:
        try:
            await self._database.write(write)
        except DuplicateKey as error:
            raise _taken(error) from None
        self._states.changed([user], "settings")
        return await self.get(user)

    async def _new_password(self, password: str, repassword: str) -> str:
        if len(password) < self.rules.password_min:
            raise invalid("password", "password_short", limit=self.rules.password_min)
        if len(password) > MAX_PASSWORD:
            raise invalid("password", "password_long", limit=MAX_PASSWORD)
        if password != repassword:
            raise invalid("repassword", "password_differs")
        return await self._passwords.hash(password)

    async def _logged_in_lately(self, who: Identity) -> None:
        who.check_scope(None)
        if await self._sessions.age_ms(who.session) > LATELY_MS:
            raise WrongPassword("log in again", field="password", values={"reason": "stale"})


def _last_admin() -> Forbidden:
    return Forbidden("the last administrator", values={"reason": "last_admin"})


def _taken(error: DuplicateKey) -> Taken:
    field = FIELD_OF_KEY.get(error.key, error.key)
    return Taken(error.key, field=field, values={"reason": field, "field": field})
