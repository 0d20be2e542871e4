"""Incoming webhooks: an address at which a program says something in a group.

Behind each stands a bot that is a member of the group. So what it says has a sender like everything
else, and history, search, recall and rights need to know nothing of webhooks; whoever puts the bot
out of the group has ended the webhook.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass

from im.addresses import source
from im.errors import Forbidden, LimitReached, NotFound
from im.protocol import names
from im.protocol.client import Send
from im.services.groups import Groups
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.messages import Messages
from im.services.profile_rules import clean_name
from im.services.sessions import token_hash
from im.services.submissions import Sent
from im.store import groups, webhooks
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.webhooks import SEEN_MS, HookRow

SECRET_BYTES = 24
MAX_SECRET = 64


@dataclass(frozen=True, slots=True)
class NewHook:
    """A webhook that was just made; ``secret`` is told only now."""

    secret: str
    row: HookRow


class Webhooks:
    """Makes, lists, revokes webhooks, and posts through them.

    Args:
        most: webhooks of one group.
        rate: messages through one webhook.
        failures: wrong secrets from one address.
    """

    def __init__(
        self,
        database: Database,
        groups: Groups,
        messages: Messages,
        limits: SharedLimits,
        *,
        most: int,
        rate: str,
        failures: str,
    ) -> None:
        self._database = database
        self._groups = groups
        self._messages = messages
        self._limits = limits
        self._most = most
        self._rate = rate
        self._failures = failures

    async def of(self, who: Identity, group: int) -> list[HookRow]:
        """A group's webhooks, the newest first, for those who lead it.

        Raises ``NotFound`` or ``Forbidden``.
        """
        await self._check_leads(who, group)
        return await self._database.read(webhooks.of_group, group)

    async def create(self, who: Identity, group: int, name: str) -> NewHook:
        """A new webhook of a group that one leads; its bot comes into the group.

        Raises ``NotFound``, ``Forbidden``, ``Invalid`` or ``LimitReached``.
        """
        await self._check_leads(who, group)
        shown = clean_name(name)
        secret = secrets.token_urlsafe(SECRET_BYTES)

        def write(cursor: Cursor) -> HookRow:
            # Not the person: another one who leads the group may be making one too.
            groups.lock(cursor, group)
            if len(webhooks.of_group(cursor, group)) >= self._most:
                raise LimitReached("webhooks", values={"limit": self._most})
            drawn = secrets.token_hex(16)
            return webhooks.create(cursor, token_hash(secret), group, shown, drawn, who.user)

        row = await self._database.write(write)
        try:
            await self._groups.add(who, group, [row.bot], hook=True)
        except BaseException:
            await self._database.write(webhooks.revoke, row.id, row.bot)
            raise
        return NewHook(secret, row)

    async def revoke(self, who: Identity, group: int, hook: int) -> None:
        """End a webhook; what came by it stays. Raises ``NotFound`` or ``Forbidden``."""
        row = next((row for row in await self.of(who, group) if row.id == hook), None)
        if row is None:
            raise NotFound("no such webhook")
        await self._database.write(webhooks.revoke, row.id, row.bot)
        with suppress(NotFound):  # Somebody has put the bot out already.
            await self._groups.remove(who, group, row.bot)

    async def post(self, secret: str, text: str, key: str | None, address: str) -> Sent:
        """Say something in the webhook's group; the same ``key`` is the same message.

        Raises ``NotFound`` (no such webhook, or its bot was put out), ``RateLimited``, ``Invalid``,
        ``TooLarge``, ``KeyConflict`` or ``Unavailable``.
        """
        await self._limits.check(self._failures, "hook", source(address))
        row = None
        if len(secret) <= MAX_SECRET:
            row = await self._database.read(webhooks.by_hash, token_hash(secret))
        if row is None:
            await self._limits.hit(self._failures, "hook", source(address))
            raise NotFound("no such webhook")
        await self._limits.hit(self._rate, "hook", str(row.id))
        bot = Identity(row.bot, 0, row.name, "bot", "user", "zh")
        sent = await self._messages.send(bot, Send(to=names.group(row.group), text=text, key=key))
        if row.unseen > SEEN_MS:
            await self._database.write(webhooks.seen, row.id)
        return sent

    async def _check_leads(self, who: Identity, group: int) -> None:
        if (await self._groups.get(who, group)).role == "member":
            raise Forbidden("for those who lead the group")
