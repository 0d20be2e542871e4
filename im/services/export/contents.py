"""What an export reads, a page at a time, so that no transaction is ever long."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from im.errors import NotFound
from im.protocol.server import User
from im.services import views
from im.services.accounts import Accounts
from im.services.contacts import Contacts
from im.services.groups import Groups
from im.services.history import Erasures, History, HistoryPage
from im.services.identity import Identity
from im.services.media import Media
from im.services.preferences import Preferences
from im.services.quick_replies import QuickReplies
from im.services.sessions import Sessions
from im.services.tokens import Tokens
from im.store import conversations, groups, media, users, visible
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.media import FileRow
from im.store.visible import Visible

PAGE_CONVERSATIONS = 100
PAGE_ENTRIES = 500
PAGE_FILES = 100
KEPT_BACK = ("password_hash", "disabled_at", "deleted_at", "must_change_password", "is_webhook")
"""What of an account's row is not the person's to take along."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who knows what of a person."""

    database: Database
    accounts: Accounts
    contacts: Contacts
    groups: Groups
    preferences: Preferences
    quick_replies: QuickReplies
    sessions: Sessions
    tokens: Tokens
    history: History
    erasures: Erasures
    media: Media


class Contents:
    """Reads all of one person's. Everything raises ``Unavailable``."""

    def __init__(self, sources: Sources, who: Identity) -> None:
        self._from = sources
        self._who = who

    async def lists(self) -> AsyncIterator[tuple[str, Any]]:
        """What is small enough to be read at once, as (name, what the JSON is made of)."""
        who, sources = self._who, self._from
        row = asdict(await sources.accounts.get(who.user))
        yield "profile", {name: value for name, value in row.items() if name not in KEPT_BACK}
        yield "settings", (await sources.preferences.of(who)).settings
        yield "contacts", await sources.contacts.of(who)
        yield "groups", await sources.groups.of(who)
        yield "sessions", await sources.sessions.of_user(who.user)
        yield "tokens", [] if who.kind == "guest" else await sources.tokens.of(who, who.user)
        replies = await sources.quick_replies.of(who, who.language, None)
        yield "quick-replies", replies.replies

    async def conversations(self) -> AsyncIterator[tuple[Visible, str | User | None]]:
        """All that the person may see something of, also what they have left: with the group's name
        or the other person."""
        database, user = self._from.database, self._who.user
        for found in await database.read(_announcements):
            yield found, None
        after = 0
        while page := await database.read(_conversations, user, after):
            for each in page:
                yield each
            after = page[-1][0].conversation

    async def log(self, seen: Visible) -> AsyncIterator[HistoryPage]:
        """A conversation from its beginning to where it ended when the export came to it."""
        after: int | None = seen.first - 1
        while after is not None and after < seen.last:
            try:
                found = await self._from.history.page(
                    self._who,
                    seen.name,
                    after=after,
                    before=None,
                    around=None,
                    limit=PAGE_ENTRIES,
                    erasures=self._from.erasures,
                )
            except NotFound:  # the person is not in it any more
                return
            found.entries[:] = [entry for entry in found.entries if entry.seq <= seen.last]
            yield found
            after = found.last if found.more else None

    async def files(self) -> AsyncIterator[FileRow]:
        """The person's own files."""
        after = 0
        while page := await self._from.database.read(
            media.owned, self._who.user, after, PAGE_FILES
        ):
            for row in page:
                yield row
            after = page[-1].id

    async def shown_on(self, page: HistoryPage) -> list[FileRow]:
        """The files that the entries of a page show, whoever sent them."""
        shown = {file.id for entry in page.entries if (file := getattr(entry, "file", None))}
        return await self._from.database.read(media.among, shown)

    def pieces(self, file: FileRow) -> AsyncGenerator[bytes, None]:
        """A file's bytes. Raises ``NotFound`` when it was erased meanwhile."""
        return self._from.media.pieces(file, 0, file.size - 1)


def _announcements(cursor: Cursor) -> list[Visible]:
    row = conversations.by_name(cursor, "all")
    found = [visible.one(cursor, row, 1, None)] if row is not None else []
    return [each for each in found if each.last]


def _conversations(
    cursor: Cursor, user: int, after: int
) -> list[tuple[Visible, str | User | None]]:
    page = visible.page(cursor, user, after, PAGE_CONVERSATIONS)
    rows = conversations.by_ids(cursor, [each.conversation for each in page])
    peers = {
        number: row.user_b if row.user_a == user else row.user_a for number, row in rows.items()
    }
    rows_of_peers = users.by_ids(cursor, [peer for peer in peers.values() if peer is not None])
    people = {row.id: views.user(row) for row in rows_of_peers}
    titles = groups.names(
        cursor, [row.group_id for row in rows.values() if row.group_id is not None]
    )
    found: list[tuple[Visible, str | User | None]] = []
    for each in page:
        row = rows[each.conversation]
        found.append((each, titles.get(row.group_id or 0) or people.get(peers[row.id] or 0)))
    return found
