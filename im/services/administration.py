"""What administrators do about people: look them up, bar them, give them a new password."""

from __future__ import annotations

import secrets

from im.errors import Forbidden, NotFound
from im.services.identity import Identity
from im.services.new_password import NewPassword
from im.services.passwords import Passwords
from im.services.second_factor import removed
from im.services.sessions import Sessions
from im.services.states import States
from im.store import conversations, users
from im.store import sessions as session_rows
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.users import UserRow, Wanted

DRAWN_BYTES = 9
"""72 bits: a password that is read out and changed at the first log-in."""


class Administration:
    """Acts of administrators on people."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        states: States,
        new_password: NewPassword,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._states = states
        self._new_password = new_password

    async def page(self, who: Identity, wanted: Wanted, after: int, limit: int) -> list[UserRow]:
        """People by id, those after ``after``. Raises ``Forbidden``."""
        who.check_admin()
        return await self._database.read(users.wanted_page, wanted, after, limit)

    async def ban(self, who: Identity, user: int) -> None:
        """Let someone in no more: their sessions and tokens end on every node.

        What they wrote stays. Raises ``Forbidden`` (oneself, the last administrator) or
        ``NotFound``.
        """
        who.check_admin()
        if user == who.user:
            raise Forbidden("not oneself", values={"reason": "yourself"})

        def write(cursor: Cursor) -> list[int]:
            if users.is_last_admin(cursor, user):
                raise Forbidden("the last administrator", values={"reason": "last_admin"})
            self._set(cursor, user, disabled=True)
            return session_rows.revoke_all(cursor, user)

        self._sessions.tell_ended(user, await self._database.write(write))

    async def unban(self, who: Identity, user: int) -> None:
        """Let someone in again. Raises ``Forbidden`` or ``NotFound``."""
        who.check_admin()
        await self._database.write(lambda cursor: self._set(cursor, user, disabled=False))

    async def reset_password(
        self, who: Identity | None, user: int, password: str | None, *, second_factor: bool
    ) -> str:
        """Give someone (None: the person at the machine gives) a password for one log-in.

        At that log-in they choose their own. Their sessions and tokens end; with ``second_factor``
        it goes too. Returns the password, drawn when None was given. Raises ``Forbidden``,
        ``NotFound`` or ``Invalid``.
        """
        if who is not None:
            who.check_admin()
        given = password if password is not None else secrets.token_urlsafe(DRAWN_BYTES)
        if password is not None:
            row = await self._database.read(_found, user)
            await self._new_password.check("password", given, *row.known)
        hashed = await self._passwords.hash(given)

        def write(cursor: Cursor) -> list[int]:
            row = _found(cursor, user)
            if row.kind != "user":
                raise Forbidden("a guest registers, a bot has tokens")
            users.change(cursor, user, {"password_hash": hashed, "must_change_password": 1})
            if second_factor:
                removed(cursor, user)
            return session_rows.revoke_all(cursor, user)

        self._sessions.tell_ended(user, await self._database.write(write))
        return given

    def _set(self, cursor: Cursor, user: int, *, disabled: bool) -> None:
        _found(cursor, user)
        users.disable(cursor, user, disabled)
        # What is on its way from them is authorised anew, and then refused.
        conversations.raise_epochs_of(cursor, user)
        conversations.raise_epoch(cursor, conversations.broadcast(cursor).id)


def _found(cursor: Cursor, user: int) -> UserRow:
    row = users.by_id(cursor, user)
    if row is None or row.deleted_at is not None:
        raise NotFound("no such person")
    return row
