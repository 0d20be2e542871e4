"""Groups: table ``group_basic``. Who is in one is in ``member``, under its conversation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from im.store.cursor import Cursor
from im.store.users import escaped, fold

MAX_LISTED = 100_000


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as one of its members sees it.

    ``conversation`` is the id of its log, ``role`` the member's own, ``members`` how many.
    ``requests``: how many ask to be let in; only those who lead the group are told.
    ``muted_until``: when the member may write again, UTC ms; None or past: they may.
    """

    id: int
    conversation: int
    name: str
    owner: int
    icon_id: int | None
    category: str
    note: str
    announcement: str
    members: int
    role: str
    approval: int
    shows_past: int
    leaders_invite: int
    requests: int
    muted_until: int | None


def create(
    cursor: Cursor, name: str, owner: int, category: str, note: str, icon: int | None = None
) -> int:
    """A new group, still without a conversation; its number. Raises ``DuplicateKey``."""
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO group_basic (name, name_folded, owner_id, category, note, icon_id,"
        f" created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, {now}, {now})",
        (name, fold(name), owner, category, note, icon),
    )
    return cursor.lastrowid


def find(cursor: Cursor, number_or_name: str) -> int | None:
    """The number of the group with this number or, failing that, this name."""
    if number_or_name.isascii() and number_or_name.isdigit() and len(number_or_name) < 16:
        row = cursor.execute(
            "SELECT id FROM group_basic WHERE id = %s AND dissolved_at IS NULL",
            (int(number_or_name),),
        ).one()
        if row is not None:
            return int(row[0])
    row = cursor.execute(
        "SELECT id FROM group_basic WHERE name_folded = %s AND dissolved_at IS NULL",
        (fold(number_or_name),),
    ).one()
    return int(row[0]) if row is not None else None


_SEEN = (
    "SELECT g.id, c.id, g.name, g.owner_id, g.icon_id, g.category, g.note,"
    " COALESCE(g.announcement, ''),"
    " (SELECT COUNT(*) FROM member a WHERE a.conversation_id = c.id AND a.left_seq IS NULL),"
    " m.role, g.approval, g.shows_past, g.leaders_invite,"
    " (SELECT COUNT(*) FROM join_request r WHERE r.group_id = g.id AND r.state = 'waiting'"
    " AND m.role <> 'member'), m.muted_until"
    " FROM member m JOIN conversation c ON c.id = m.conversation_id"
    " JOIN group_basic g ON g.id = c.group_id"
    " WHERE m.user_id = %s AND m.left_seq IS NULL AND g.dissolved_at IS NULL"
)


def of_user(cursor: Cursor, user: int) -> list[GroupRow]:
    """A person's groups by name."""
    rows = cursor.execute(_SEEN + " ORDER BY g.name_folded LIMIT %s", (user, MAX_LISTED)).all()
    return [GroupRow(*row) for row in rows]


def in_common(cursor: Cursor, user: int, other: int) -> list[GroupRow]:
    """Those of a person's groups that another one is in too, by name."""
    rows = cursor.execute(
        _SEEN + " AND EXISTS (SELECT 1 FROM member o WHERE o.conversation_id = c.id"
        " AND o.user_id = %s AND o.left_seq IS NULL) ORDER BY g.name_folded LIMIT %s",
        (user, other, MAX_LISTED),
    ).all()
    return [GroupRow(*row) for row in rows]


def named(cursor: Cursor, user: int, folded: str, limit: int) -> list[GroupRow]:
    """A person's groups that have a folded text in their name; first those that begin with it."""
    rows = cursor.execute(
        _SEEN + " AND g.name_folded LIKE %s ESCAPE '|'"
        " ORDER BY CASE WHEN g.name_folded LIKE %s ESCAPE '|' THEN 0 ELSE 1 END, g.name_folded"
        " LIMIT %s",
        (user, f"%{escaped(folded)}%", f"{escaped(folded)}%", limit),
    ).all()
    return [GroupRow(*row) for row in rows]


def seen_by(cursor: Cursor, group: int, user: int) -> GroupRow | None:
    """A group as a member sees it; None to everyone else."""
    row = cursor.execute(_SEEN + " AND g.id = %s", (user, group)).one()
    return GroupRow(*row) if row is not None else None


def several_seen_by(cursor: Cursor, groups: Collection[int], user: int) -> list[GroupRow]:
    """Those of several groups in which a person is."""
    if not groups:
        return []
    marks = cursor.dialect.marks(len(groups))
    rows = cursor.execute(_SEEN + f" AND g.id IN ({marks})", (user, *groups)).all()
    return [GroupRow(*row) for row in rows]


def names(cursor: Cursor, groups: Collection[int]) -> dict[int, str]:
    """Names of groups by number, dissolved ones included."""
    if not groups:
        return {}
    marks = cursor.dialect.marks(len(groups))
    rows = cursor.execute(
        f"SELECT id, name FROM group_basic WHERE id IN ({marks})", tuple(groups)
    ).all()
    return {int(row[0]): str(row[1]) for row in rows}


def count_of_user(cursor: Cursor, user: int) -> int:
    """In how many groups a person is."""
    row = cursor.execute(
        "SELECT COUNT(*) FROM member m JOIN conversation c ON c.id = m.conversation_id"
        " WHERE m.user_id = %s AND m.left_seq IS NULL AND c.group_id IS NOT NULL",
        (user,),
    ).one()
    return int(row[0]) if row is not None else 0


def leaders_invite(cursor: Cursor, group: int) -> bool:
    """Whether only those who lead a group bring others in."""
    row = cursor.execute("SELECT leaders_invite FROM group_basic WHERE id = %s", (group,)).one()
    return row is not None and bool(row[0])


def lock(cursor: Cursor, group: int) -> None:
    """Let nobody else change what hangs on a group until the transaction ends."""
    cursor.execute(f"SELECT id FROM group_basic WHERE id = %s{cursor.dialect.for_update}", (group,))
