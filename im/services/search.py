"""Search in messages, for people: what they may see of it, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from im.errors import Invalid, RateLimited
from im.protocol import names
from im.protocol.client import Media
from im.protocol.search import ConversationName, MessageHit
from im.protocol.server import User
from im.services import views
from im.services.history import Erasures, view
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.message_search import Found, Hit, Position, Wanted, look
from im.services.page_cursor import PageCursor
from im.store import conversations, groups, users, visible
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.search_words import parse
from im.store.visible import Visible

AT_ONCE = 2
"""Searches at the same time on a node; there are other uses for the database."""
MOST_WAITING = 20
RETRY_MS = 1000
MOST_CONVERSATIONS = 5_000
"""Conversations of a person in which they are looked for, those that changed last."""
SNIPPET = 120
"""Characters of a message that a hit shows."""
LEAD = 24
"""Characters before the first match that it shows."""

_cursors = PageCursor(tuple[int, int, int], Position)


@dataclass(frozen=True, slots=True)
class MessagesFound:
    """A page of hits, the newest first, with the people and conversations that they are from.

    ``cursor`` is None at the end. ``incomplete``: the search was given up before all was looked at.
    """

    hits: list[MessageHit]
    conversations: list[ConversationName]
    users: list[User]
    cursor: str | None
    incomplete: bool


class Search:
    """Finds what people may see.

    Args:
        rate: how often one person may search.
    """

    def __init__(
        self, database: Database, limits: SharedLimits, erasures: Erasures, rate: str
    ) -> None:
        self._database = database
        self._limits = limits
        self._erasures = erasures
        self._rate = rate
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def messages(
        self,
        who: Identity,
        text: str,
        *,
        conversation: str | None = None,
        sender: int | None = None,
        after: int | None = None,
        before: int | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> MessagesFound:
        """Messages that have all words of a text, or all messages of ``sender`` without one.

        Raises ``Invalid``, ``NotFound`` (the conversation), ``RateLimited`` or ``Unavailable``.
        """
        query = parse(text)
        if query is None and (text.strip() or sender is None):
            raise Invalid("nothing to look for", field="q", values={"reason": "query"})
        behind = _cursors.decode(cursor)
        wanted = Wanted(query, sender, after, before, behind, limit)
        await self._limits.hit(self._rate, "search", str(who.user))
        if self._waiting >= MOST_WAITING:
            raise RateLimited("many search", retry_after=RETRY_MS, values={"seconds": 1})
        self._waiting += 1
        try:
            async with self._turns:
                found, titles, people = await self._database.read(
                    _read, who.user, conversation, wanted
                )
        finally:
            self._waiting -= 1
        last = found.hits[-1].position if found.more else None
        return MessagesFound(
            hits=[
                _shown(hit, name)
                for hit in found.hits
                # What was taken back between reading and writing must not be shown.
                if not self._erasures.erased(
                    name := titles[hit.said.conversation].conv, hit.said.seq
                )
            ],
            conversations=list(titles.values()),
            users=people,
            cursor=_cursors.encode(last.time, last.conversation, last.seq) if last else None,
            incomplete=found.incomplete,
        )


def _read(
    cursor: Cursor, user: int, conversation: str | None, wanted: Wanted
) -> tuple[Found, dict[int, ConversationName], list[User]]:
    scope = _scope(cursor, user, conversation, wanted)
    found = look(cursor, user, scope[:MOST_CONVERSATIONS], wanted)
    if len(scope) > MOST_CONVERSATIONS and not found.more:
        found = Found(found.hits, found.more, True)
    hit_in = {hit.said.conversation for hit in found.hits}
    titles = _titles(cursor, user, [each for each in scope if each.conversation in hit_in])
    people = {hit.said.sender for hit in found.hits}
    people.update(title.peer for title in titles.values() if title.peer is not None)
    rows = {row.id: row for row in users.by_ids(cursor, people)}
    for title in titles.values():
        if title.peer in rows:
            title.title = rows[title.peer].name
    return found, titles, [views.user(row) for row in rows.values()]


def _scope(
    cursor: Cursor, user: int, conversation: str | None, wanted: Wanted
) -> Sequence[Visible]:
    if conversation is None:
        return visible.everything(cursor, user, wanted.after or 0, MOST_CONVERSATIONS + 1)
    seen = view(cursor, conversation, user)
    row = conversations.by_id(cursor, seen.conversation)
    return [visible.one(cursor, row, seen.first, seen.last)] if row is not None else []


def _titles(cursor: Cursor, user: int, wanted: Sequence[Visible]) -> dict[int, ConversationName]:
    """What to call each conversation, by its number; those of people still without a title."""
    found = {}
    for each in wanted:
        kind, ids = names.parse_conversation(each.name) or ("", ())
        title = found[each.conversation] = ConversationName(conv=each.name, title="")
        if kind == "g":
            title.group = ids[0]
        else:
            title.peer = next((person for person in ids if person != user), None)
    group_names = groups.names(
        cursor, [title.group for title in found.values() if title.group is not None]
    )
    for title in found.values():
        title.title = group_names.get(title.group or 0, "")
    return found


def _shown(hit: Hit, conversation: str) -> MessageHit:
    """A hit with as much of its text as is shown."""
    text = hit.said.text
    start = max(0, min(hit.ranges[0][0] - LEAD, len(text) - SNIPPET)) if hit.ranges else 0
    end = min(len(text), start + SNIPPET)
    return MessageHit(
        conv=conversation,
        seq=hit.said.seq,
        sender=hit.said.sender,
        time=hit.said.time,
        media=cast(Media, hit.said.media or "text"),
        text=text[start:end],
        ranges=[
            (max(first, start) - start, min(last, end) - start)
            for first, last in hit.ranges
            if first < end and last > start
        ],
        cut_start=start > 0,
        cut_end=end < len(text),
    )
