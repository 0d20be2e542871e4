"""Log-ins: table ``session``. Only a hash of the token is stored.

A row with ``scopes`` is a program's token (``store.tokens``). It ends as a session does, but is not
prolonged by use and not among a person's devices.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from im.store import device_links
from im.store.cursor import Cursor

MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that is valid now, with its person; ``unseen``: ms since it was last used."""

    id: int
    user: int
    unseen: int
    name: str
    kind: str
    role: str
    language: str
    scopes: str | None
    has_second_factor: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A session as its owner's list shows it."""

    id: int
    device: str
    address: str
    created_at: int
    seen_at: int


def open_session(
    cursor: Cursor, token_hash: bytes, user: int, device: str, address: str, lifetime_ms: int
) -> int:
    """Store a new session; its id."""
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO session (token_hash, user_id, device, address, created_at, seen_at,"
        f" expires_at) VALUES (%s, %s, %s, %s, {now}, {now}, {now} + %s)",
        (token_hash, user, device, address, lifetime_ms),
    )
    return cursor.lastrowid


def by_tokens(cursor: Cursor, hashes: Collection[bytes]) -> dict[bytes, SessionRow]:
    """The valid sessions of tokens, by their hash.

    Those that are unknown, over, revoked, or of someone who may not log in are left out.
    """
    if not hashes:
        return {}
    now = cursor.dialect.now_ms
    marks, listed = cursor.dialect.listed(hashes)
    rows = cursor.execute(
        f"SELECT s.token_hash, s.id, s.user_id, {now} - s.seen_at, u.name, u.kind, u.role,"
        " u.language, s.scopes, u.totp_secret IS NOT NULL"
        " FROM session s JOIN user_basic u ON u.id = s.user_id"
        f" WHERE s.token_hash IN ({marks}) AND s.revoked_at IS NULL"
        f" AND s.expires_at > {now} AND u.disabled_at IS NULL AND u.deleted_at IS NULL",
        listed,
    ).all()
    return {bytes(row[0]): SessionRow(*row[1:]) for row in rows}


def deleted_user(cursor: Cursor, token_hash: bytes) -> int | None:
    """Whose a session is or was, if their account was deleted."""
    row = cursor.execute(
        "SELECT u.id FROM session s JOIN user_basic u ON u.id = s.user_id"
        " WHERE s.token_hash = %s AND u.deleted_at IS NOT NULL",
        (token_hash,),
    ).one()
    return int(row[0]) if row is not None else None


def age_ms(cursor: Cursor, session: int) -> int | None:
    """How long ago a session began; None when there is no such session."""
    row = cursor.execute(
        f"SELECT {cursor.dialect.now_ms} - created_at FROM session WHERE id = %s", (session,)
    ).one()
    return int(row[0]) if row is not None else None


def of_user(cursor: Cursor, user: int) -> list[DeviceRow]:
    """A person's valid sessions, the last used first."""
    rows = cursor.execute(
        "SELECT id, device, address, created_at, seen_at FROM session"
        " WHERE user_id = %s AND scopes IS NULL AND revoked_at IS NULL"
        f" AND expires_at > {cursor.dialect.now_ms}"
        " ORDER BY seen_at DESC, id DESC LIMIT %s",
        (user, MAX_LISTED),
    ).all()
    return [DeviceRow(*row) for row in rows]


def revoke(cursor: Cursor, user: int, sessions: Collection[int]) -> list[int]:
    """End sessions of a person; the ids of those that were valid."""
    if not sessions:
        return []
    marks = cursor.dialect.marks(len(sessions))
    rows = cursor.execute(
        f"SELECT id FROM session WHERE user_id = %s AND id IN ({marks}) AND revoked_at IS NULL",
        (user, *sessions),
    ).all()
    found = [int(row[0]) for row in rows]
    if found:
        now = cursor.dialect.now_ms
        end = cursor.dialect.least("expires_at", now)
        cursor.execute(
            f"UPDATE session SET revoked_at = {now}, expires_at = {end}"
            f" WHERE id IN ({cursor.dialect.marks(len(found))}) AND revoked_at IS NULL",
            found,
        )
    return found


def revoke_all(cursor: Cursor, user: int, keep: int = 0, *, programs: bool = True) -> list[int]:
    """End all sessions of a person but one, with ``programs`` their tokens too; their ids.

    Links that would log a further device in are good no more.
    """
    # First: a device that comes in by one just now is waited for, and then seen below.
    device_links.take_back_all(cursor, user)
    rows = cursor.execute(
        "SELECT id FROM session WHERE user_id = %s AND id <> %s AND revoked_at IS NULL"
        + ("" if programs else " AND scopes IS NULL"),
        (user, keep),
    ).all()
    return revoke(cursor, user, [int(row[0]) for row in rows])


def revoke_oldest(cursor: Cursor, user: int, most: int) -> list[int]:
    """End the sessions idle longest until a person has at most ``most``; their ids."""
    return revoke(cursor, user, [row.id for row in of_user(cursor, user)[most:]])


def revoked_since(cursor: Cursor, since_ms: int, limit: int = 10_000) -> list[int]:
    """Sessions revoked at or after a time of the database's clock."""
    rows = cursor.execute(
        "SELECT id FROM session WHERE revoked_at >= %s ORDER BY revoked_at LIMIT %s",
        (since_ms, limit),
    ).all()
    return [int(row[0]) for row in rows]


def prolong_used(
    cursor: Cursor,
    sessions: Collection[int],
    lifetimes_ms: Mapping[str, int],
    longest_ms: int,
    unseen_ms: int,
) -> None:
    """Sessions are in use: those not seen for ``unseen_ms`` last a lifetime from now.

    ``lifetimes_ms``: by the kind of person; no session lasts more than ``longest_ms`` in all. A
    program's token ends when it was made to end.
    """
    if not sessions:
        return
    now = cursor.dialect.now_ms
    marks, listed = cursor.dialect.listed(sessions)
    rows = cursor.execute(
        "SELECT s.id, u.kind, s.scopes FROM session s JOIN user_basic u ON u.id = s.user_id"
        f" WHERE s.id IN ({marks}) AND s.seen_at < {now} - %s",
        (*listed, unseen_ms),
    ).all()
    programs = [int(row[0]) for row in rows if row[2] is not None]
    if programs:
        marks, listed = cursor.dialect.listed(programs)
        cursor.execute(
            f"UPDATE session SET seen_at = {now} WHERE id IN ({marks}) AND revoked_at IS NULL",
            listed,
        )
    end = cursor.dialect.least(f"{now} + %s", "created_at + %s")
    for kind, lifetime_ms in lifetimes_ms.items():
        chosen = [int(row[0]) for row in rows if row[1] == kind and row[2] is None]
        if chosen:
            marks, listed = cursor.dialect.listed(chosen)
            cursor.execute(
                f"UPDATE session SET seen_at = {now}, expires_at = {end}"
                f" WHERE id IN ({marks}) AND revoked_at IS NULL",
                (lifetime_ms, longest_ms, *listed),
            )


def ended(cursor: Cursor, sessions: Collection[int]) -> list[int]:
    """Which of these sessions are valid no more."""
    if not sessions:
        return []
    marks, listed = cursor.dialect.listed(sessions)
    rows = cursor.execute(
        f"SELECT s.id FROM session s JOIN user_basic u ON u.id = s.user_id"
        f" WHERE s.id IN ({marks}) AND s.revoked_at IS NULL"
        f" AND s.expires_at > {cursor.dialect.now_ms}"
        " AND u.disabled_at IS NULL AND u.deleted_at IS NULL",
        listed,
    ).all()
    valid = {int(row[0]) for row in rows}
    return [session for session in sessions if session not in valid]


def forget_ended(cursor: Cursor, older_than_ms: int, limit: int = 1000) -> int:
    """Delete sessions that ended long ago; how many."""
    rows = cursor.execute(
        f"SELECT id FROM session WHERE expires_at < {cursor.dialect.now_ms} - %s LIMIT %s",
        (older_than_ms, limit),
    ).all()
    if rows:
        cursor.execute(
            f"DELETE FROM session WHERE id IN ({cursor.dialect.marks(len(rows))})",
            [row[0] for row in rows],
        )
    return len(rows)
