"""The table of search tokens: one row per message that can be found."""

from __future__ import annotations

from collections.abc import Sequence

from im.store.cursor import Cursor

SEQ_BITS = 32
"""On SQLite a row's number is the conversation's, shifted by this, plus the message's."""


def put(cursor: Cursor, rows: Sequence[tuple[int, int, str]]) -> None:
    """Store tokens: (conversation, seq, tokens joined by blanks)."""
    if not rows:
        return
    if cursor.dialect.name == "sqlite":
        columns, width = "rowid, tokens", 2
        values: list[object] = [
            value
            for conversation, seq, tokens in rows
            for value in (conversation << SEQ_BITS | seq, tokens)
        ]
    else:
        columns, width = "conversation_id, seq, tokens", 3
        values = [value for row in rows for value in row]
    cursor.execute(
        f"INSERT INTO search ({columns}) VALUES {cursor.dialect.rows(len(rows), width)}", values
    )


def erase(cursor: Cursor, conversation: int, seq: int) -> None:
    """Remove a message's tokens, if it has any."""
    if cursor.dialect.name == "sqlite":
        cursor.execute("DELETE FROM search WHERE rowid = %s", (conversation << SEQ_BITS | seq,))
    else:
        cursor.execute(
            "DELETE FROM search WHERE conversation_id = %s AND seq = %s", (conversation, seq)
        )
