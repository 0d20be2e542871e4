"""Tokens for programs: what they may do is written on them, and they are shown only once.

A token acts for the person who made it, or for a bot. It is a session with scopes, so revoking it
closes its sockets on every node as it does for a session.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from im.durations import DAY_MS
from im.errors import Forbidden, Invalid, LimitReached, NotFound, WrongPassword, invalid
from im.protocol.scopes import SCOPES, Scope
from im.services.identity import Identity
from im.services.second_factor import SecondFactor
from im.services.sessions import TOKEN_BYTES, Sessions, token_hash
from im.store import tokens, users
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.tokens import TokenRow

PREFIX = "imt_"
"""So that whoever finds a token in a file knows what it is."""
MAX_NAME = 64
MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; ``token`` is told only now."""

    token: str
    row: TokenRow


class Tokens:
    """Makes, lists and revokes tokens for programs.

    Args:
        most: tokens of one person or bot.
    """

    def __init__(
        self, database: Database, sessions: Sessions, second_factor: SecondFactor, most: int
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._second_factor = second_factor
        self._most = most

    async def of(self, who: Identity, user: int) -> list[TokenRow]:
        """One's own tokens, or for administrators those of a bot, the newest first.

        Raises ``Forbidden``.
        """
        await self._check(who, user)
        return await self._database.read(tokens.of_user, user)

    async def create(
        self,
        who: Identity,
        user: int,
        name: str,
        scopes: Collection[Scope],
        days: int | None,
        address: str,
        *,
        password: str = "",
        code: str = "",
    ) -> NewToken:
        """A new token that acts for oneself or, for administrators, for a bot.

        ``days``: how long it is good; None for no end. ``admin`` is for administrators' own tokens.
        It outlasts the session, so but for a short while after the log-in the password is asked
        for. Raises ``Invalid``, ``Forbidden``, ``LimitReached``, ``WrongPassword``, ``CodeNeeded``
        or ``RateLimited``.
        """
        await self._check(who, user)
        label = " ".join(name.split())
        if not 1 <= len(label) <= MAX_NAME:
            raise invalid("name", "name_length", limit=MAX_NAME)
        if not scopes or set(scopes) - set(SCOPES):
            raise Invalid("scopes", field="scopes", values={"field": "scopes"})
        if "admin" in scopes:
            who.check_admin()
            if user != who.user:
                raise Forbidden("a bot does not administer")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise Invalid("days", field="days", values={"field": "days"})
        if not await self._sessions.is_fresh(who.session):
            if not password:
                raise WrongPassword("stale", field="password", values={"reason": "confirm"})
            await self._second_factor.prove(who, password, code)
        token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        words = " ".join(scope for scope in SCOPES if scope in scopes)
        lifetime = None if days is None else days * DAY_MS

        def write(cursor: Cursor) -> TokenRow:
            users.lock(cursor, user)
            if len(tokens.of_user(cursor, user)) >= self._most:
                raise LimitReached("tokens", values={"limit": self._most})
            tokens.create(cursor, token_hash(token), user, label, words, address, lifetime)
            return tokens.of_user(cursor, user)[0]

        return NewToken(token, await self._database.write(write))

    async def revoke(self, who: Identity, user: int, token: int) -> None:
        """End a token: its sockets close on every node. Raises ``NotFound`` or ``Forbidden``."""
        await self._check(who, user)
        await self._sessions.revoke(user, token)

    async def _check(self, who: Identity, user: int) -> None:
        if user == who.user:
            if who.kind == "guest":
                raise Forbidden("guests have no tokens")
            return
        who.check_admin()
        row = await self._database.read(users.by_id, user)
        if row is None or row.deleted_at is not None:
            raise NotFound("no such bot")
        if row.kind != "bot":
            raise Forbidden("another person's")
        if row.is_webhook:
            raise Forbidden("a webhook has its address", values={"reason": "webhook"})
