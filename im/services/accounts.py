"""Accounts: register, be a guest, log in, change one's profile, leave; what administrators do."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Literal

from im.addresses import source
from im.errors import Forbidden, ImError, NotFound, RateLimited, Taken, WrongPassword, invalid
from im.i18n import Language
from im.services.departure import forget_own_lists, leave_groups
from im.services.groups import Groups
from im.services.identity import Identity
from im.services.invitations import Invitations
from im.services.limits import SharedLimits
from im.services.media import Media, change_shown
from im.services.name_rules import MAX_NAME
from im.services.new_password import NewPassword
from im.services.own_password import OwnPassword
from im.services.passwords import Passwords
from im.services.profile_rules import (
    clean_changes,
    clean_email,
    clean_name,
    clean_phone,
    one_of,
    taken,
)
from im.services.profiles import SHOWN, Profiles
from im.services.registration import Registration
from im.services.sessions import Sessions
from im.services.states import States
from im.services.turns import Turns
from im.store import contacts, conversations, state_versions, users
from im.store import sessions as session_rows
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DuplicateKey
from im.store.invitations import InvitationRow
from im.store.references import Reference
from im.store.users import UserRow

GUEST_ATTEMPTS = 20
GUEST_NAMES: Mapping[Language, str] = {"zh": "访客", "en": "Guest"}

log = logging.getLogger("im.accounts")


class Accounts:
    """People and what they may do with their accounts.

    Args:
        registrations: how many accounts one address makes.
        of_address: the turns of those who come from one address.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        groups: Groups,
        states: States,
        media: Media,
        limits: SharedLimits,
        registration: Registration,
        invitations: Invitations,
        own_password: OwnPassword,
        profiles: Profiles,
        new_password: NewPassword,
        registrations: str,
        of_address: Turns,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._groups = groups
        self._states = states
        self._media = media
        self._limits = limits
        self._registration = registration
        self._invitations = invitations
        self._own_password = own_password
        self._profiles = profiles
        self._new_password = new_password
        self._registrations = registrations
        self._of_address = of_address

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
        invitation: str = "",
    ) -> UserRow:
        """A new account. The first one becomes the administrator.

        An ``invitation`` is used up even where registration is open. Raises ``Invalid``, ``Taken``
        (``field`` says which), ``Forbidden`` (closed, or by invitation only) or ``RateLimited``.
        """
        await self._check_policy(invitation)
        async with self._of_address.of(source(address)):
            await self._limits.check(self._registrations, "register", source(address))
            values = await self._new_values(name, password, repassword, phone, email)
            # Before it is known whether the name is taken, so that names are not tried out.
            await self._limits.hit(self._registrations, "register", source(address))
        used: list[InvitationRow] = []

        def write(cursor: Cursor) -> UserRow:
            if invitation:
                used[:] = [self._invitations.use(cursor, invitation)]
            return users.create(cursor, kind="user", language=language, **values)

        row = await self._inserted(write)
        await self._follow(used, row)
        return row

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
        if who is not None:
            who.check_admin()
        values = await self._new_values(name, password, password, phone, email)
        row = await self._inserted(
            lambda cursor: users.create(cursor, kind="user", language=language, **values)
        )
        if role != row.role and role == "admin":
            await self._database.write(users.change, row.id, {"role": role})
        return await self.get(row.id)

    async def create_bot(self, who: Identity, name: str) -> UserRow:
        """An account for a program, without a password: it acts by its tokens."""
        who.check_admin()
        return await self._named(clean_name(name), "bot", "zh")

    async def guest(self, name: str | None, language: Language, address: str) -> UserRow:
        """A guest, with a name of their choice or one drawn for them.

        Raises ``Invalid``, ``Taken``, ``Forbidden`` (no guests here) or ``RateLimited``.
        """
        if not (await self._registration.current()).guests:
            raise Forbidden("no guests here")
        await self._limits.hit(self._registrations, "register", source(address))
        if name:
            return await self._named(clean_name(name), "guest", language)
        for attempt in range(GUEST_ATTEMPTS):
            drawn = f"{GUEST_NAMES[language]} {secrets.randbelow(9000 * 10**attempt) + 1000}"
            try:
                return await self._named(drawn, "guest", language)
            except Taken:
                continue
        raise RateLimited("no free name for a guest", retry_after=1000, values={"seconds": 1})

    async def upgrade(
        self,
        who: Identity,
        name: str,
        password: str,
        repassword: str,
        phone: str | None,
        email: str | None,
        invitation: str = "",
    ) -> UserRow:
        """A guest becomes a registered person, with the same id and all that was said.

        Raises ``Invalid``, ``Taken`` or ``Forbidden`` (no guest, or as ``register``).
        """
        if who.kind != "guest":
            raise Forbidden("not a guest")
        await self._check_policy(invitation)
        values = await self._new_values(name, password, repassword, phone, email)
        used: list[InvitationRow] = []

        def write(cursor: Cursor) -> None:
            if invitation:
                used[:] = [self._invitations.use(cursor, invitation)]
            conversations.raise_epoch(cursor, conversations.broadcast(cursor).id)
            users.register_guest(cursor, who.user, values)

        row = await self._changed(who.user, write, shown=True)
        await self._follow(used, row)
        return row

    async def change_profile(self, who: Identity, changes: Mapping[str, Any]) -> UserRow:
        """Change one's name, phone, email, note, language, theme or avatar.

        An avatar is a picture that one has uploaded; 0 takes it away. Raises ``Invalid``,
        ``Taken``, ``RateLimited`` or ``NotFound`` (no such picture).
        """
        values = clean_changes(changes)
        await self._profiles.count(who.user, values)
        return await self._change(who.user, values)

    async def change_password(
        self, who: Identity, password: str, new_password: str, repassword: str
    ) -> None:
        """A new password; all other sessions end. Raises ``WrongPassword`` or ``Invalid``."""
        row = await self._own_password.check(who, password)
        hashed = await self._hashed("new_password", new_password, repassword, *row.known)
        values = {"password_hash": hashed, "must_change_password": 0}
        await self._change(who.user, values, keep=who.session)

    async def update(self, who: Identity, user: int, changes: Mapping[str, Any]) -> UserRow:
        """An administrator changes someone's profile, role or password, or a person their own.

        A new password ends the other sessions. One's own is changed here, without the old one, only
        a short while after the log-in. Raises ``Forbidden``, ``NotFound``, ``Invalid``, ``Taken``
        ``RateLimited`` or ``WrongPassword`` (the log-in is too long ago).
        """
        if user != who.user:
            who.check_admin()
        row = await self.get(user)
        values = clean_changes(changes)
        if user == who.user:
            await self._profiles.count(user, values)
        if "role" in changes:
            who.check_admin()
            if row.kind != "user":
                raise Forbidden("only people administer")
            values["role"] = one_of("role", changes["role"], ("user", "admin"))
        if changes.get("password"):
            if row.kind != "user":
                raise Forbidden("a guest registers, a bot has tokens")
            if user == who.user:
                await self._logged_in_lately(who)
            new = changes["password"]
            values["password_hash"] = await self._hashed("password", new, new, *row.known)
        return await self._change(user, values, keep=who.session)

    async def delete(self, who: Identity, user: int, password: str = "") -> None:
        """An administrator removes someone, or a person themselves, with their password.

        They leave their groups. The id stays in what they wrote; name, phone, e-mail, relations
        and sessions go. Raises ``Forbidden``, ``NotFound``, ``WrongPassword`` or ``RateLimited``.
        """
        if user != who.user:
            who.check_admin()
        row = await self.get(user)
        if await self._database.read(users.is_last_admin, user):
            raise _last_admin()
        if user == who.user and row.kind == "user":
            await self._own_password.check(who, password)
        known_to = await self._profiles.known_to(user)
        await leave_groups(self._groups, user)

        def write(cursor: Cursor) -> tuple[list[int], list[int], tuple[int, ...]]:
            if users.is_last_admin(cursor, user):
                raise _last_admin()
            gone = _change_avatar(cursor, user, None)
            users.delete(cursor, user)
            forget_own_lists(cursor, user)
            # What is on its way from or to them is authorised anew, and then refused.
            conversations.raise_epochs_of(cursor, user)
            return session_rows.revoke_all(cursor, user), contacts.remove_all(cursor, user), gone

        ended, others, gone = await self._database.write(write)
        self._media.erased(gone)
        self._sessions.tell_ended(user, ended)
        self._states.changed(others, "contacts")
        await self._profiles.changed(user, known_to)

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

    async def _check_policy(self, invitation: str) -> None:
        policy = (await self._registration.current()).policy
        if policy == "closed":
            raise Forbidden("registration is closed", values={"reason": "closed"})
        if policy == "invitation" and not invitation:
            raise Forbidden(
                "by invitation only", field="invitation", values={"reason": "invitation"}
            )

    async def _follow(self, used: list[InvitationRow], row: UserRow) -> None:
        """Bring who came by an invitation into its group, if that can still be done."""
        for invitation in used:
            if invitation.group is None:
                continue
            try:
                await self._groups.admit(row.id, invitation.group)
            except ImError as error:
                log.info("user %d not in group %d: %s", row.id, invitation.group, error.code)

    async def _new_values(
        self, name: str, password: str, repassword: str, phone: str | None, email: str | None
    ) -> dict[str, Any]:
        values = {"name": clean_name(name), "phone": clean_phone(phone)}
        values["email"] = clean_email(email)
        hashed = await self._hashed("password", password, repassword, *values.values())
        return {**values, "password_hash": hashed}

    async def _named(self, name: str, kind: str, language: Language) -> UserRow:
        """A new account without a password."""
        return await self._inserted(
            lambda cursor: users.create(cursor, name, kind, None, None, None, language)
        )

    async def _inserted(self, write: Callable[[Cursor], UserRow]) -> UserRow:
        try:
            return await self._database.write(write)
        except DuplicateKey as error:
            raise taken(error) from None

    async def _change(self, user: int, values: Mapping[str, Any], *, keep: int = 0) -> UserRow:
        """Change columns; a new password ends all sessions but ``keep`` in the same transaction."""
        ended: list[int] = []
        gone: list[int] = []

        def write(cursor: Cursor) -> None:
            if "avatar_id" in values:
                gone[:] = _change_avatar(cursor, user, values["avatar_id"])
            if "role" in values:
                if values["role"] != "admin" and users.is_last_admin(cursor, user):
                    raise _last_admin()
                # Who may write to everyone is asked anew, also for what is on its way.
                conversations.raise_epoch(cursor, conversations.broadcast(cursor).id)
            users.change(cursor, user, values)
            if "password_hash" in values:
                ended[:] = session_rows.revoke_all(cursor, user, keep)

        row = await self._changed(user, write, shown=bool(SHOWN & values.keys()))
        self._sessions.tell_ended(user, ended)
        self._media.erased(tuple(gone))
        return row

    async def _changed(self, user: int, write: Callable[[Cursor], None], shown: bool) -> UserRow:
        def versioned(cursor: Cursor) -> int:
            write(cursor)
            return state_versions.raised(cursor, user, "settings")

        try:
            version = await self._database.write(versioned)
        except DuplicateKey as error:
            raise taken(error) from None
        self._states.changed([user], "settings", version=version)
        if shown:
            await self._profiles.changed(user, await self._profiles.known_to(user))
        return await self.get(user)

    async def _hashed(self, field: str, password: str, repassword: str, *known: str | None) -> str:
        """To store for whoever others know this of, once the password breaks no rule."""
        if password != repassword:
            raise invalid("repassword", "password_differs")
        await self._new_password.check(field, password, *known)
        return await self._passwords.hash(password)

    async def _logged_in_lately(self, who: Identity) -> None:
        who.check_scope(None)
        if not await self._sessions.is_fresh(who.session):
            raise WrongPassword("log in again", field="password", values={"reason": "stale"})


def _change_avatar(cursor: Cursor, user: int, avatar: int | None) -> tuple[int, ...]:
    """Show another avatar, or none; the contents that are gone. Raises ``NotFound``."""
    before = users.lock_avatar(cursor, user)
    return change_shown(cursor, user, Reference("avatar", user), before, avatar)


def _last_admin() -> Forbidden:
    return Forbidden("the last administrator", values={"reason": "last_admin"})
