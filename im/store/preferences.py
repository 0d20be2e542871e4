"""What a person prefers: table ``user_setting``, a name and a value as JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from im.store.cursor import Cursor

READ_RECEIPTS = "read_receipts"
"""Whether others are told how far one has read, and one of them."""

ALL_PINNED, ALL_MUTED, ALL_MARKED = "all_pinned", "all_muted", "all_marked_unread"
"""Whether a person keeps the announcements on top, silent, and marked as unread: everyone reads
them, and nobody is entered as a member, so they are kept here."""
ALL_HIDDEN = "all_hidden_seq"
"""The announcements are left out of the person's list while nothing comes after this number."""


def of_user(cursor: Cursor, user: int) -> dict[str, Any]:
    """All that a person has set."""
    rows = cursor.execute("SELECT name, value FROM user_setting WHERE user_id = %s", (user,)).all()
    return {name: msgspec.json.decode(value) for name, value in rows}


def put(cursor: Cursor, user: int, values: Mapping[str, Any]) -> None:
    """Set some."""
    for name, value in values.items():
        cursor.execute(
            "INSERT INTO user_setting (user_id, name, value, updated_at)"
            f" VALUES (%s, %s, %s, {cursor.dialect.now_ms})"
            + cursor.dialect.upsert(("user_id", "name"), ("value", "updated_at")),
            (user, name, msgspec.json.encode(value).decode()),
        )


def without_receipts(cursor: Cursor, users: Collection[int]) -> set[int]:
    """Those of several people who want no read receipts."""
    if not users:
        return set()
    rows = cursor.execute(
        "SELECT user_id FROM user_setting WHERE name = %s AND value = 'false'"
        f" AND user_id IN ({cursor.dialect.marks(len(users))})",
        (READ_RECEIPTS, *users),
    ).all()
    return {int(row[0]) for row in rows}


def members_without_receipts(cursor: Cursor, conversations: Collection[int]) -> dict[int, set[int]]:
    """In each of several conversations those who want no read receipts."""
    found: dict[int, set[int]] = {}
    if not conversations:
        return found
    rows = cursor.execute(
        "SELECT m.conversation_id, m.user_id FROM member m JOIN user_setting s"
        " ON s.user_id = m.user_id AND s.name = %s AND s.value = 'false'"
        f" WHERE m.conversation_id IN ({cursor.dialect.marks(len(conversations))})"
        " AND m.left_seq IS NULL",
        (READ_RECEIPTS, *conversations),
    ).all()
    for conversation, user in rows:
        found.setdefault(conversation, set()).add(user)
    return found


def remove_all(cursor: Cursor, user: int) -> None:
    """Forget what a person has set."""
    cursor.execute("DELETE FROM user_setting WHERE user_id = %s", (user,))
