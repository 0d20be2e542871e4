"""Which entries of which conversations a person may see."""

from __future__ import annotations

from dataclasses import dataclass

from im.protocol import names
from im.store.conversations import Conversation
from im.store.cursor import Cursor
from im.store.members import FIRST_SEQ


@dataclass(frozen=True, slots=True)
class Visible:
    """A conversation and what of it a person may see: entries ``first`` to ``last``.

    Attributes:
        indexed_seq: how far the search index has come.
        changed_at: when its last entry was stored, UTC ms; no entry is younger.
    """

    conversation: int
    name: str
    first: int
    last: int
    indexed_seq: int
    changed_at: int


_SELECT = "SELECT c.id, c.name, {first}, {last}, c.indexed_seq, c.changed_at FROM conversation c"


def one(cursor: Cursor, conversation: Conversation, first: int, last: int | None) -> Visible:
    """A conversation of which someone may see entries from ``first`` to ``last`` (None: all)."""
    row = cursor.execute(
        "SELECT last_seq, indexed_seq, changed_at FROM conversation WHERE id = %s",
        (conversation.id,),
    ).one()
    last_seq, indexed_seq, changed_at = row if row is not None else (0, 0, 0)
    end = last_seq if last is None else min(last, last_seq)
    return Visible(conversation.id, conversation.name, first, end, indexed_seq, changed_at)


def page(cursor: Cursor, user: int, after: int, limit: int) -> list[Visible]:
    """Conversations that a person was ever in, with higher numbers, in the order of the numbers.

    ``all`` is not among them.
    """
    rows = cursor.execute(
        f"{_SELECT.format(first=FIRST_SEQ, last=_left(cursor))}"
        " JOIN member m ON m.conversation_id = c.id"
        " WHERE m.user_id = %s AND c.id > %s AND c.last_seq > 0 ORDER BY c.id LIMIT %s",
        (user, after, limit),
    ).all()
    return [Visible(*row) for row in rows]


def everything(cursor: Cursor, user: int, since: int, limit: int) -> list[Visible]:
    """All that a person may see and that changed since a time, what changed last first.

    Also what they have left, up to the entry with which they left.
    """
    rows = cursor.execute(
        f"{_SELECT.format(first=FIRST_SEQ, last=_left(cursor))}"
        " JOIN member m ON m.conversation_id = c.id"
        " WHERE m.user_id = %s AND c.changed_at >= %s AND c.last_seq > 0"
        " ORDER BY c.changed_at DESC, c.id DESC LIMIT %s",
        (user, since, limit),
    ).all()
    rows += cursor.execute(
        f"{_SELECT.format(first='1', last='c.last_seq')}"
        " WHERE c.name = %s AND c.changed_at >= %s AND c.last_seq > 0",
        (names.ALL, since),
    ).all()
    found = [Visible(*row) for row in rows]
    return sorted(found, key=lambda each: (each.changed_at, each.conversation), reverse=True)


def _left(cursor: Cursor) -> str:
    return f"COALESCE({cursor.dialect.least('m.left_seq', 'c.last_seq')}, c.last_seq)"
