"""How a connection begins and ends to read: registered first, then looked up, then welcome.

The order matters. From the moment of registration everything that is committed is delivered, or
held until it is known where the person's conversations stood; so a page asked for after the welcome
and what is delivered leave no hole between them.
"""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from im.errors import NotFound
from im.services.delivery import Delivery, Reader
from im.services.gathering import Gathering
from im.services.presence import Presence
from im.store import members, users
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.members import Standing
from im.store.users import UserRow
from im.wire.registry import Registry


class Admission:
    """Lets connections in and out."""

    def __init__(
        self, database: Database, registry: Registry, delivery: Delivery, presence: Presence
    ) -> None:
        self._database = database
        self._registry = registry
        self._delivery = delivery
        self._presence = presence
        self._loading: dict[int, asyncio.Task[UserRow | None]] = {}
        self._people = Gathering(self._look_up)
        self._arrivals = Gathering(self._look_up_with_standings)

    async def admit(self, reader: Reader) -> UserRow:
        """Register a connection and return its person when it is delivered to.

        Raises ``Unavailable``, or ``NotFound`` when the person has left; then the connection is
        not registered.
        """
        user = reader.user
        first = self._registry.add(reader)
        if first and user not in self._loading:
            self._delivery.begin_loading(user)
            self._loading[user] = asyncio.get_running_loop().create_task(self._load(user))
        loading = self._loading.get(user)
        try:
            if loading is not None:
                row = await asyncio.shield(loading)
            else:
                row = await self._people.get(user)
            if row is None or row.deleted_at is not None:
                raise NotFound("no such person")
        except BaseException:
            self.release(reader)
            raise
        if self._registry.has_user(user):
            self._presence.came(user)
        return row

    def release(self, reader: Reader) -> None:
        """A connection is gone."""
        self._registry.remove(reader)
        self._presence.went(reader.user)

    def used(self, reader: Reader, since: int | None) -> None:
        """The device of a connection is used again, or was not since then (UTC ms)."""
        self._registry.set_away(reader, since is not None)
        self._presence.moved(reader.user, since)

    async def _load(self, user: int) -> UserRow | None:
        row: UserRow | None = None
        standings: list[Standing] = []
        try:
            found = await self._arrivals.get(user)
            if found is not None:
                row, standings = found
        finally:
            if row is None:
                # Nothing is known of their conversations. They are not here when what waits has
                # its place, or each of these would be taken for new and read from its beginning.
                for reader in self._registry.of_user(user):
                    self._registry.remove(reader)
            for name, group, last_seq, joined_seq in (standing[1:] for standing in standings):
                self._delivery.open(name, last_seq)
                if group is not None:
                    self._delivery.join(name, group, user, joined_seq, last_seq)
            self._delivery.end_loading(user)
            # In the same step: whoever comes from now on is registered after all this.
            del self._loading[user]
        return row

    async def _look_up(self, wanted: list[int]) -> dict[int, UserRow]:
        rows = await self._database.read(users.by_ids, wanted)
        return {row.id: row for row in rows}

    async def _look_up_with_standings(self, wanted: list[int]) -> dict[int, Arrival]:
        return await self._database.read(_arrivals, wanted)


Arrival: TypeAlias = tuple[UserRow, list[Standing]]


def _arrivals(cursor: Cursor, wanted: list[int]) -> dict[int, Arrival]:
    """People, and the conversations that each is in, in one call of the database."""
    found: dict[int, Arrival] = {row.id: (row, []) for row in users.by_ids(cursor, wanted)}
    for standing in members.standings(cursor, list(found)):
        found[standing.user][1].append(standing)
    return found
