"""A person's quick replies: table ``quick_reply``, in the order of ``position``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from im.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class QuickReplyRow:
    """A quick reply."""

    id: int
    text: str


def of_user(cursor: Cursor, user: int) -> list[QuickReplyRow]:
    """All of a person's, in order."""
    rows = cursor.execute(
        "SELECT id, text FROM quick_reply WHERE user_id = %s ORDER BY position, id", (user,)
    ).all()
    return [QuickReplyRow(*row) for row in rows]


def add(cursor: Cursor, user: int, position: int, text: str) -> int:
    """A new one; its id."""
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO quick_reply (user_id, position, text, created_at, updated_at)"
        f" VALUES (%s, %s, %s, {now}, {now})",
        (user, position, text),
    )
    return cursor.lastrowid


def change(cursor: Cursor, user: int, reply: int, text: str) -> bool:
    """Give one another text; False if it is not theirs or is gone."""
    cursor.execute(
        f"UPDATE quick_reply SET text = %s, updated_at = {cursor.dialect.now_ms}"
        " WHERE id = %s AND user_id = %s",
        (text, reply, user),
    )
    return cursor.rowcount > 0


def remove(cursor: Cursor, user: int, reply: int) -> bool:
    """Delete one; False if it is not theirs or is gone."""
    cursor.execute("DELETE FROM quick_reply WHERE id = %s AND user_id = %s", (reply, user))
    return cursor.rowcount > 0


def put_in_order(cursor: Cursor, user: int, replies: Sequence[int]) -> None:
    """Give a person's quick replies, all of them, this order."""
    for position, reply in enumerate(replies):
        cursor.execute(
            "UPDATE quick_reply SET position = %s"
            " WHERE id = %s AND user_id = %s AND position <> %s",
            (position, reply, user, position),
        )


def remove_all(cursor: Cursor, user: int) -> None:
    """Delete all of a person's."""
    cursor.execute("DELETE FROM quick_reply WHERE user_id = %s", (user,))
