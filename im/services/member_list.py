"""Who is in a group, a page at a time: who leads it first, then in the order in which they came."""

from __future__ import annotations

from dataclasses import dataclass

from im.protocol.server import User
from im.services import receipts, views
from im.services.page_cursor import PageCursor
from im.store import members, preferences, users
from im.store.cursor import Cursor
from im.store.members import FIRST, Listed

MAX_PAGE = 500
"""Members of a page at most."""

_cursors = PageCursor(tuple[int, int, int], Listed)


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the group's list shows them; marks are None in groups too large for them.

    ``joined_seq`` is the entry with which they joined: marks begin there, whoever read what was
    before.
    """

    user: User
    role: str
    joined_seq: int
    silenced_until: int | None
    read_seq: int | None
    delivered_seq: int | None


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Members of a group; ``cursor`` for the next page, None at the end.

    ``everyone``: ids of all members, with the first page of all; else None.
    """

    members: list[Member]
    cursor: str | None
    everyone: list[int] | None


def read(
    cursor: Cursor,
    conversation: int,
    reader: int,
    after: Listed,
    limit: int,
    q: str,
    *,
    marked_members: int,
    most_members: int,
) -> MembersPage:
    """A page as ``reader`` may see it; with ``q`` only those whose name has it.

    ``marked_members``: the largest group in which everyone is told of each one's marks;
    ``most_members``: the largest that there is.
    """
    rows, following = members.page(cursor, conversation, after, limit, users.fold(q))
    people = {row.id: row for row in users.by_ids(cursor, [row.user for row in rows])}
    told = members.counts(cursor, [conversation]).get(conversation, 0) <= marked_members
    silent = preferences.without_receipts(cursor, [row.user for row in rows if told])
    found = [
        Member(
            views.user(people[row.user]),
            row.role,
            row.joined_seq,
            row.muted_until,
            row.read_seq if told and receipts.shown(reader, row.user, silent) else None,
            row.delivered_seq if told else None,
        )
        for row in rows
        if row.user in people
    ]
    everyone: list[int] | None = None
    if after == FIRST and not q:
        everyone = [user for user, _ in members.latest(cursor, conversation, most_members)]
    return MembersPage(found, _cursors.encode(*following) if following else None, everyone)


def decode(cursor: str | None) -> Listed:
    """Where a page begins. Raises ``Invalid``."""
    return _cursors.decode(cursor) or FIRST
