"""Which messages name whom: table ``mention``, written and erased with the messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from im.store.cursor import Cursor
from im.store.steps import Executes

ROWS = 1000
"""Rows of an INSERT: SQLite takes no more than 32,766 parameters."""


def add(cursor: Executes, mentions: Sequence[tuple[int, int, int]]) -> None:
    """Messages name people, given as (conversation, number, person), each once."""
    for start in range(0, len(mentions), ROWS):
        rows = mentions[start : start + ROWS]
        cursor.execute(
            "INSERT INTO mention (conversation_id, seq, user_id) VALUES "
            + cursor.dialect.rows(len(rows), 3),
            [value for row in rows for value in row],
        )


def erase(cursor: Cursor, conversation: int, first: int, last: int) -> None:
    """The messages from the one number to the other, both included, name nobody any more."""
    cursor.execute(
        "DELETE FROM mention WHERE conversation_id = %s AND seq >= %s AND seq <= %s",
        (conversation, first, last),
    )


def forget(cursor: Cursor, user: int) -> None:
    """Nothing names a person any more."""
    cursor.execute("DELETE FROM mention WHERE user_id = %s", (user,))


def newest_unread(cursor: Cursor, user: int, conversations: Collection[int]) -> dict[int, int]:
    """The newest message in each conversation that names a person and that they have not read.

    Conversations without one are left out, as are messages that the person has deleted for
    themselves. Who joins begins to read there, so nothing of the past is among them.
    """
    if not conversations:
        return {}
    marks, listed = cursor.dialect.listed(conversations)
    rows = cursor.execute(
        # A join: of NOT EXISTS, MariaDB may make a copy of the whole table.
        "SELECT c.id, (SELECT mention.seq FROM mention LEFT JOIN hidden"
        " ON hidden.user_id = mention.user_id AND hidden.seq = mention.seq"
        " AND hidden.conversation_id = mention.conversation_id"
        " WHERE mention.user_id = u.id AND mention.conversation_id = c.id"
        " AND mention.seq > COALESCE(m.read_seq, u.all_read_seq) AND hidden.seq IS NULL"
        " ORDER BY mention.seq DESC LIMIT 1)"
        " FROM conversation c JOIN user_basic u ON u.id = %s"
        " LEFT JOIN member m ON m.conversation_id = c.id AND m.user_id = u.id"
        f" WHERE c.id IN ({marks})",
        (user, *listed),
    ).all()
    return {int(conversation): int(seq) for conversation, seq in rows if seq is not None}
