"""Conversations: the rows that numbers are taken from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from im.errors import NotFound
from im.protocol import names
from im.store.cursor import Cursor

_SELECT = (
    "SELECT id, name, kind, group_id, user_a, user_b, last_seq, last_ordinal, epoch, changed_at,"
    " created_at FROM conversation "
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation's row.

    Attributes:
        kind: ``private``, ``group`` or ``all``.
        user_a, user_b: the two people of a private one, the lower id first.
        last_seq: the number of its last entry; 0 when it has none.
        last_ordinal: how many of its entries are messages.
        epoch: how often its rights changed.
        changed_at: when its last entry was stored, UTC ms.
    """

    id: int
    name: str
    kind: str
    group_id: int | None
    user_a: int | None
    user_b: int | None
    last_seq: int
    last_ordinal: int
    epoch: int
    changed_at: int
    created_at: int


def private(cursor: Cursor, one: int, other: int) -> Conversation:
    """The conversation of two people, made with both their member rows if there is none.

    In a transaction of its own: inside a batch of messages it would deadlock with other writers.
    """
    low, high = sorted((one, other))
    name = names.private(low, high)
    found = by_name(cursor, name)
    if found is not None:
        return found
    now = cursor.dialect.now_ms
    # All values fit, so that nothing can be cut.
    cursor.execute(
        f"{cursor.dialect.insert_ignore} conversation"
        " (name, kind, user_a, user_b, changed_at, created_at, kept_from)"
        f" VALUES (%s, 'private', %s, %s, {now}, {now}, {now})",
        (name, low, high),
    )
    made = _must(by_name(cursor, name))
    cursor.execute(
        f"{cursor.dialect.insert_ignore} member (conversation_id, user_id, changed_at)"
        f" VALUES (%s, %s, {now}), (%s, %s, {now})",
        (made.id, low, made.id, high),
    )
    return made


def group(cursor: Cursor, group_id: int, owner: int) -> Conversation:
    """A new group's conversation, with its owner as the only member.

    Raises ``DuplicateKey`` if the group has one.
    """
    now = cursor.dialect.now_ms
    name = names.group(group_id)
    cursor.execute(
        "INSERT INTO conversation (name, kind, group_id, changed_at, created_at, kept_from)"
        f" VALUES (%s, 'group', %s, {now}, {now}, {now})",
        (name, group_id),
    )
    cursor.execute(
        "INSERT INTO member (conversation_id, user_id, role, joined_seq, changed_at)"
        f" VALUES (%s, %s, 'owner', 1, {now})",
        (cursor.lastrowid, owner),
    )
    return _must(by_name(cursor, name))


def broadcast(cursor: Cursor) -> Conversation:
    """The conversation of everyone. Raises ``NotFound`` before ``bootstrap``."""
    return _must(by_name(cursor, names.ALL))


def by_name(cursor: Cursor, name: str) -> Conversation | None:
    """A conversation by its name, such as ``p:1:2``."""
    row = cursor.execute(f"{_SELECT}WHERE name = %s", (name,)).one()
    return None if row is None else Conversation(*row)


def by_names(cursor: Cursor, wanted: Collection[str]) -> list[Conversation]:
    """Several conversations by their names; those that don't exist are left out."""
    if not wanted:
        return []
    marks, listed = cursor.dialect.listed(wanted)
    rows = cursor.execute(f"{_SELECT}WHERE name IN ({marks})", listed).all()
    return [Conversation(*row) for row in rows]


def by_id(cursor: Cursor, conversation: int) -> Conversation | None:
    """A conversation by its number."""
    row = cursor.execute(f"{_SELECT}WHERE id = %s", (conversation,)).one()
    return None if row is None else Conversation(*row)


def by_ids(cursor: Cursor, conversations: Collection[int]) -> dict[int, Conversation]:
    """Conversations by their numbers; those that don't exist are left out."""
    if not conversations:
        return {}
    marks, listed = cursor.dialect.listed(conversations)
    rows = cursor.execute(f"{_SELECT}WHERE id IN ({marks})", listed).all()
    return {row[0]: Conversation(*row) for row in rows}


def changed_since(
    cursor: Cursor, changed_at: int, after: int = 0, limit: int = 1000
) -> list[Conversation]:
    """Conversations that changed at or after a time, the longest ago first.

    Of those that changed at that very time only the ones with numbers behind ``after``.
    A row is stamped before it commits, so look back further than the longest transaction takes.
    """
    rows = cursor.execute(
        f"{_SELECT}WHERE changed_at >= %s AND (changed_at > %s OR id > %s)"
        " ORDER BY changed_at, id LIMIT %s",
        (changed_at, changed_at, after, limit),
    ).all()
    return [Conversation(*row) for row in rows]


def raise_epoch(cursor: Cursor, conversation: int) -> None:
    """Note that rights changed outside the log (a contact was blocked): entries are authorised
    anew. Belongs into the transaction that changes them."""
    cursor.execute("UPDATE conversation SET epoch = epoch + 1 WHERE id = %s", (conversation,))


def raise_epochs_of(cursor: Cursor, user: int) -> None:
    """Note that a person's rights changed in every conversation that they are in."""
    cursor.execute(
        "UPDATE conversation SET epoch = epoch + 1 WHERE id IN"
        " (SELECT conversation_id FROM member WHERE user_id = %s)",
        (user,),
    )


def _must(found: Conversation | None) -> Conversation:
    if found is None:
        raise NotFound("no such conversation")
    return found
