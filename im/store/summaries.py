"""A person's list of conversations, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from im.store import preferences
from im.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A conversation in a person's list; marks and flags are the person's."""

    id: int
    name: str
    group_id: int | None
    user_a: int | None
    user_b: int | None
    last_seq: int
    last_ordinal: int
    changed_at: int
    read_seq: int
    read_ordinal: int
    delivered_seq: int
    muted: bool
    pinned_at: int | None
    marked_unread: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: pinned ones come first, then the one that changed last."""

    pinned: bool
    changed_at: int
    id: int


_COLUMNS = (
    "c.id, c.name, c.group_id, c.user_a, c.user_b, c.last_seq, c.last_ordinal, c.changed_at,"
    " m.read_seq, m.read_ordinal, m.delivered_seq, m.muted, m.pinned_at, m.marked_unread"
)


def page(cursor: Cursor, user: int, after: Place | None, limit: int) -> list[SummaryRow]:
    """Conversations that a person is in and has not hidden, and in which something was said."""
    pinned = "CASE WHEN m.pinned_at IS NULL THEN 0 ELSE 1 END"
    where = ""
    values: list[object] = [user]
    if after is not None:
        where = (
            f" AND ({pinned} < %s OR ({pinned} = %s AND (c.changed_at < %s"
            " OR (c.changed_at = %s AND c.id < %s))))"
        )
        values += [int(after.pinned), int(after.pinned)]
        values += [after.changed_at, after.changed_at, after.id]
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM member m JOIN conversation c ON c.id = m.conversation_id"
        " WHERE m.user_id = %s AND m.left_seq IS NULL AND c.last_seq > m.hidden_seq"
        f"{where} ORDER BY {pinned} DESC, c.changed_at DESC, c.id DESC LIMIT %s",
        (*values, limit),
    ).all()
    return [SummaryRow(*row) for row in rows]


def announcements(cursor: Cursor, user: int) -> SummaryRow | None:
    """The conversation ``all`` as a person's list shows it; None when they have hidden it."""
    row = cursor.execute(
        "SELECT c.id, c.name, c.group_id, c.user_a, c.user_b, c.last_seq, c.last_ordinal,"
        " c.changed_at, u.all_read_seq, u.all_read_ordinal, u.all_delivered_seq,"
        " CASE WHEN muted.value = 'true' THEN 1 ELSE 0 END,"
        " CASE WHEN pinned.value = 'true' THEN pinned.updated_at END,"
        " CASE WHEN marked.value = 'true' THEN 1 ELSE 0 END"
        " FROM conversation c JOIN user_basic u ON u.id = %s"
        " LEFT JOIN user_setting muted ON muted.user_id = u.id AND muted.name = %s"
        " LEFT JOIN user_setting pinned ON pinned.user_id = u.id AND pinned.name = %s"
        " LEFT JOIN user_setting marked ON marked.user_id = u.id AND marked.name = %s"
        " LEFT JOIN user_setting hidden ON hidden.user_id = u.id AND hidden.name = %s"
        " WHERE c.name = 'all' AND (hidden.value IS NULL OR hidden.value + 0 < c.last_seq)",
        (
            user,
            preferences.ALL_MUTED,
            preferences.ALL_PINNED,
            preferences.ALL_MARKED,
            preferences.ALL_HIDDEN,
        ),
    ).one()
    return SummaryRow(*row) if row is not None else None
