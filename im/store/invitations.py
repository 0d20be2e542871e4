"""Invitations to register: table ``invitation``. Only a hash of the code is stored."""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor

MAX_LISTED = 1000
_COLUMNS = "id, created_by, note, uses_left, uses, group_id, created_at, expires_at"


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that is good still; times UTC ms. ``uses``: how many came by it."""

    id: int
    created_by: int
    note: str
    uses_left: int
    uses: int
    group: int | None
    created_at: int
    expires_at: int | None


def create(
    cursor: Cursor,
    code_hash: bytes,
    created_by: int,
    note: str,
    uses: int,
    lifetime_ms: int,
    group: int | None,
) -> int:
    """Store a new invitation; its id."""
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO invitation (token_hash, created_by, note, uses_left, group_id, created_at,"
        f" expires_at) VALUES (%s, %s, %s, %s, %s, {now}, {now} + %s)",
        (code_hash, created_by, note, uses, group, lifetime_ms),
    )
    return cursor.lastrowid


def _good(cursor: Cursor) -> str:
    return f"revoked_at IS NULL AND uses_left > 0 AND expires_at > {cursor.dialect.now_ms}"


def listed(cursor: Cursor) -> list[InvitationRow]:
    """Those that are good still, the newest first."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM invitation WHERE {_good(cursor)} ORDER BY id DESC LIMIT %s",
        (MAX_LISTED,),
    ).all()
    return [InvitationRow(*row) for row in rows]


def use(cursor: Cursor, code_hash: bytes) -> InvitationRow | None:
    """Use an invitation once; None when it is not good any more."""
    cursor.execute(
        "UPDATE invitation SET uses_left = uses_left - 1, uses = uses + 1"
        f" WHERE token_hash = %s AND {_good(cursor)}",
        (code_hash,),
    )
    if cursor.rowcount != 1:
        return None
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM invitation WHERE token_hash = %s", (code_hash,)
    ).one()
    return InvitationRow(*row) if row is not None else None


def revoke(cursor: Cursor, invitation: int) -> bool:
    """End an invitation; False when there is none that is good."""
    cursor.execute(
        f"UPDATE invitation SET revoked_at = {cursor.dialect.now_ms}"
        f" WHERE id = %s AND {_good(cursor)}",
        (invitation,),
    )
    return cursor.rowcount == 1


def forget_old(cursor: Cursor, older_than_ms: int) -> None:
    """Delete those that have been over for so long."""
    cursor.execute(
        f"DELETE FROM invitation WHERE expires_at < {cursor.dialect.now_ms} - %s", (older_than_ms,)
    )
