"""Reading the log: pages, single entries, and where a time lies in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from im.store.cursor import Cursor
from im.store.dialect import Dialect
from im.store.entries import WITH_CONTENT, Entry, EntryKind
from im.store.steps import Statement

PAGE_ENTRIES = 500
"""Most entries of a page."""

PAGE_BYTES = 1024 * 1024
"""Most bytes of text and extra data of a page, unless its only entry has more."""

_COLUMNS = (
    "m.conversation_id, c.name, m.seq, m.ordinal, m.sender_id, m.client_key, m.created_at,"
    " m.kind, m.media, m.content, m.extra, m.target_seq, m.media_id, m.edited_at, m.recalled_at,"
    " m.fingerprint, c.epoch,"
    " CASE WHEN m.seq <= c.expired_seq"
    f" AND m.kind IN ({', '.join(f'{kind:d}' for kind in WITH_CONTENT)}) THEN 1 ELSE 0 END"
)
_CONVERSATION = "JOIN conversation c ON c.id = m.conversation_id"
_SELECT = f"SELECT {_COLUMNS} FROM message m {_CONVERSATION} "
_KIND, _CONTENT, _EXTRA = 7, 9, 10


@dataclass(frozen=True, slots=True)
class Page:
    """Neighbouring entries in rising order; ``more``: there are others on the side asked for.

    ``around`` may have others on both sides; ``more`` is then about either.
    """

    entries: list[Entry]
    more: bool


def page(
    cursor: Cursor,
    conversation: int,
    *,
    after: int | None = None,
    before: int | None = None,
    around: int | None = None,
    limit: int = PAGE_ENTRIES,
    max_bytes: int = PAGE_BYTES,
    first: int = 1,
    last: int | None = None,
) -> Page:
    """Entries after a number, before it, or around it; exactly one of the three is given.

    ``first`` and ``last`` bound what a member may see, both inclusive. A page has at most ``limit``
    entries (never more than ``PAGE_ENTRIES``) and ``max_bytes`` bytes, but at least one entry if
    there is one. Events count as entries.
    """
    limit = max(1, min(limit, PAGE_ENTRIES))
    if around is not None:
        # The entry itself is the newest of the older half.
        older = page(
            cursor,
            conversation,
            before=around + 1,
            limit=(limit + 1) // 2,
            max_bytes=max_bytes // 2,
            first=first,
            last=last,
        )
        if limit == 1:
            return older
        newer = page(
            cursor,
            conversation,
            after=around,
            limit=limit // 2,
            max_bytes=max_bytes // 2,
            first=first,
            last=last,
        )
        return Page(older.entries + newer.entries, older.more or newer.more)
    if after is not None:
        where, order, place = "m.seq >= %s", "ASC", max(after + 1, first)
    elif before is not None:
        where, order, place = "m.seq < %s", "DESC", before
    else:
        raise ValueError("a page is after, before or around a number")
    where = f"WHERE m.conversation_id = %s AND m.seq >= %s AND {where}"
    values: list[object] = [conversation, first, place]
    if last is not None:
        where += " AND m.seq <= %s"
        values.append(last)
    order = f" ORDER BY m.seq {order} LIMIT %s"
    # Sizes first, so that no more text is read than the page holds.
    sizes = cursor.execute(
        f"SELECT m.seq, COALESCE({cursor.dialect.size('m.content')}, 0)"
        f" + COALESCE({cursor.dialect.size('m.extra')}, 0) FROM message m {where}{order}",
        (*values, limit + 1),
    ).all()
    count = total = 0
    for _, size in sizes[:limit]:
        total += size
        if count and total > max_bytes:
            break
        count += 1
    if not count:
        return Page([], False)
    # By their numbers: what was said meanwhile would push the oldest out of the newest page.
    ends = sorted((sizes[0][0], sizes[count - 1][0]))
    rows = cursor.execute(
        f"{_SELECT}WHERE m.conversation_id = %s AND m.seq BETWEEN %s AND %s ORDER BY m.seq",
        (conversation, *ends),
    ).all()
    return Page([entry_of(row) for row in rows], len(sizes) > count)


def known(dialect: Dialect, keys: Collection[tuple[int, bytes]]) -> Statement:
    """Which of these (sender, key) are stored: a row of sender and key for each."""
    columns = ("sender_id", "client_key")
    chosen = dialect.picked("message", columns, len(keys))
    return Statement(
        f"SELECT {', '.join(f'message.{column}' for column in columns)} {chosen}",
        [value for key in keys for value in key],
    )


def by_keys(cursor: Cursor, keys: Collection[tuple[int, bytes]]) -> dict[tuple[int, bytes], Entry]:
    """The stored entries among these (sender, key)."""
    if not keys:
        return {}
    rows = cursor.execute(
        f"SELECT {_COLUMNS} "
        + cursor.dialect.picked(
            "message m", ("m.sender_id", "m.client_key"), len(keys), join=_CONVERSATION
        ),
        [value for key in keys for value in key],
    ).all()
    return {(row[4], row[5]): entry_of(row) for row in rows}


def by_seq(cursor: Cursor, conversation: int, seq: int) -> Entry | None:
    """One entry by its number."""
    row = cursor.execute(
        f"{_SELECT}WHERE m.conversation_id = %s AND m.seq = %s", (conversation, seq)
    ).one()
    return None if row is None else entry_of(row)


def seq_of(cursor: Cursor, conversation: int, ordinal: int) -> int | None:
    """The number of the message that is the ``ordinal``-th of a conversation, from 1."""
    # An entry's number is never below its ordinal, so only events in between are passed over.
    row = cursor.execute(
        "SELECT seq FROM message WHERE conversation_id = %s AND seq >= %s AND ordinal = %s"
        " AND kind = %s ORDER BY seq LIMIT 1",
        (conversation, ordinal, ordinal, EntryKind.MESSAGE),
    ).one()
    return None if row is None else int(row[0])


def by_places(cursor: Cursor, places: Collection[tuple[int, int]]) -> list[Entry]:
    """Several entries by (conversation, number); those that don't exist are left out."""
    if not places:
        return []
    rows = cursor.execute(
        f"SELECT {_COLUMNS} "
        + cursor.dialect.picked(
            "message m", ("m.conversation_id", "m.seq"), len(places), join=_CONVERSATION
        ),
        [value for place in places for value in place],
    ).all()
    return [entry_of(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a search compares it; ``time`` is UTC ms."""

    conversation: int
    seq: int
    sender: int
    time: int
    media: str
    text: str


def said(cursor: Cursor, places: Mapping[int, Sequence[int]]) -> list[Said]:
    """Messages by the numbers in each conversation; events and what was taken back are left out."""
    columns = "conversation_id, seq, sender_id, created_at, media, content"
    kept = f"kind = {EntryKind.MESSAGE:d} AND content IS NOT NULL AND recalled_at IS NULL"
    if len(places) == 1:
        ((conversation, seqs),) = places.items()
        marks = cursor.dialect.marks(len(seqs)) if seqs else "NULL"
        where = f"FROM message WHERE conversation_id = %s AND seq IN ({marks})"
        values = [conversation, *seqs]
    else:
        values = [value for key, seqs in places.items() for seq in seqs for value in (key, seq)]
        where = cursor.dialect.picked("message", ("conversation_id", "seq"), len(values) // 2)
    if len(values) < 2:
        return []
    return [
        Said(*row) for row in cursor.execute(f"SELECT {columns} {where} AND {kept}", values).all()
    ]


def last_until(cursor: Cursor, ranges: Mapping[int, tuple[int, int]], time: int) -> dict[int, int]:
    """Of each conversation the last number, within its range, that was stored until a time.

    One less than the range's beginning if none was. ``time`` is included, UTC ms; numbers and
    times rise together, so that this is found by halving, for all conversations at once.
    """
    # Entries up to ``low`` are known to be old enough, those from ``high`` on to be too young.
    open_ranges = {key: (first - 1, last + 1) for key, (first, last) in ranges.items()}
    found: dict[int, int] = {}
    while open_ranges:
        middles = {}
        for key, (low, high) in open_ranges.items():
            if high - low <= 1:
                found[key] = low
            else:
                middles[key, (low + high) // 2] = (low, high)
        times = _times(cursor, middles)
        open_ranges = {}
        for (key, middle), (low, high) in middles.items():
            old = times.get((key, middle), 0) <= time
            open_ranges[key] = (middle, high) if old else (low, middle)
    return found


def _times(cursor: Cursor, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    if not places:
        return {}
    rows = cursor.execute(
        "SELECT m.conversation_id, m.seq, m.created_at "
        + cursor.dialect.picked("message m", ("m.conversation_id", "m.seq"), len(places)),
        [value for place in places for value in place],
    ).all()
    return {(row[0], row[1]): row[2] for row in rows}


def recall_of(cursor: Cursor, conversation: int, target_seq: int) -> Entry | None:
    """The entry that took a message back."""
    row = cursor.execute(
        "SELECT seq FROM revision WHERE conversation_id = %s AND target_seq = %s AND kind = %s"
        " ORDER BY seq LIMIT 1",
        (conversation, target_seq, EntryKind.RECALL),
    ).one()
    return None if row is None else by_seq(cursor, conversation, row[0])


def entry_of(row: tuple[Any, ...]) -> Entry:
    """An entry from a row of this module's SELECT."""
    values = list(row)
    values[_KIND] = EntryKind(values[_KIND])
    if values[_EXTRA] is not None:
        values[_EXTRA] = msgspec.json.decode(values[_EXTRA])
    return Entry(*values)
