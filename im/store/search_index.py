"""The table of search tokens: one row per message that can be found.

Storing the tokens with each message would more than halve what the log writer can do, so an indexer
follows the log: it reads what is not indexed, makes tokens of it without holding anything, and puts
them in unless something changed meanwhile. A recall erases under the same lock, so what it erased
never comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from im.store.cursor import Cursor
from im.store.entries import EntryKind
from im.store.steps import Executes

SEQ_BITS = 32
"""On SQLite a row's number is the conversation's, shifted by this, plus the message's."""


@dataclass(frozen=True, slots=True)
class Unindexed:
    """Texts that the index has not got yet.

    Attributes:
        indexed_seq: how far it has come.
        last_seq: how far it will have come with these; equal if nothing is left to do.
        texts: text and time of its last change by number.
    """

    conversation: int
    indexed_seq: int
    last_seq: int
    texts: Mapping[int, tuple[str, int | None]]


def unindexed(cursor: Cursor, conversation: int, limit: int = 200) -> Unindexed:
    """What comes next, at most ``limit`` entries."""
    row = cursor.execute(
        "SELECT indexed_seq, last_seq FROM conversation WHERE id = %s", (conversation,)
    ).one()
    indexed_seq, last_seq = row if row is not None else (0, 0)
    last_seq = min(last_seq, indexed_seq + limit)
    rows = cursor.execute(
        "SELECT seq, content, edited_at FROM message WHERE conversation_id = %s AND seq > %s"
        " AND seq <= %s AND kind = %s AND content IS NOT NULL AND recalled_at IS NULL",
        (conversation, indexed_seq, last_seq, EntryKind.MESSAGE),
    ).all()
    texts = {seq: (content, edited_at) for seq, content, edited_at in rows}
    return Unindexed(conversation, indexed_seq, last_seq, texts)


def fill(cursor: Cursor, found: Unindexed, tokens: Mapping[int, str]) -> bool:
    """Put in the tokens of what ``unindexed`` found; False if it changed: then find it again.

    Runs in a ``write``, under the conversation's lock.
    """
    row = cursor.execute(
        f"SELECT indexed_seq FROM conversation WHERE id = %s{cursor.dialect.for_update}",
        (found.conversation,),
    ).one()
    if row is None or row[0] != found.indexed_seq:
        return False
    present = cursor.execute(
        "SELECT seq, edited_at FROM message WHERE conversation_id = %s AND seq > %s"
        " AND seq <= %s AND kind = %s AND content IS NOT NULL AND recalled_at IS NULL",
        (found.conversation, found.indexed_seq, found.last_seq, EntryKind.MESSAGE),
    ).all()
    if dict(present) != {seq: edited_at for seq, (_, edited_at) in found.texts.items()}:
        return False
    put(cursor, [(found.conversation, seq, text) for seq, text in tokens.items() if text])
    cursor.execute(
        "UPDATE conversation SET indexed_seq = %s WHERE id = %s",
        (found.last_seq, found.conversation),
    )
    return True


def put(cursor: Executes, rows: Sequence[tuple[int, int, str]]) -> None:
    """Store tokens, in place of those before: (conversation, seq, tokens joined by blanks)."""
    if not rows:
        return
    if cursor.dialect.name == "sqlite":
        values: list[object] = [
            value
            for conversation, seq, tokens in rows
            for value in (conversation << SEQ_BITS | seq, tokens)
        ]
        # An FTS5 table knows no ON CONFLICT.
        sql = f"INSERT OR REPLACE INTO search (rowid, tokens) VALUES {_rows(cursor, rows, 2)}"
    else:
        values = [value for row in rows for value in row]
        upsert = cursor.dialect.upsert(("conversation_id", "seq"), ("tokens",))
        columns = "conversation_id, seq, tokens"
        sql = f"INSERT INTO search ({columns}) VALUES {_rows(cursor, rows, 3)}{upsert}"
    cursor.execute(sql, values)


def erase(cursor: Cursor, conversation: int, seq: int) -> None:
    """Remove a message's tokens, if it has any."""
    if cursor.dialect.name == "sqlite":
        cursor.execute("DELETE FROM search WHERE rowid = %s", (conversation << SEQ_BITS | seq,))
    else:
        cursor.execute(
            "DELETE FROM search WHERE conversation_id = %s AND seq = %s", (conversation, seq)
        )


def _rows(cursor: Executes, rows: Sequence[object], width: int) -> str:
    return cursor.dialect.rows(len(rows), width)
