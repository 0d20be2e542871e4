"""Relations between people: table ``contact``, one row for each side.

``state`` is ``accepted`` (both rows), ``outgoing`` (I asked), ``incoming`` (they asked),
``declined`` (I asked in vain), ``refused`` (they did) or ``none`` (the row is there for a block or
a remark only).
"""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor
from im.store.users import escaped

MAX_LISTED = 100_000


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One side's row; ``blocked_at`` is when this side blocked the other, UTC ms."""

    owner: int
    target: int
    state: str
    remark: str
    note: str
    blocked_at: int | None
    updated_at: int


_COLUMNS = "owner_id, target_id, state, remark, note, blocked_at, updated_at"


def of_user(cursor: Cursor, owner: int) -> list[ContactRow]:
    """All of one's rows."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM contact WHERE owner_id = %s ORDER BY target_id LIMIT %s",
        (owner, MAX_LISTED),
    ).all()
    return [ContactRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Named:
    """A contact as one calls them."""

    user: int
    name: str
    remark: str
    avatar: int | None


def named(cursor: Cursor, owner: int, folded: str) -> list[Named]:
    """One's contacts who have a folded text in their name, and all that one calls by a remark."""
    rows = cursor.execute(
        "SELECT u.id, u.name, c.remark, u.avatar_id FROM contact c"
        " JOIN user_basic u ON u.id = c.target_id"
        " WHERE c.owner_id = %s AND c.state = 'accepted' AND u.deleted_at IS NULL"
        " AND (c.remark <> '' OR u.name_folded LIKE %s ESCAPE '|') LIMIT %s",
        (owner, f"%{escaped(folded)}%", MAX_LISTED),
    ).all()
    return [Named(*row) for row in rows]


def between(cursor: Cursor, one: int, other: int) -> tuple[ContactRow | None, ContactRow | None]:
    """Both sides' rows, one's own first."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM contact"
        " WHERE (owner_id = %s AND target_id = %s) OR (owner_id = %s AND target_id = %s)",
        (one, other, other, one),
    ).all()
    sides = {row[0]: ContactRow(*row) for row in rows}
    return sides.get(one), sides.get(other)


def count(cursor: Cursor, owner: int) -> int:
    """How many contacts and open requests someone has."""
    row = cursor.execute(
        "SELECT COUNT(*) FROM contact WHERE owner_id = %s AND state NOT IN ('none', 'refused')",
        (owner,),
    ).one()
    return int(row[0]) if row is not None else 0


def put(cursor: Cursor, owner: int, target: int, state: str, note: str = "") -> None:
    """Set the state of one side's row; remark and block stay."""
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO contact (owner_id, target_id, state, note, remark, created_at, updated_at)"
        f" VALUES (%s, %s, %s, %s, '', {now}, {now})"
        + cursor.dialect.upsert(("owner_id", "target_id"), ("state", "note", "updated_at")),
        (owner, target, state, note),
    )


def remark(cursor: Cursor, owner: int, target: int, text: str) -> None:
    """What one calls the other for oneself."""
    cursor.execute(
        f"UPDATE contact SET remark = %s, updated_at = {cursor.dialect.now_ms}"
        " WHERE owner_id = %s AND target_id = %s",
        (text, owner, target),
    )


def block(cursor: Cursor, owner: int, target: int, blocked: bool) -> None:
    """Let nothing of ``target`` reach ``owner`` any more, or again."""
    now = cursor.dialect.now_ms
    cursor.execute(
        cursor.dialect.insert_ignore
        + " contact (owner_id, target_id, state, note, remark, created_at, updated_at)"
        f" VALUES (%s, %s, 'none', '', '', {now}, {now})",
        (owner, target),
    )
    when = now if blocked else "NULL"
    cursor.execute(
        f"UPDATE contact SET blocked_at = {when}, updated_at = {now}"
        " WHERE owner_id = %s AND target_id = %s",
        (owner, target),
    )


def remove_all(cursor: Cursor, user: int) -> list[int]:
    """Delete every relation of a person; the others' ids."""
    rows = cursor.execute("SELECT target_id FROM contact WHERE owner_id = %s", (user,)).all()
    cursor.execute("DELETE FROM contact WHERE owner_id = %s OR target_id = %s", (user, user))
    return [int(row[0]) for row in rows]
