"""Content whose time is over leaves the log: numbers, senders and times of the entries stay.

``conversation.expired_seq`` tells up to which number that is done. It rises with each step, in the
step's own transaction, so whoever is killed between two of them leaves the next one its place. By
``conversation.kept_from``, a time before which nothing is kept any more, those that have something
to lose are found without a look at the others.

A step holds the conversation's lock, as senders, recalls, edits and the indexer do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from im.store import members, mentions, messages, references, search_index
from im.store.cursor import Cursor
from im.store.entries import WITH_CONTENT, EntryKind

ENTRIES = 100
"""Entries of one step: senders to the conversation wait so long."""
TEXT_BYTES = 128 * 1024
"""Bytes of text of one step, unless one entry has more."""
LOOK_BACK_MS = 15_000
"""An entry is stamped before it is stored: longer than the longest transaction is let live."""


@dataclass(frozen=True, slots=True)
class Expiring:
    """What a conversation is to lose next.

    Attributes:
        expired_seq: up to which number it has lost everything; equal to ``last_seq`` if nothing is
            to be lost now.
        last_seq: up to which number it will have.
        newest: when the youngest of these entries was stored, UTC ms; 0 without any.
        messages: text, sender and time of its last change by number.
    """

    conversation: int
    expired_seq: int
    last_seq: int
    newest: int
    messages: Mapping[int, tuple[str, int, int | None]]


def due(cursor: Cursor, before: int, limit: int) -> list[int]:
    """Conversations that may have content older than a time (UTC ms), the oldest first."""
    rows = cursor.execute(
        "SELECT id FROM conversation WHERE kept_from < %s ORDER BY kept_from LIMIT %s",
        (before, limit),
    ).all()
    return [int(row[0]) for row in rows]


def expiring(cursor: Cursor, conversation: int, before: int) -> Expiring:
    """The oldest entries with content of a conversation, as far as they are older than a time.

    They end before the first that is not, whatever comes behind it, and after ``ENTRIES``.
    """
    row = cursor.execute(
        "SELECT expired_seq FROM conversation WHERE id = %s", (conversation,)
    ).one()
    first = int(row[0]) if row is not None else 0
    last, newest, size = first, 0, 0
    for seq, time, length in cursor.execute(
        f"SELECT seq, created_at, COALESCE({cursor.dialect.size('content')}, 0) FROM message"
        " WHERE conversation_id = %s AND seq > %s ORDER BY seq LIMIT %s",
        (conversation, first, ENTRIES),
    ).all():
        size += length
        if time >= before or (size > TEXT_BYTES and last > first):
            break
        last, newest = seq, max(newest, time)
    rows = cursor.execute(
        f"SELECT seq, content, sender_id, edited_at {_SAID}", _said(conversation, first, last)
    ).all()
    said = {seq: (content, sender, edited_at) for seq, content, sender, edited_at in rows}
    return Expiring(conversation, first, last, newest, said)


def expire(
    cursor: Cursor, found: Expiring, tokens: Mapping[int, Collection[str]], now: int
) -> tuple[int, ...] | None:
    """Remove what ``expiring`` found, with ``tokens`` of its messages; None if it changed.

    ``now``: the time, UTC ms.
    Returns the contents of files that are gone, for ``ByteStore.remove`` after the commit. Runs in
    a ``write``.
    """
    conversation, first, last = found.conversation, found.expired_seq, found.last_seq
    row = cursor.execute(
        "SELECT expired_seq, indexed_seq FROM conversation"
        f" WHERE id = %s{cursor.dialect.for_update}",
        (conversation,),
    ).one()
    if row is None or row[0] != first:
        return None
    present = cursor.execute(
        f"SELECT seq, edited_at {_SAID}", _said(conversation, first, last)
    ).all()
    if dict(present) != {seq: edited_at for seq, (_, _, edited_at) in found.messages.items()}:
        return None
    gone: tuple[int, ...] = ()
    if last > first:
        indexed = {seq: each for seq, each in tokens.items() if seq <= row[1]}
        search_index.remove(cursor, conversation, indexed)
        mentions.erase(cursor, conversation, first + 1, last)
        gone = _release_files(cursor, conversation, first, last)
        _erase(cursor, conversation, first, last)
    following = cursor.execute(
        "SELECT created_at FROM message WHERE conversation_id = %s AND seq = %s",
        (conversation, last + 1),
    ).one()
    kept_from = now - LOOK_BACK_MS if following is None else following[0]
    cursor.execute(
        "UPDATE conversation SET expired_seq = %s, kept_from = %s WHERE id = %s",
        (last, kept_from, conversation),
    )
    return gone


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a count has come: ``kept_from`` and id of the last conversation that is in it."""

    kept_from: int
    conversation: int


def count(cursor: Cursor, before: int, after: Reached, limit: int) -> tuple[int, Reached | None]:
    """Messages with a number that expires at a time, in the next ``limit`` conversations.

    Those that were recalled count as well. The second value is where to go on, None at the end.
    """
    rows = cursor.execute(
        "SELECT id, expired_seq, last_seq, kept_from FROM conversation"
        " WHERE kept_from >= %s AND kept_from < %s AND (kept_from > %s OR id > %s)"
        " ORDER BY kept_from, id LIMIT %s",
        (after.kept_from, before, after.kept_from, after.conversation, limit),
    ).all()
    ranges = {row[0]: (row[1] + 1, row[2]) for row in rows if row[2] > row[1]}
    ends = messages.last_until(cursor, ranges, before - 1)
    places = {(row[0], row[1]) for row in rows} | set(ends.items())
    ordinals = members.ordinals(cursor, places)
    found = sum(
        ordinals.get((conversation, end), 0)
        - ordinals.get((conversation, ranges[conversation][0] - 1), 0)
        for conversation, end in ends.items()
    )
    return found, Reached(rows[-1][3], rows[-1][0]) if len(rows) == limit else None


_SAID = (
    "FROM message WHERE conversation_id = %s AND seq > %s AND seq <= %s AND kind = %s"
    " AND content IS NOT NULL AND recalled_at IS NULL"
)


def _said(conversation: int, first: int, last: int) -> tuple[int, ...]:
    return conversation, first, last, EntryKind.MESSAGE


def _release_files(cursor: Cursor, conversation: int, first: int, last: int) -> tuple[int, ...]:
    shown = cursor.execute(
        "SELECT media_id, seq FROM message WHERE conversation_id = %s AND seq > %s AND seq <= %s"
        " AND media_id IS NOT NULL",
        (conversation, first, last),
    ).all()
    gone: list[int] = []
    # In the order of their ids, as whoever else locks several.
    for media, seq in sorted(shown):
        reference = references.Reference("entry", conversation, seq)
        gone += references.release(cursor, media, reference)
    return tuple(gone)


def _erase(cursor: Cursor, conversation: int, first: int, last: int) -> None:
    nothing = "media = '', content = NULL, extra = NULL, fingerprint = NULL, media_id = NULL"
    cursor.execute(
        f"UPDATE message SET {nothing} WHERE conversation_id = %s AND seq > %s AND seq <= %s"
        f" AND kind IN ({cursor.dialect.marks(len(WITH_CONTENT))})",
        (conversation, first, last, *WITH_CONTENT),
    )
    # What a message was changed to goes with it, however late that was.
    edits = cursor.execute(
        "SELECT seq FROM revision WHERE conversation_id = %s"
        " AND target_seq > %s AND target_seq <= %s AND seq > %s AND kind = %s",
        (conversation, first, last, last, EntryKind.EDIT),
    ).all()
    if edits:
        marks, seqs = cursor.dialect.listed([row[0] for row in edits])
        cursor.execute(
            f"UPDATE message SET {nothing} WHERE conversation_id = %s AND seq IN ({marks})",
            (conversation, *seqs),
        )
