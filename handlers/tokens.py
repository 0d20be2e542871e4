"""Tokens for programs: one's own, and those of bots for administrators."""

from __future__ import annotations

from typing import cast

from handlers.operation import ApiHandler, operation
from im.protocol import access_bodies as bodies
from im.protocol.scopes import Scope
from im.services.identity import Identity
from im.store.tokens import TokenRow


class TokensHandler(ApiHandler):
    """``/api/tokens``"""

    @operation("My tokens for programs", answer=bodies.TokensAnswer)
    async def get(self, who: Identity) -> bodies.TokensAnswer:
        """Without the secrets, which nobody can read again."""
        return await self.listed(who, who.user)

    @operation("Make a token for a program", body=bodies.NewToken, answer=bodies.MadeToken)
    async def post(self, who: Identity, body: bodies.NewToken) -> bodies.MadeToken:
        """It acts for me, within its scopes. The secret is told only now.

        More than ten minutes after the log-in `password` is asked for, and `code` of who has a
        second factor.
        """
        return await self.make(who, who.user, body)

    async def listed(self, who: Identity, user: int) -> bodies.TokensAnswer:
        """Tokens of a person or bot."""
        rows = await self.messenger.people.tokens.of(who, user)
        return bodies.TokensAnswer(tokens=[_shown(row) for row in rows])

    async def make(self, who: Identity, user: int, body: bodies.NewToken) -> bodies.MadeToken:
        """A token for a person or bot."""
        made = await self.messenger.people.tokens.create(
            who,
            user,
            body.name,
            body.scopes,
            body.days,
            self.client_address,
            password=body.password,
            code=body.code,
        )
        await self.note("token.made", who, f"u:{user}", token=made.row.id, scopes=made.row.scopes)
        shown = _shown(made.row)
        return bodies.MadeToken(
            token=made.token,
            id=shown.id,
            name=shown.name,
            scopes=shown.scopes,
            created_at=shown.created_at,
            seen_at=shown.seen_at,
            expires_at=shown.expires_at,
        )


class TokenHandler(ApiHandler):
    """``/api/tokens/{token}``"""

    @operation("Revoke one of my tokens")
    async def delete(self, who: Identity, token: int) -> None:
        """Its sockets close on every node."""
        await self.messenger.people.tokens.revoke(who, who.user, token)
        await self.note("token.revoked", who, f"u:{who.user}", token=token)


class BotTokensHandler(TokensHandler):
    """``/api/users/{user}/tokens``"""

    @operation("Tokens of a bot", access="admin", scope="admin", answer=bodies.TokensAnswer)
    async def get(self, who: Identity, user: int) -> bodies.TokensAnswer:
        """Without the secrets."""
        return await self.listed(who, user)

    @operation(
        "Make a token for a bot", access="admin", body=bodies.NewToken, answer=bodies.MadeToken
    )
    async def post(self, who: Identity, body: bodies.NewToken, user: int) -> bodies.MadeToken:
        """The program that has it is this bot."""
        return await self.make(who, user, body)


class BotTokenHandler(ApiHandler):
    """``/api/users/{user}/tokens/{token}``"""

    @operation("Revoke a token of a bot", access="admin", scope="admin")
    async def delete(self, who: Identity, user: int, token: int) -> None:
        """Its sockets close on every node."""
        await self.messenger.people.tokens.revoke(who, user, token)
        await self.note("token.revoked", who, f"u:{user}", token=token)


def _shown(row: TokenRow) -> bodies.TokenAnswer:
    return bodies.TokenAnswer(
        id=row.id,
        name=row.name,
        scopes=cast(list[Scope], row.scopes.split()),
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )
