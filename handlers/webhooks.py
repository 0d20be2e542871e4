"""Incoming webhooks: ``/hook/SECRET`` for programs, and what those who lead a group do about it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from handlers.operation import ApiHandler, operation
from im.errors import Malformed
from im.protocol import access_bodies as bodies
from im.protocol.bodies import SentAnswer
from im.services.identity import Identity
from im.store.webhooks import HookRow

S = TypeVar("S")


class WebhooksHandler(ApiHandler):
    """``/api/groups/{group}/webhooks``"""

    @operation("Webhooks of a group", scope="read", answer=bodies.WebhooksAnswer)
    async def get(self, who: Identity, group: int) -> bodies.WebhooksAnswer:
        """For those who lead the group; without the secrets."""
        rows = await self.messenger.webhooks.of(who, group)
        return bodies.WebhooksAnswer(webhooks=[_shown(row) for row in rows])

    @operation("Make a webhook", scope="groups", body=bodies.NewWebhook, answer=bodies.MadeWebhook)
    async def post(self, who: Identity, body: bodies.NewWebhook, group: int) -> bodies.MadeWebhook:
        """For those who lead the group. A bot of this name comes in; the address is told once."""
        made = await self.messenger.webhooks.create(who, group, body.name)
        await self.note("webhook.made", who, f"g:{group}", webhook=made.row.id)
        shown = _shown(made.row)
        return bodies.MadeWebhook(
            id=shown.id,
            name=shown.name,
            bot=shown.bot,
            created_by=shown.created_by,
            created_at=shown.created_at,
            seen_at=shown.seen_at,
            url=f"{self.origin}/hook/{made.secret}",
        )


class WebhookHandler(ApiHandler):
    """``/api/groups/{group}/webhooks/{webhook}``"""

    @operation("Revoke a webhook", scope="groups")
    async def delete(self, who: Identity, group: int, webhook: int) -> None:
        """For those who lead the group. What came by it stays under its name."""
        await self.messenger.webhooks.revoke(who, group, webhook)
        await self.note("webhook.revoked", who, f"g:{group}", webhook=webhook)


class HookHandler(ApiHandler):
    """``/hook/SECRET``: whoever knows it may say something, and nothing else."""

    @operation(
        "Say something through a webhook",
        access="anyone",
        body=bodies.HookMessage,
        answer=SentAnswer,
        text_path=True,
    )
    async def post(self, body: bodies.HookMessage, secret: str) -> SentAnswer:
        """The body is JSON whatever its type says, a form, or with ``text/plain`` the text itself.

        With a ``key`` (or the header ``Idempotency-Key``) it is said once, however often it is
        sent.
        """
        key = body.key or self.request.headers.get("Idempotency-Key") or None
        if key is not None and len(key) > bodies.MAX_KEY:
            raise Malformed("key", field="key")
        sent = await self.messenger.webhooks.post(secret, body.text, key, self.client_address)
        return SentAnswer(conv=sent.conv, seq=sent.seq, time=sent.time, repeated=sent.repeated)

    def session_token(self) -> str | None:
        """None: the address says who it is."""
        return None

    def check_xsrf_cookie(self) -> None:
        """Nothing here depends on a cookie."""

    def body(self, kind: type[S]) -> S:
        """The body as programs send it. Raises ``Malformed`` or ``TooLarge``."""
        raw = self.request.body
        if raw.lstrip()[:1] == b"{":
            # What ``curl -d`` sends says that it is a form.
            self.request.headers["Content-Type"] = "application/json"
        elif self.request.headers.get("Content-Type", "").startswith("text/plain"):
            try:
                return msgspec.convert({"text": raw.decode()}, kind)
            except UnicodeError as error:
                raise Malformed(str(error)) from None
        return super().body(kind)


def _shown(row: HookRow) -> bodies.WebhookAnswer:
    return bodies.WebhookAnswer(
        id=row.id,
        name=row.name,
        bot=row.bot,
        created_by=row.created_by,
        created_at=row.created_at,
        seen_at=row.seen_at,
    )
