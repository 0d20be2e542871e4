"""Who is in which conversation, and how far they have read: table ``member``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from im.store.cursor import Cursor
from im.store.users import escaped


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One person in one conversation; ``left_seq`` is None while they are in it.

    ``first_seq`` is the first entry that they may see, ``muted_until`` when they may write again
    (UTC ms; None or past: they may).
    """

    conversation: int
    user: int
    role: str
    joined_seq: int
    left_seq: int | None
    first_seq: int
    delivered_seq: int
    read_seq: int
    read_ordinal: int
    muted: bool
    pinned_at: int | None
    hidden_seq: int
    muted_until: int | None


FIRST_SEQ = "CASE WHEN sees_past = 1 OR joined_seq < 1 THEN 1 ELSE joined_seq END"
"""SQL for the first entry that a member may see."""

_COLUMNS = (
    f"conversation_id, user_id, role, joined_seq, left_seq, {FIRST_SEQ}, delivered_seq, read_seq,"
    " read_ordinal, muted, pinned_at, hidden_seq, muted_until"
)


def get(cursor: Cursor, conversation: int, user: int) -> MemberRow | None:
    """A person's row in a conversation."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM member WHERE conversation_id = %s AND user_id = %s",
        (conversation, user),
    ).one()
    return MemberRow(*row) if row is not None else None


class Listed(NamedTuple):
    """Where a member stands in the list: who leads first, then in the order in which they came."""

    rank: int
    joined_seq: int
    user: int


FIRST = Listed(-1, 0, 0)
"""Before everyone."""

_RANK = "CASE role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END"


def page(
    cursor: Cursor, conversation: int, after: Listed, limit: int, wanted: str = ""
) -> tuple[list[MemberRow], Listed | None]:
    """Who is in a conversation now, behind a place in the list, and where to go on (None: done).

    ``wanted``: only those whose folded name has it.
    """
    named, values = "", []
    if wanted:
        named = (
            " AND EXISTS (SELECT 1 FROM user_basic WHERE id = user_id"
            " AND name_folded LIKE %s ESCAPE '|')"
        )
        values = [f"%{escaped(wanted)}%"]
    rows = cursor.execute(
        f"SELECT {_COLUMNS}, {_RANK} FROM member WHERE conversation_id = %s AND left_seq IS NULL"
        f" AND ({_RANK} > %s OR ({_RANK} = %s AND (joined_seq > %s"
        f" OR (joined_seq = %s AND user_id > %s)))){named}"
        f" ORDER BY {_RANK}, joined_seq, user_id LIMIT %s",
        (
            *(conversation, after.rank, after.rank, after.joined_seq, after.joined_seq),
            *(after.user, *values, limit),
        ),
    ).all()
    found = [MemberRow(*row[:-1]) for row in rows]
    if len(found) < limit:
        return found, None
    return found, Listed(rows[-1][-1], found[-1].joined_seq, found[-1].user)


def latest(cursor: Cursor, conversation: int, limit: int) -> list[tuple[int, int]]:
    """Who is in a conversation now and with which number they joined, the last ones first."""
    rows = cursor.execute(
        "SELECT user_id, joined_seq FROM member WHERE conversation_id = %s AND left_seq IS NULL"
        " ORDER BY joined_seq DESC LIMIT %s",
        (conversation, limit),
    ).all()
    return [(int(user), int(joined)) for user, joined in rows]


def counts(cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:
    """How many are in each of several conversations now; those without anyone are left out."""
    if not conversations:
        return {}
    marks, listed = cursor.dialect.listed(conversations)
    rows = cursor.execute(
        f"SELECT conversation_id, COUNT(*) FROM member WHERE conversation_id IN ({marks})"
        " AND left_seq IS NULL GROUP BY conversation_id",
        listed,
    ).all()
    return {int(row[0]): int(row[1]) for row in rows}


def several(cursor: Cursor, pairs: Collection[tuple[int, int]]) -> list[MemberRow]:
    """Rows of several (conversation, person) pairs."""
    if not pairs:
        return []
    rows = cursor.execute(
        f"SELECT {_COLUMNS} "
        + cursor.dialect.picked("member", ("conversation_id", "user_id"), len(pairs)),
        [value for pair in pairs for value in pair],
    ).all()
    return [MemberRow(*row) for row in rows]


class Standing(NamedTuple):
    """Where a conversation stood that a person is in: its last number, and theirs of joining."""

    user: int
    name: str
    group: int | None
    last_seq: int
    joined_seq: int


_STANDING = (
    "SELECT m.user_id, c.name, c.group_id, c.last_seq, m.joined_seq FROM member m"
    " JOIN conversation c ON c.id = m.conversation_id WHERE m.left_seq IS NULL AND m.user_id"
)


def standings(cursor: Cursor, users: Collection[int]) -> list[Standing]:
    """All conversations that several people are in."""
    if not users:
        return []
    marks, listed = cursor.dialect.listed(users)
    rows = cursor.execute(f"{_STANDING} IN ({marks})", listed).all()
    return [Standing(*row) for row in rows]


def groups_of(cursor: Cursor, users: Collection[int]) -> list[Standing]:
    """All groups that several people are in."""
    if not users:
        return []
    marks, listed = cursor.dialect.listed(users)
    rows = cursor.execute(f"{_STANDING} IN ({marks}) AND c.group_id IS NOT NULL", listed).all()
    return [Standing(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Mark:
    """Someone has received, or read, all up to ``seq``, where ``ordinal`` messages were."""

    conversation: int
    user: int
    seq: int
    ordinal: int
    read: bool


def ordinals(cursor: Cursor, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Messages up to and with each (conversation, number); places that don't exist are left out."""
    if not places:
        return {}
    rows = cursor.execute(
        "SELECT conversation_id, seq, ordinal "
        + cursor.dialect.picked("message", ("conversation_id", "seq"), len(places)),
        [value for place in places for value in place],
    ).all()
    return {(int(row[0]), int(row[1])): int(row[2]) for row in rows}


def move_marks(cursor: Cursor, marks: Iterable[Mark], all_conversation: int) -> set[Mark]:
    """Move high-water marks forward, never back; reading implies receiving. Those that moved.

    All rows are locked in the order of the key first, so that two nodes doing the same never wait
    for each other. Then those who are at the same number are moved together.
    """
    moved: set[Mark] = set()
    own: list[Mark] = []
    together: defaultdict[tuple[int, int, int, bool], list[int]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: (mark.conversation, mark.user, not mark.read)):
        if mark.conversation != all_conversation:
            own.append(mark)
        elif _move_all_mark(cursor, mark):
            moved.add(mark)
    stood = _lock_marks(cursor, {(mark.conversation, mark.user): None for mark in own})
    for mark in own:
        place = mark.conversation, mark.user
        read, delivered = stood.get(place, (mark.seq, mark.seq))
        if mark.seq > (read if mark.read else delivered):
            moved.add(mark)
            together[mark.conversation, mark.seq, mark.ordinal, mark.read].append(mark.user)
            stood[place] = (mark.seq if mark.read else read, max(mark.seq, delivered))
    for (conversation, seq, ordinal, is_read), users in together.items():
        people, listed = cursor.dialect.listed(users)
        where = f"conversation_id = %s AND user_id IN ({people})"
        if is_read:
            delivered_seq = cursor.dialect.greatest("delivered_seq", "%s")
            cursor.execute(
                f"UPDATE member SET read_seq = %s, read_ordinal = %s,"
                f" delivered_seq = {delivered_seq} WHERE {where} AND read_seq < %s",
                (seq, ordinal, seq, conversation, *listed, seq),
            )
        else:
            cursor.execute(
                f"UPDATE member SET delivered_seq = %s WHERE {where} AND delivered_seq < %s",
                (seq, conversation, *listed, seq),
            )
    return moved


def _lock_marks(
    cursor: Cursor, places: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Up to where each (conversation, person) has read, and received."""
    if not places:
        return {}
    rows = cursor.execute(
        "SELECT conversation_id, user_id, read_seq, delivered_seq "
        + cursor.dialect.picked("member", ("conversation_id", "user_id"), len(places))
        + " ORDER BY conversation_id, user_id"
        + cursor.dialect.for_update,
        [value for place in places for value in place],
    ).all()
    return {(int(row[0]), int(row[1])): (int(row[2]), int(row[3])) for row in rows}


def _move_all_mark(cursor: Cursor, mark: Mark) -> bool:
    if mark.read:
        cursor.execute(
            "UPDATE user_basic SET all_read_seq = %s, all_read_ordinal = %s"
            " WHERE id = %s AND all_read_seq < %s",
            (mark.seq, mark.ordinal, mark.user, mark.seq),
        )
    else:
        cursor.execute(
            "UPDATE user_basic SET all_delivered_seq = %s WHERE id = %s AND all_delivered_seq < %s",
            (mark.seq, mark.user, mark.seq),
        )
    return cursor.rowcount > 0


def set_pinned(cursor: Cursor, conversation: int, user: int, pinned: bool) -> None:
    """Keep a conversation on top of a person's list, or no more."""
    when = cursor.dialect.now_ms if pinned else "NULL"
    cursor.execute(
        f"UPDATE member SET pinned_at = {when} WHERE conversation_id = %s AND user_id = %s",
        (conversation, user),
    )


def set_muted(cursor: Cursor, conversation: int, user: int, muted: bool) -> None:
    """No notification for a conversation, or again."""
    cursor.execute(
        "UPDATE member SET muted = %s WHERE conversation_id = %s AND user_id = %s",
        (int(muted), conversation, user),
    )


def set_marked_unread(cursor: Cursor, conversation: int, user: int, marked: bool) -> None:
    """Mark a conversation as unread, or no more; how far it was read stays."""
    cursor.execute(
        "UPDATE member SET marked_unread = %s WHERE conversation_id = %s AND user_id = %s",
        (int(marked), conversation, user),
    )


def set_hidden(cursor: Cursor, conversation: int, user: int, seq: int) -> None:
    """Leave a conversation out of a person's list while nothing comes after ``seq``."""
    cursor.execute(
        "UPDATE member SET hidden_seq = %s WHERE conversation_id = %s AND user_id = %s",
        (seq, conversation, user),
    )


def hide_entry(cursor: Cursor, conversation: int, user: int, seq: int, hidden: bool) -> None:
    """Delete an entry for one person, or show it again."""
    if hidden:
        cursor.execute(
            f"{cursor.dialect.insert_ignore} hidden (user_id, conversation_id, seq, created_at)"
            f" VALUES (%s, %s, %s, {cursor.dialect.now_ms})",
            (user, conversation, seq),
        )
    else:
        cursor.execute(
            "DELETE FROM hidden WHERE user_id = %s AND conversation_id = %s AND seq = %s",
            (user, conversation, seq),
        )


def unhide_all(cursor: Cursor, user: int) -> None:
    """Forget what a person has deleted for themselves."""
    cursor.execute("DELETE FROM hidden WHERE user_id = %s", (user,))


def hidden_entries(cursor: Cursor, conversation: int, user: int, seqs: Collection[int]) -> set[int]:
    """Which of these entries a person has deleted for themselves."""
    if not seqs:
        return set()
    marks = cursor.dialect.marks(len(seqs))
    rows = cursor.execute(
        f"SELECT seq FROM hidden WHERE user_id = %s AND conversation_id = %s AND seq IN ({marks})",
        (user, conversation, *seqs),
    ).all()
    return {int(row[0]) for row in rows}


def hidden_places(
    cursor: Cursor, user: int, places: Collection[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Which (conversation, number) places a person has deleted for themselves."""
    if not places:
        return set()
    rows = cursor.execute(
        "SELECT conversation_id, seq "
        + cursor.dialect.picked("hidden", ("user_id", "conversation_id", "seq"), len(places)),
        [value for place in places for value in (user, *place)],
    ).all()
    return {(int(row[0]), int(row[1])) for row in rows}
