"""Webhooks: table ``webhook``. Each has a bot of its own; only a hash of the secret is stored."""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor
from im.store.users import HOOK

SEEN_MS = 60_000
"""A use is written down at most this often."""


@dataclass(frozen=True, slots=True)
class HookRow:
    """A webhook that is good; times UTC ms. ``unseen``: ms since the use that was noted."""

    id: int
    group: int
    bot: int
    name: str
    created_by: int
    created_at: int
    seen_at: int | None
    unseen: int


def _select(cursor: Cursor) -> str:
    return (
        "SELECT w.id, c.group_id, w.user_id, w.name, w.created_by, w.created_at, w.seen_at,"
        f" {cursor.dialect.now_ms} - COALESCE(w.seen_at, 0)"
        " FROM webhook w JOIN conversation c ON c.id = w.conversation_id"
        " WHERE w.revoked_at IS NULL"
    )


def create(
    cursor: Cursor, token_hash: bytes, group: int, name: str, drawn: str, created_by: int
) -> HookRow:
    """A new webhook and its bot, which is in no group yet.

    ``drawn``: makes the bot's name, as names are compared, the only one of its kind.
    """
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO user_basic (name, name_folded, kind, created_at, updated_at)"
        f" VALUES (%s, %s, 'bot', {now}, {now})",
        (name, HOOK + drawn),
    )
    bot = cursor.lastrowid
    cursor.execute(
        "INSERT INTO webhook (token_hash, conversation_id, user_id, name, created_by, created_at)"
        f" SELECT %s, id, %s, %s, %s, {now} FROM conversation WHERE group_id = %s",
        (token_hash, bot, name, created_by, group),
    )
    return of_group(cursor, group)[0]


def of_group(cursor: Cursor, group: int) -> list[HookRow]:
    """The webhooks of a group, the newest first."""
    rows = cursor.execute(
        _select(cursor) + " AND c.group_id = %s ORDER BY w.id DESC", (group,)
    ).all()
    return [HookRow(*row) for row in rows]


def by_hash(cursor: Cursor, token_hash: bytes) -> HookRow | None:
    """The webhook of a secret."""
    row = cursor.execute(_select(cursor) + " AND w.token_hash = %s", (token_hash,)).one()
    return HookRow(*row) if row is not None else None


def seen(cursor: Cursor, hook: int) -> None:
    """A webhook was used."""
    cursor.execute(f"UPDATE webhook SET seen_at = {cursor.dialect.now_ms} WHERE id = %s", (hook,))


def revoke(cursor: Cursor, hook: int, bot: int) -> None:
    """End a webhook; its bot keeps the name under what it wrote, and can do nothing."""
    now = cursor.dialect.now_ms
    cursor.execute(f"UPDATE webhook SET revoked_at = {now} WHERE id = %s", (hook,))
    cursor.execute(f"UPDATE user_basic SET disabled_at = {now} WHERE id = %s", (bot,))
