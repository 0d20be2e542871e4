"""Links that log another device in: table ``device_link``. Only a hash of the code is stored.

A session has one at most. It is good once, until its time is over, and only as long as the session
that made it is valid.
"""

from __future__ import annotations

from dataclasses import dataclass

from im.store import nodes
from im.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link that is good now: whom it logs in, and from which session."""

    session: int
    user: int
    name: str


@dataclass(frozen=True, slots=True)
class LinkState:
    """Until when a session's link is good, UTC ms, and which session it has opened."""

    expires_at: int
    opened: int | None


def put(cursor: Cursor, session: int, user: int, code_hash: bytes, lifetime_ms: int) -> int:
    """Store a session's new link instead of the one before; until when it is good."""
    take_back(cursor, session)
    ends = nodes.now_ms(cursor) + lifetime_ms
    cursor.execute(
        "INSERT INTO device_link (session_id, user_id, token_hash, expires_at)"
        " VALUES (%s, %s, %s, %s)",
        (session, user, code_hash, ends),
    )
    return ends


def state(cursor: Cursor, session: int) -> LinkState | None:
    """What has become of a session's link; None without one."""
    row = cursor.execute(
        "SELECT expires_at, opened_id FROM device_link WHERE session_id = %s", (session,)
    ).one()
    return LinkState(*row) if row is not None else None


def find(cursor: Cursor, code_hash: bytes) -> LinkRow | None:
    """The link of a code, if it is good."""
    now = cursor.dialect.now_ms
    row = cursor.execute(
        "SELECT l.session_id, u.id, u.name FROM device_link l"
        " JOIN session s ON s.id = l.session_id JOIN user_basic u ON u.id = s.user_id"
        f" WHERE l.token_hash = %s AND l.opened_id IS NULL AND l.expires_at > {now}"
        f" AND s.revoked_at IS NULL AND s.expires_at > {now}"
        " AND u.disabled_at IS NULL AND u.deleted_at IS NULL",
        (code_hash,),
    ).one()
    return LinkRow(*row) if row is not None else None


def use(cursor: Cursor, code_hash: bytes, opened: int) -> bool:
    """Note which session a link has opened; False when it has opened one already, or is gone."""
    cursor.execute(
        "UPDATE device_link SET opened_id = %s WHERE token_hash = %s AND opened_id IS NULL"
        f" AND expires_at > {cursor.dialect.now_ms}",
        (opened, code_hash),
    )
    return cursor.rowcount == 1


def take_back(cursor: Cursor, session: int) -> None:
    """Let a session have no link."""
    cursor.execute("DELETE FROM device_link WHERE session_id = %s", (session,))


def take_back_all(cursor: Cursor, user: int) -> None:
    """Let no session of a person have a link."""
    cursor.execute("DELETE FROM device_link WHERE user_id = %s", (user,))


def forget_old(cursor: Cursor, older_than_ms: int) -> None:
    """Delete those that have been over for so long."""
    cursor.execute(
        f"DELETE FROM device_link WHERE expires_at < {cursor.dialect.now_ms} - %s",
        (older_than_ms,),
    )
