"""The place in a conversation's log that an entry is about to take, as its effects need it."""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor
from im.store.entries import NewEntry


@dataclass(slots=True)
class LockedConversation:
    """A conversation's row while this transaction holds it, with the changes still to be written.

    Attributes:
        indexed_seq: how far the search index has come.
        expired_seq: up to which number no entry has content any more.
        changed: whether an entry was added.
    """

    id: int
    name: str
    group_id: int | None
    last_seq: int
    last_ordinal: int
    epoch: int
    indexed_seq: int = 0
    expired_seq: int = 0
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry will stand if its effect allows it.

    Attributes:
        cursor: of the transaction that holds ``conversation``.
        now: the database's clock, UTC ms.
        extra: the entry's extra data as JSON.
    """

    cursor: Cursor
    conversation: LockedConversation
    entry: NewEntry
    seq: int
    ordinal: int
    now: int
