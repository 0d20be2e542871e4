"""Quick replies: a person's own texts to send with one tap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from im.errors import Invalid, LimitReached, NotFound
from im.i18n import Catalogue, Language
from im.protocol.own_lists import QuickReplies as List
from im.protocol.own_lists import QuickReply
from im.services.identity import Identity
from im.services.states import States
from im.store import quick_replies, state_versions
from im.store.cursor import Cursor
from im.store.database import Database

NAME: Final = "quick_replies"
MAX_TEXT = 500
"""Characters of one."""
DEFAULTS = 5
"""Texts that everyone begins with: ``quick_reply.1`` … of the catalogue."""


class QuickReplies:
    """Keeps everyone's quick replies. A person who never asked has the default ones.

    Args:
        most: quick replies of one person.
    """

    def __init__(self, database: Database, states: States, catalogue: Catalogue, most: int) -> None:
        self._database = database
        self._states = states
        self._catalogue = catalogue
        self._most = most

    async def of(self, who: Identity, language: Language, known: int | None) -> List:
        """All of a person's; without them if ``known`` is still their version.

        Who asks for the first time is given the default ones in this language. Raises
        ``Unavailable``.
        """
        found = await self._database.read(_read, who.user, known)
        if found.version == 0:
            found = await self._database.write(self._begin, who.user, language)
        return found

    async def add(
        self, who: Identity, language: Language, text: str, place: int | None = None
    ) -> List:
        """One more, at a place from 0, or at the end: so also what was just removed comes back.

        Raises ``Invalid``, ``LimitReached`` or ``Unavailable``.
        """
        cleaned = _clean(text)

        def change(cursor: Cursor) -> None:
            before = [row.id for row in quick_replies.of_user(cursor, who.user)]
            if len(before) >= self._most:
                raise LimitReached("quick replies", values={"limit": self._most})
            end = len(before)
            made = quick_replies.add(cursor, who.user, end, cleaned)
            at = end if place is None else min(place, end)
            quick_replies.put_in_order(cursor, who.user, [*before[:at], made, *before[at:]])

        return await self._change(who, language, change)

    async def change(self, who: Identity, language: Language, reply: int, text: str) -> List:
        """Another text. Raises ``Invalid``, ``NotFound`` or ``Unavailable``."""
        cleaned = _clean(text)

        def change(cursor: Cursor) -> None:
            if not quick_replies.change(cursor, who.user, reply, cleaned):
                raise NotFound("no such quick reply")

        return await self._change(who, language, change)

    async def remove(self, who: Identity, language: Language, reply: int) -> List:
        """One less. Raises ``NotFound`` or ``Unavailable``."""

        def change(cursor: Cursor) -> None:
            if not quick_replies.remove(cursor, who.user, reply):
                raise NotFound("no such quick reply")

        return await self._change(who, language, change)

    async def put_in_order(self, who: Identity, language: Language, replies: Sequence[int]) -> List:
        """Another order; those left out, and added meanwhile on another device, follow.

        Raises ``Unavailable``.
        """

        def change(cursor: Cursor) -> None:
            before = [row.id for row in quick_replies.of_user(cursor, who.user)]
            wanted = [reply for reply in dict.fromkeys(replies) if reply in set(before)]
            rest = [reply for reply in before if reply not in set(wanted)]
            quick_replies.put_in_order(cursor, who.user, [*wanted, *rest])

        return await self._change(who, language, change)

    async def _change(
        self, who: Identity, language: Language, change: Callable[[Cursor], None]
    ) -> List:
        def write(cursor: Cursor) -> List:
            self._begin(cursor, who.user, language)
            # Raised first: it keeps the person's other devices out until this is done.
            state_versions.raised(cursor, who.user, NAME)
            change(cursor)
            return _read(cursor, who.user, None)

        found = await self._database.write(write)
        self._states.changed([who.user], NAME, version=found.version)
        return found

    def _begin(self, cursor: Cursor, user: int, language: Language) -> List:
        if state_versions.begin(cursor, user, NAME):
            for place in range(DEFAULTS):
                text = self._catalogue.translate(language, f"quick_reply.{place + 1}")
                quick_replies.add(cursor, user, place, text)
        return _read(cursor, user, None)


def _read(cursor: Cursor, user: int, known: int | None) -> List:
    # The version first: if the list changes meanwhile, it is fetched once more.
    version = state_versions.version(cursor, user, NAME)
    if version == known or version == 0:
        return List(version=version)
    rows = quick_replies.of_user(cursor, user)
    return List(version=version, replies=[QuickReply(id=row.id, text=row.text) for row in rows])


def _clean(text: str) -> str:
    cleaned = text.strip()
    if not cleaned:
        raise Invalid("empty", field="text", values={"reason": "text", "field": "text"})
    if len(cleaned) > MAX_TEXT:
        raise Invalid("text", field="text", values={"reason": "too_long", "limit": MAX_TEXT})
    return cleaned
