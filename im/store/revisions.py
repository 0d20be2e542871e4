"""Entries that change an earlier one: recalls and edits."""

from __future__ import annotations

from typing import Any

import msgspec

from im.durations import MINUTE_MS
from im.errors import Expired, Forbidden, NotFound, Recalled, TooLate
from im.store import mentions, messages, references, search_index
from im.store.effects import Edit, Recall
from im.store.entries import Entry, EntryKind
from im.store.place import Place


def recall(place: Place, effect: Recall) -> Entry | tuple[int, ...]:
    """Erase a message and the texts of its edits; returns the contents of files that are gone.

    If it was recalled before, returns the entry that did it, and the new one is not stored.
    """
    cursor, conversation = place.cursor, place.conversation.id
    sender, created_at, recalled_at, media_id, text = _target(place, effect.target_seq)
    if sender != place.entry.sender and not effect.anyone:
        raise Forbidden("another's message")
    if recalled_at is not None:
        before = messages.recall_of(cursor, conversation, effect.target_seq)
        if before is None:
            raise NotFound("a tombstone without its recall")
        return before
    _in_time(place, created_at, effect.limit_ms)
    edits = cursor.execute(
        "SELECT seq FROM revision WHERE conversation_id = %s AND target_seq = %s AND kind = %s",
        (conversation, effect.target_seq, EntryKind.EDIT),
    ).all()
    erased = [effect.target_seq, *(row[0] for row in edits)]
    cursor.execute(
        "UPDATE message SET media = '', content = NULL, extra = NULL, fingerprint = NULL,"
        " media_id = NULL, recalled_at = %s"
        f" WHERE conversation_id = %s AND seq IN ({cursor.dialect.marks(len(erased))})",
        (place.now, conversation, *erased),
    )
    mentions.erase(cursor, conversation, effect.target_seq, effect.target_seq)
    search_index.erase(cursor, place.conversation, effect.target_seq, text, sender)
    _note(place, effect.target_seq, EntryKind.RECALL)
    if media_id is None:
        return ()
    shown = references.Reference("entry", conversation, effect.target_seq)
    return references.release(cursor, media_id, shown)


def edit(place: Place, effect: Edit) -> None:
    """Give a message its new text."""
    cursor, conversation, entry = place.cursor, place.conversation.id, place.entry
    sender, created_at, recalled_at, _, text = _target(place, effect.target_seq)
    if sender != entry.sender:
        raise Forbidden("another's message")
    if recalled_at is not None:
        raise Recalled()
    if effect.target_seq <= place.conversation.expired_seq:
        raise Expired()
    _in_time(place, created_at, effect.limit_ms)
    columns, values = "", []
    if effect.extra is not None:
        columns, values = ", extra = %s", [msgspec.json.encode(effect.extra).decode()]
    # Without a fingerprint, the message sent again with its old text is still the same message.
    cursor.execute(
        f"UPDATE message SET content = %s, edited_at = %s, fingerprint = NULL{columns}"
        " WHERE conversation_id = %s AND seq = %s",
        (entry.content, place.now, *values, conversation, effect.target_seq),
    )
    search_index.replace(cursor, place.conversation, effect.target_seq, text, entry.content, sender)
    _note(place, effect.target_seq, EntryKind.EDIT)


def _target(place: Place, seq: int) -> tuple[Any, ...]:
    row = place.cursor.execute(
        "SELECT sender_id, created_at, recalled_at, media_id, content, kind FROM message"
        " WHERE conversation_id = %s AND seq = %s",
        (place.conversation.id, seq),
    ).one()
    if row is None or row[5] != EntryKind.MESSAGE:
        raise NotFound("no such message", field="seq")
    return row[:5]


def _in_time(place: Place, created_at: int, limit_ms: int | None) -> None:
    if limit_ms is not None and place.now - created_at > limit_ms:
        raise TooLate(values={"limit": limit_ms // MINUTE_MS})


def _note(place: Place, target_seq: int, kind: EntryKind) -> None:
    place.cursor.execute(
        "INSERT INTO revision (conversation_id, seq, target_seq, kind) VALUES (%s, %s, %s, %s)",
        (place.conversation.id, place.seq, target_seq, kind),
    )
