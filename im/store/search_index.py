"""The search index: for each block of a log and each token in it, which messages have it.

Tokens are stored as eight bytes of a keyed hash. The rows of a block lie together, so that writing
touches few pages however large the index is; every look at it is by the whole key.

An indexer follows the log: it reads what is not indexed, makes tokens of it without holding
anything, and puts them in unless something changed meanwhile. Recalls and edits of what is indexed
change the index in their own transaction. All three hold the conversation's lock, so what was taken
back never comes back, and none overwrites the other's change of a row.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from im.store import cluster
from im.store.cursor import Cursor
from im.store.entries import EntryKind
from im.store.place import LockedConversation
from im.store.postings import BLOCK, BLOCK_BITS, pack, unpack
from im.store.search_words import tokens_of

KEY = "search_key"
"""Name of the hash's key in table ``cluster``."""
KEY_BYTES = 32
HASH_BYTES = 8

ROWS = 500
"""Rows of the index that are read or written by one statement."""
ENTRIES = 100
"""Entries that are indexed in one transaction: senders to the conversation wait so long."""
TEXT_BYTES = 128 * 1024
"""Bytes of text that are indexed in one transaction, unless one entry has more."""

Row = tuple[int, bytes]
"""Block and hashed token: together with the conversation the key of a row."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unindexed:
    """Messages that the index has not got yet.

    Attributes:
        indexed_seq: how far it has come.
        last_seq: how far it will have come with these; equal if nothing is left to do.
        messages: text, sender and time of its last change by number.
        more: the log goes on after these.
    """

    conversation: int
    indexed_seq: int
    last_seq: int
    messages: Mapping[int, tuple[str, int, int | None]]
    more: bool


def unindexed(cursor: Cursor, conversation: int, limit: int = ENTRIES) -> Unindexed:
    """What comes next, at most ``limit`` entries."""
    row = cursor.execute(
        "SELECT indexed_seq, last_seq FROM conversation WHERE id = %s", (conversation,)
    ).one()
    indexed_seq, end = row if row is not None else (0, 0)
    sizes = cursor.execute(
        f"SELECT seq, COALESCE({cursor.dialect.size('content')}, 0) FROM message"
        " WHERE conversation_id = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s",
        (conversation, indexed_seq, end, limit),
    ).all()
    last_seq, total = indexed_seq, 0
    for seq, size in sizes:
        total += size
        if total > TEXT_BYTES and last_seq > indexed_seq:
            break
        last_seq = seq
    rows = cursor.execute(
        f"SELECT seq, content, sender_id, edited_at {_INDEXABLE}",
        (conversation, indexed_seq, last_seq, EntryKind.MESSAGE),
    ).all()
    messages = {seq: (content, sender, edited_at) for seq, content, sender, edited_at in rows}
    return Unindexed(conversation, indexed_seq, last_seq, messages, last_seq < end)


_INDEXABLE = (
    "FROM message WHERE conversation_id = %s AND seq > %s AND seq <= %s AND kind = %s"
    " AND content IS NOT NULL AND recalled_at IS NULL"
)


def fill(cursor: Cursor, found: Unindexed, tokens: Mapping[int, Collection[str]]) -> bool:
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
        f"SELECT seq, edited_at {_INDEXABLE}",
        (found.conversation, found.indexed_seq, found.last_seq, EntryKind.MESSAGE),
    ).all()
    if dict(present) != {seq: edited_at for seq, (_, _, edited_at) in found.messages.items()}:
        return False
    _add(cursor, found.conversation, tokens)
    cursor.execute(
        "UPDATE conversation SET indexed_seq = %s WHERE id = %s",
        (found.last_seq, found.conversation),
    )
    return True


def erase(
    cursor: Cursor, conversation: LockedConversation, seq: int, text: str | None, sender: int
) -> None:
    """Take a message out of the index, if it is in it; ``text`` is what it says until now."""
    if seq <= conversation.indexed_seq and text is not None:
        remove(cursor, conversation.id, {seq: tokens_of(text, sender)})


def replace(
    cursor: Cursor,
    conversation: LockedConversation,
    seq: int,
    old: str | None,
    new: str | None,
    sender: int,
) -> None:
    """Index a message by its new text, if it was by its old one."""
    if seq <= conversation.indexed_seq:
        before = tokens_of(old, sender) if old is not None else set()
        after = tokens_of(new, sender) if new is not None else set()
        remove(cursor, conversation.id, {seq: before - after})
        _add(cursor, conversation.id, {seq: after - before})


def remove(cursor: Cursor, conversation: int, tokens: Mapping[int, Collection[str]]) -> None:
    """Take messages out of the index, given by their numbers with all their tokens in it.

    Runs in a ``write``, under the conversation's lock.
    """
    key = cluster.get(cursor, KEY)
    if key is not None:
        rows = _rows(key, tokens)
        _change(cursor, conversation, rows, lambda before, bits: before & ~bits)


def sets(
    cursor: Cursor,
    conversations: Collection[int],
    blocks: Collection[int],
    tokens: Mapping[bytes, str],
) -> dict[tuple[int, int], dict[str, int]]:
    """By (conversation, block) the set of messages of each token; see ``im.store.postings``.

    ``tokens`` is what ``hashed`` gives. Reads a row for each combination, so the caller bounds
    them.
    """
    found: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    if not (tokens and conversations and blocks):
        return found
    marks = cursor.dialect.marks
    rows = cursor.execute(
        "SELECT conversation_id, block, token, messages FROM search"
        f" WHERE conversation_id IN ({marks(len(conversations))})"
        f" AND block IN ({marks(len(blocks))}) AND token IN ({marks(len(tokens))})",
        (*conversations, *blocks, *tokens),
    ).all()
    for conversation, block, token, messages in rows:
        found[conversation, block][tokens[bytes(token)]] = unpack(messages)
    return found


def hashed(cursor: Cursor, tokens: Collection[str]) -> dict[bytes, str]:
    """Tokens by what the index has for them; empty before it has anything."""
    key = cluster.get(cursor, KEY)
    return {_hash(key, token): token for token in tokens} if key is not None else {}


def behind(cursor: Cursor, after: int, limit: int) -> tuple[list[int], int | None]:
    """Of the next ``limit`` conversations by id those that have something to index.

    The second value is where to go on, None at the end.
    """
    rows = cursor.execute(
        "SELECT id, last_seq > indexed_seq FROM conversation WHERE id > %s ORDER BY id LIMIT %s",
        (after, limit),
    ).all()
    return [row[0] for row in rows if row[1]], rows[-1][0] if len(rows) == limit else None


def behind_since(cursor: Cursor, changed_at: int, limit: int) -> list[tuple[int, int]]:
    """Conversations (id, time of the change) with something to index that changed since a time."""
    rows = cursor.execute(
        "SELECT id, changed_at FROM conversation WHERE changed_at >= %s"
        " AND indexed_seq < last_seq ORDER BY changed_at LIMIT %s",
        (changed_at, limit),
    ).all()
    return [(row[0], row[1]) for row in rows]


def _hash(key: bytes, token: str) -> bytes:
    return blake2b(token.encode("utf-8", "replace"), key=key, digest_size=HASH_BYTES).digest()


def _add(cursor: Cursor, conversation: int, tokens: Mapping[int, Collection[str]]) -> None:
    key = cluster.value(cursor, KEY, secrets.token_bytes(KEY_BYTES))
    _change(cursor, conversation, _rows(key, tokens), lambda before, bits: before | bits)


def _rows(key: bytes, tokens: Mapping[int, Collection[str]]) -> dict[Row, int]:
    """The messages that each row is about."""
    hashes: dict[str, bytes] = {}
    rows: dict[Row, int] = defaultdict(int)
    for seq, found in tokens.items():
        block, bit = seq >> BLOCK_BITS, 1 << (seq & BLOCK - 1)
        for token in found:
            known = hashes.get(token)
            if known is None:
                known = hashes[token] = _hash(key, token)
            rows[block, known] |= bit
    return rows


def _change(
    cursor: Cursor, conversation: int, rows: Mapping[Row, int], join: Callable[[int, int], int]
) -> None:
    """Join sets with those that are stored; what is empty then goes."""
    # In the order of the key, so that neighbours are written together.
    for part in _parts(sorted(rows)):
        stored = _stored(cursor, conversation, part)
        changed = {row: join(stored.get(row, 0), rows[row]) for row in part}
        kept = [(conversation, *row, pack(bits)) for row, bits in changed.items() if bits]
        if kept:
            cursor.execute(
                "INSERT INTO search (conversation_id, block, token, messages)"
                f" VALUES {cursor.dialect.rows(len(kept), 4)}"
                + cursor.dialect.upsert(("conversation_id", "block", "token"), ("messages",)),
                [value for row in kept for value in row],
            )
        gone = [row for row, bits in changed.items() if not bits and row in stored]
        for block, tokens in _by_block(gone).items():
            cursor.execute(
                "DELETE FROM search WHERE conversation_id = %s AND block = %s"
                f" AND token IN ({cursor.dialect.marks(len(tokens))})",
                (conversation, block, *tokens),
            )


def _stored(cursor: Cursor, conversation: int, rows: Sequence[Row]) -> dict[Row, int]:
    found = {}
    for block, tokens in _by_block(rows).items():
        for token, messages in cursor.execute(
            "SELECT token, messages FROM search WHERE conversation_id = %s AND block = %s"
            f" AND token IN ({cursor.dialect.marks(len(tokens))})",
            (conversation, block, *tokens),
        ).all():
            found[block, bytes(token)] = unpack(messages)
    return found


def _by_block(rows: Sequence[Row]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = defaultdict(list)
    for block, token in rows:
        found[block].append(token)
    return found


def _parts(rows: Sequence[T]) -> Iterator[list[T]]:
    waiting = iter(rows)
    while part := list(islice(waiting, ROWS)):
        yield part
