"""A person's list of conversations: what is in it, and what they keep of each for themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from im.errors import NotFound
from im.protocol import names
from im.protocol.server import ConversationSummary, Message, User
from im.services import receipts, views
from im.services.history import Erasures, view
from im.services.identity import Identity
from im.services.page_cursor import PageCursor
from im.services.states import States
from im.store import (
    conversations,
    groups,
    members,
    mentions,
    messages,
    preferences,
    summaries,
    users,
)
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.entries import Entry
from im.store.summaries import Place, SummaryRow
from im.store.users import UserRow

LOOK_BACK = 20
"""Of so many entries before one that a person has deleted for themselves a list shows the last."""

_cursors = PageCursor(tuple[bool, int, int], Place)


@dataclass(frozen=True, slots=True)
class ConversationsPage:
    """A page of the list, with those who are named in it; ``cursor`` is None at the end."""

    conversations: list[ConversationSummary]
    cursor: str | None
    users: list[User]


class Conversations:
    """Reads and changes the lists of conversations."""

    def __init__(self, database: Database, states: States) -> None:
        self._database = database
        self._states = states

    async def page(
        self, who: Identity, cursor: str | None, limit: int, erasures: Erasures
    ) -> ConversationsPage:
        """A page of a person's conversations, pinned ones first, then the newest.

        The announcements come with the first page. Raises ``Invalid`` or ``Unavailable``.
        """
        place = _cursors.decode(cursor)
        page = await self._database.read(_read_page, who.user, place, limit)
        for summary in page.conversations:
            last = summary.last
            if isinstance(last, Message) and erasures.erased(summary.conv, last.seq):
                summary.last = views.erased(last)
        return page

    async def pin(self, who: Identity, conversation: str, pinned: bool) -> None:
        """Keep a conversation on top. Raises ``NotFound``."""

        def change(cursor: Cursor, number: int) -> None:
            if conversation == names.ALL:
                preferences.put(cursor, who.user, {preferences.ALL_PINNED: pinned})
            else:
                members.set_pinned(cursor, number, who.user, pinned)

        await self._change(who, conversation, change)

    async def mute(self, who: Identity, conversation: str, muted: bool) -> None:
        """No notification for a conversation. Raises ``NotFound``."""

        def change(cursor: Cursor, number: int) -> None:
            if conversation == names.ALL:
                preferences.put(cursor, who.user, {preferences.ALL_MUTED: muted})
            else:
                members.set_muted(cursor, number, who.user, muted)

        await self._change(who, conversation, change)

    async def mark_unread(self, who: Identity, conversation: str, marked: bool) -> None:
        """Mark a conversation as unread, to come back to it. Raises ``NotFound``."""

        def change(cursor: Cursor, number: int) -> None:
            if conversation == names.ALL:
                preferences.put(cursor, who.user, {preferences.ALL_MARKED: marked})
            else:
                members.set_marked_unread(cursor, number, who.user, marked)

        await self._change(who, conversation, change)

    async def hide(self, who: Identity, conversation: str, seq: int | None, hidden: bool) -> None:
        """Delete an entry for this person, or leave the conversation out of their list.

        Raises ``NotFound``.
        """

        def change(cursor: Cursor, number: int) -> None:
            if seq is not None:
                if messages.by_seq(cursor, number, seq) is None:
                    raise NotFound("no such entry", field="seq")
                members.hide_entry(cursor, number, who.user, seq, hidden)
                return
            row = conversations.by_id(cursor, number)
            last = row.last_seq if row is not None else 0
            if conversation == names.ALL:
                # They are in the list before anything was announced, and can be hidden then too.
                preferences.put(cursor, who.user, {preferences.ALL_HIDDEN: last if hidden else -1})
            else:
                members.set_hidden(cursor, number, who.user, last if hidden else 0)

        await self._change(who, conversation, change)

    async def _change(
        self, who: Identity, conversation: str, change: Callable[[Cursor, int], None]
    ) -> None:
        def write(cursor: Cursor) -> None:
            change(cursor, view(cursor, conversation, who.user).conversation)

        await self._database.write(write)
        self._states.changed([who.user], "conversations", conversation)


def _read_page(cursor: Cursor, user: int, place: Place | None, limit: int) -> ConversationsPage:
    rows = summaries.page(cursor, user, place, limit)
    following = None
    if len(rows) == limit:
        end = rows[-1]
        following = _cursors.encode(end.pinned_at is not None, end.changed_at, end.id)
    if place is None:
        announcements = summaries.announcements(cursor, user)
        if announcements is not None:
            rows = [announcements, *rows]
    last: dict[int, Entry | None] = {
        entry.conversation: entry
        for entry in messages.by_places(cursor, [(row.id, row.last_seq) for row in rows])
    }
    unread = {row.id: max(0, row.last_ordinal - row.read_ordinal) for row in rows}
    named = mentions.newest_unread(cursor, user, [number for number, n in unread.items() if n])
    hidden = members.hidden_places(cursor, user, [(row.id, row.last_seq) for row in rows])
    for row in rows:
        if (row.id, row.last_seq) in hidden:
            last[row.id] = _last_shown(cursor, user, row)
    seen_groups = {
        group.id: group
        for group in groups.several_seen_by(
            cursor, [row.group_id for row in rows if row.group_id is not None], user
        )
    }
    peers = {row.id: _peer(row, user) for row in rows}
    marks = {
        mark.conversation: mark
        for mark in members.several(
            cursor, [(number, peer) for number, peer in peers.items() if peer is not None]
        )
    }
    people = {peer for peer in peers.values() if peer is not None}
    silent = preferences.without_receipts(cursor, {user, *people})
    people.update(entry.sender for entry in last.values() if entry is not None)
    rows_of_people = {row.id: row for row in users.by_ids(cursor, people)}
    found = []
    for row in rows:
        group = seen_groups.get(row.group_id or 0)
        peer = peers[row.id]
        mark = marks.get(row.id)
        entry = last.get(row.id)
        found.append(
            ConversationSummary(
                conv=row.name,
                title=group.name if group else _title(peer, rows_of_people),
                last_seq=row.last_seq,
                read_seq=row.read_seq,
                delivered_seq=row.delivered_seq,
                unread=unread[row.id],
                mention_seq=named.get(row.id),
                last=views.entry(entry) if entry is not None else None,
                muted=bool(row.muted),
                pinned=row.pinned_at is not None,
                marked_unread=bool(row.marked_unread),
                peer=peer,
                peer_read_seq=mark.read_seq
                if mark and receipts.shown(user, peer, silent)
                else None,
                peer_delivered_seq=mark.delivered_seq if mark else None,
                group=views.group(group) if group else None,
            )
        )
    return ConversationsPage(found, following, [views.user(row) for row in rows_of_people.values()])


def _last_shown(cursor: Cursor, user: int, row: SummaryRow) -> Entry | None:
    """The newest entry that a person has not deleted for themselves, if it is among the last."""
    seen = view(cursor, row.name, user)
    entries = messages.page(
        cursor, row.id, before=row.last_seq, limit=LOOK_BACK, first=seen.first, last=seen.last
    ).entries
    hidden = members.hidden_entries(cursor, row.id, user, [entry.seq for entry in entries])
    return next((entry for entry in reversed(entries) if entry.seq not in hidden), None)


def _peer(row: SummaryRow, user: int) -> int | None:
    return row.user_b if row.user_a == user else row.user_a


def _title(peer: int | None, people: Mapping[int, UserRow]) -> str:
    return people[peer].name if peer is not None and peer in people else ""
