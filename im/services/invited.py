"""Whom one may bring into a group."""

from __future__ import annotations

from collections.abc import Collection

from im.errors import Forbidden, NotFound
from im.services.identity import Identity
from im.store import contacts, users
from im.store.cursor import Cursor


def check_invited(
    cursor: Cursor, who: Identity, people: Collection[int], hook: bool = False
) -> None:
    """Refuse those who are not there or have blocked the one who brings them.

    Also bots of webhooks, unless it is their own group (``hook``). Raises ``NotFound`` or
    ``Forbidden``.
    """
    found = [row for row in users.by_ids(cursor, people) if row.active]
    if len(found) < len(people):
        raise NotFound("no such person", field="members")
    if not hook and any(row.is_webhook for row in found):
        raise Forbidden("another group's webhook", values={"reason": "webhook"})
    for person in people:
        _, theirs = contacts.between(cursor, who.user, person)
        if theirs is not None and theirs.blocked_at is not None:
            raise Forbidden("blocked by someone invited", field="members")
