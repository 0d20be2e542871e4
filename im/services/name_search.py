"""Looking for people and groups by a part of their name, to jump to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from im.errors import Invalid
from im.protocol import names
from im.protocol.search import NameHit
from im.services.identity import Identity
from im.store import contacts, groups, users
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.folding import fold

MOST = 10
"""Names of each kind that are shown."""


@dataclass(frozen=True, slots=True)
class NamesFound:
    """The best of each kind: one's contacts, one's groups, and everyone else on this server."""

    contacts: list[NameHit]
    groups: list[NameHit]
    people: list[NameHit]


class NameSearch:
    """Finds names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self, who: Identity, text: str) -> NamesFound:
        """Names (and remarks of one's own) that have a text in them; those that begin with it come
        first.

        Raises ``Invalid`` or ``Unavailable``.
        """
        wanted = users.fold(text)
        if not wanted:
            raise Invalid("nothing to look for", field="q", values={"reason": "query"})
        return await self._database.read(_read, who.user, wanted)


def _read(cursor: Cursor, user: int, wanted: str) -> NamesFound:
    related = contacts.named(cursor, user, wanted)
    known = [
        _hit(
            "contact",
            names.private(user, each.user),
            each.user,
            each.name,
            each.avatar,
            wanted,
            each.remark,
        )
        for each in related
        if wanted in users.fold(each.remark) or wanted in users.fold(each.name)
    ]
    own = [
        _hit("group", names.group(row.id), row.id, row.name, row.icon_id, wanted)
        for row in groups.named(cursor, user, wanted, MOST)
    ]
    present = {hit.id for hit in known} | {user}
    others = [
        _hit("person", names.private(user, row.id), row.id, row.name, row.avatar_id, wanted)
        for row in users.search(cursor, wanted)
        if row.id not in present
    ]
    return NamesFound(_best(known, wanted), _best(own, wanted), _best(others, wanted))


def _hit(
    kind: Literal["contact", "group", "person"],
    conv: str,
    number: int,
    name: str,
    picture: int | None,
    wanted: str,
    remark: str = "",
) -> NameHit:
    title = remark or name
    folded = fold(title)
    place = folded.text.find(wanted)
    ranges = [folded.written(place, place + len(wanted))] if place >= 0 else []
    return NameHit(
        kind=kind, conv=conv, id=number, title=title, name=name, picture=picture, ranges=ranges
    )


def _best(hits: Iterable[NameHit], wanted: str) -> list[NameHit]:
    def rank(hit: NameHit) -> tuple[int, int, str, int]:
        title, name = users.fold(hit.title), users.fold(hit.name)
        if wanted in (title, name):
            order = 0
        elif title.startswith(wanted) or name.startswith(wanted):
            order = 1
        else:
            order = 2
        return order, len(title), title, hit.id

    return sorted(hits, key=rank)[:MOST]
