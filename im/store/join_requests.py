"""The way into a group: its link, and requests where it asks for approval (``join_request``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from im.store.cursor import Cursor

MAX_LISTED = 500
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Door:
    """A group as someone sees it who is not in it yet."""

    group: int
    conversation: int
    name: str
    members: int
    approval: bool


@dataclass(frozen=True, slots=True)
class RequestRow:
    """Someone who asks to be let in; UTC ms."""

    user: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Where someone asked to be let in: ``waiting`` or ``refused``, since when (UTC ms)."""

    group: int
    name: str
    state: str
    since: int


_DOOR = (
    "SELECT g.id, c.id, g.name,"
    " (SELECT COUNT(*) FROM member m WHERE m.conversation_id = c.id AND m.left_seq IS NULL),"
    " g.approval FROM group_basic g JOIN conversation c ON c.group_id = g.id"
    " WHERE g.dissolved_at IS NULL"
)


def _door(row: tuple[Any, ...] | None) -> Door | None:
    return Door(row[0], row[1], row[2], row[3], bool(row[4])) if row is not None else None


def door(cursor: Cursor, group: int) -> Door | None:
    """The group of this number, unless it was dissolved."""
    row = cursor.execute(_DOOR + " AND g.id = %s", (group,)).one()
    return _door(row)


def door_by_link(cursor: Cursor, code_hash: bytes) -> Door | None:
    """The group of a link that is good still."""
    row = cursor.execute(
        _DOOR + f" AND g.invite_hash = %s AND g.invite_expires_at > {cursor.dialect.now_ms}",
        (code_hash,),
    ).one()
    return _door(row)


def link_expires_at(cursor: Cursor, group: int) -> int | None:
    """Until when the group's link is good, UTC ms; None without one."""
    row = cursor.execute(
        "SELECT invite_expires_at FROM group_basic WHERE id = %s"
        f" AND invite_hash IS NOT NULL AND invite_expires_at > {cursor.dialect.now_ms}",
        (group,),
    ).one()
    return int(row[0]) if row is not None else None


def ask(cursor: Cursor, group: int, user: int) -> bool:
    """Someone asks to be let in; False when they were waiting already."""
    found = cursor.execute(
        "SELECT state FROM join_request WHERE group_id = %s AND user_id = %s"
        + cursor.dialect.for_update,
        (group, user),
    ).one()
    if found is not None and found[0] == WAITING:
        return False
    cursor.execute(
        "INSERT INTO join_request (group_id, user_id, state, created_at)"
        f" VALUES (%s, %s, %s, {cursor.dialect.now_ms})"
        + cursor.dialect.upsert(("group_id", "user_id"), ("state", "created_at")),
        (group, user, WAITING),
    )
    return True


def waiting(cursor: Cursor, group: int) -> list[RequestRow]:
    """Those who wait, the first first."""
    rows = cursor.execute(
        "SELECT user_id, created_at FROM join_request WHERE group_id = %s AND state = %s"
        " ORDER BY created_at, user_id LIMIT %s",
        (group, WAITING, MAX_LISTED),
    ).all()
    return [RequestRow(*row) for row in rows]


def of_user(cursor: Cursor, user: int, refused_ms: int) -> list[Asked]:
    """Where a person waits, and where they were refused at most so long ago, the newest first."""
    rows = cursor.execute(
        "SELECT g.id, g.name, r.state,"
        " CASE WHEN r.state = 'refused' THEN r.decided_at ELSE r.created_at END AS since"
        " FROM join_request r JOIN group_basic g ON g.id = r.group_id"
        " WHERE r.user_id = %s AND g.dissolved_at IS NULL AND (r.state = %s OR"
        f" (r.state = 'refused' AND r.decided_at > {cursor.dialect.now_ms} - %s))"
        " ORDER BY since DESC, g.id LIMIT %s",
        (user, WAITING, refused_ms, MAX_LISTED),
    ).all()
    return [Asked(*row) for row in rows]


def refused_at(cursor: Cursor, group: int, user: int) -> int | None:
    """When someone was last refused, UTC ms; None when that is not how it stands."""
    row = cursor.execute(
        "SELECT decided_at FROM join_request"
        " WHERE group_id = %s AND user_id = %s AND state = 'refused'",
        (group, user),
    ).one()
    return int(row[0]) if row is not None else None


def take_back(cursor: Cursor, group: int, user: int) -> bool:
    """Someone asks no more; False when they do not wait."""
    cursor.execute(
        "DELETE FROM join_request WHERE group_id = %s AND user_id = %s AND state = %s",
        (group, user, WAITING),
    )
    return cursor.rowcount == 1


def decide(cursor: Cursor, group: int, user: int, by: int, state: str) -> bool:
    """Accept or refuse someone; False when they do not wait (any more)."""
    cursor.execute(
        f"UPDATE join_request SET state = %s, decided_by = %s, decided_at = {cursor.dialect.now_ms}"
        " WHERE group_id = %s AND user_id = %s AND state = %s",
        (state, by, group, user, WAITING),
    )
    return cursor.rowcount == 1


def leaders(cursor: Cursor, conversation: int) -> list[int]:
    """Who leads the group: its owner and administrators."""
    rows = cursor.execute(
        "SELECT user_id FROM member WHERE conversation_id = %s AND left_seq IS NULL"
        " AND role IN ('owner', 'admin')",
        (conversation,),
    ).all()
    return [int(row[0]) for row in rows]
