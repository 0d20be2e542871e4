"""Programs' tokens: rows of ``session`` that have ``scopes``."""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor

NEVER = 2**53 - 1
"""``expires_at`` of a token that does not expire, UTC ms."""
MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as its owner's list shows it; times UTC ms.

    ``seen_at`` is None before its first use, ``expires_at`` when it does not expire.
    """

    id: int
    name: str
    scopes: str
    created_at: int
    seen_at: int | None
    expires_at: int | None


def create(
    cursor: Cursor,
    token_hash: bytes,
    user: int,
    name: str,
    scopes: str,
    address: str,
    lifetime_ms: int | None,
) -> int:
    """Store a new token, not used yet; its id. ``lifetime_ms``: None for no end."""
    now = cursor.dialect.now_ms
    end = "%s" if lifetime_ms is None else f"{now} + %s"
    cursor.execute(
        "INSERT INTO session (token_hash, user_id, device, address, scopes, created_at, seen_at,"
        f" expires_at) VALUES (%s, %s, %s, %s, %s, {now}, 0, {end})",
        (token_hash, user, name, address, scopes, NEVER if lifetime_ms is None else lifetime_ms),
    )
    return cursor.lastrowid


def of_user(cursor: Cursor, user: int) -> list[TokenRow]:
    """The valid tokens that act for a person or bot, the newest first."""
    rows = cursor.execute(
        "SELECT id, device, scopes, created_at, seen_at, expires_at FROM session"
        " WHERE user_id = %s AND scopes IS NOT NULL AND revoked_at IS NULL"
        f" AND expires_at > {cursor.dialect.now_ms} ORDER BY id DESC LIMIT %s",
        (user, MAX_LISTED),
    ).all()
    return [
        TokenRow(row[0], row[1], row[2], row[3], row[4] or None, row[5] if row[5] < NEVER else None)
        for row in rows
    ]
