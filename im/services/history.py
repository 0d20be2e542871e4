"""Pages of logs, bounded by what a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from im.errors import Invalid, NotFound
from im.protocol import names
from im.protocol.outgoing import Outgoing
from im.protocol.server import Event, Message, User
from im.services import views
from im.services.delivery import Arrival
from im.services.identity import Identity
from im.services.signals import EntrySignal
from im.store import conversations, members, messages, users
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.entries import Entry, EntryKind


class Erasures(Protocol):
    """Knows which entries were taken back a moment ago (``services.delivery``)."""

    def erased(self, conversation: str, seq: int) -> bool:
        """Whether this entry's content was taken back."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a log, oldest first, with those who are named in it.

    ``first`` and ``last`` are the numbers that it covers, with those that the person has hidden;
    None when it covers nothing.
    """

    conv: str
    entries: list[Message | Event]
    first: int | None
    last: int | None
    more: bool
    users: list[User]


@dataclass(frozen=True, slots=True)
class View:
    """What of a conversation a person may see: entries ``first`` to ``last`` (None: no end)."""

    conversation: int
    first: int
    last: int | None


def view(cursor: Cursor, conversation: str, user: int) -> View:
    """A person's view of a conversation. Raises ``NotFound`` for one that is not theirs."""
    parsed = names.parse_conversation(conversation)
    if parsed is None:
        raise Invalid("not a conversation", field="conv", values={"field": "conv"})
    row = conversations.by_name(cursor, conversation)
    if row is None:
        raise NotFound(conversation)
    kind, ids = parsed
    if kind == names.ALL or (kind == "p" and user in ids):
        return View(row.id, 1, None)
    member = members.get(cursor, row.id, user)
    if kind == "p" or member is None:
        raise NotFound(conversation)
    return View(row.id, member.first_seq, member.left_seq)


class History:
    """Reads logs for people and for healing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        who: Identity,
        conversation: str,
        *,
        after: int | None,
        before: int | None,
        around: int | None,
        limit: int,
        erasures: Erasures,
    ) -> HistoryPage:
        """A page of a conversation that this person may see; without a place the newest.

        Raises ``Invalid``, ``NotFound`` or ``Unavailable``.
        """
        if sum(place is not None for place in (after, before, around)) > 1:
            raise Invalid("one of after, before, around", field="after", values={"field": "after"})
        place = {"after": after, "before": before, "around": around}
        given = {name: value for name, value in place.items() if value is not None}
        if not given:  # the newest
            given["before"] = names.MAX_ID

        def read(cursor: Cursor) -> tuple[list[Entry], messages.Page, list[User]]:
            seen = view(cursor, conversation, who.user)
            found = messages.page(
                cursor, seen.conversation, **given, limit=limit, first=seen.first, last=seen.last
            )
            hidden = members.hidden_entries(
                cursor, seen.conversation, who.user, [entry.seq for entry in found.entries]
            )
            shown = [entry for entry in found.entries if entry.seq not in hidden]
            people = {entry.sender for entry in shown}
            for entry in shown:
                people.update((entry.extra or {}).get("users", ())[:100])
            return shown, found, [views.user(row) for row in users.by_ids(cursor, people)]

        entries, found, people = await self._database.read(read)
        frames = [views.entry(entry) for entry in entries]
        # What was taken back between reading and writing must not be shown.
        shown = [
            views.erased(frame)
            if isinstance(frame, Message) and erasures.erased(conversation, frame.seq)
            else frame
            for frame in frames
        ]
        covered = found.entries
        return HistoryPage(
            conversation,
            shown,
            covered[0].seq if covered else None,
            covered[-1].seq if covered else None,
            found.more,
            people,
        )

    async def private_range(
        self, who: Identity, other: int, start: int, end: int, *, oldest_first: bool
    ) -> tuple[int, int, int]:
        """A range of messages of a private log, both ends included, as Redis counts.

        0 is the first message from that side, -1 the last. The numbers of the oldest and the newest
        message in it, both 0 when there is none, and how many messages the log has in all.
        """

        def read(cursor: Cursor) -> tuple[int, int, int]:
            row = conversations.by_name(cursor, names.private(who.user, other))
            total = row.last_ordinal if row is not None else 0
            first = max(0, start + total if start < 0 else start)
            last = min(total - 1, end + total if end < 0 else end)
            if row is None or first > last:
                return 0, 0, total
            low, high = (first + 1, last + 1) if oldest_first else (total - last, total - first)
            found = [messages.seq_of(cursor, row.id, ordinal) or 0 for ordinal in (low, high)]
            return found[0], found[1], total

        return await self._database.read(read)

    async def after(self, conversation: str, seq: int) -> list[Arrival]:
        """For healing: what is in the log after a number, whoever may see it."""

        def read(cursor: Cursor) -> list[Entry]:
            row = conversations.by_name(cursor, conversation)
            if row is None:
                return []
            return messages.page(cursor, row.id, after=seq).entries

        return [arrival(entry) for entry in await self._database.read(read)]


def arrived(signal: EntrySignal) -> Arrival:
    """An entry that another node has stored, on its way to local readers."""
    return Arrival(
        conv=signal.conv,
        seq=signal.seq,
        outgoing=Outgoing(encoded=signal.frame),
        joined=signal.joined,
        left=signal.left,
        erased=signal.erased,
    )


def arrival(entry: Entry) -> Arrival:
    """A stored entry on its way to local readers."""
    people = list((entry.extra or {}).get("users", ()))
    return Arrival(
        conv=entry.conversation_name,
        seq=entry.seq,
        outgoing=Outgoing(views.entry(entry)),
        joined=people if entry.kind in (EntryKind.JOINED, EntryKind.CREATED) else [],
        left=people if entry.kind in (EntryKind.LEFT, EntryKind.REMOVED) else [],
        erased=entry.target_seq or 0 if entry.kind == EntryKind.RECALL else 0,
    )
