"""What a person prefers, the same on all their devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from im.protocol.own_lists import Preferences as Values
from im.protocol.own_lists import PreferencesAnswer
from im.services.identity import Identity
from im.services.states import States
from im.store import preferences, state_versions, users
from im.store.cursor import Cursor
from im.store.database import Database

NAME: Final = "settings"


class Preferences:
    """Keeps everyone's preferences. Language and theme are the account's (``Accounts``)."""

    def __init__(self, database: Database, states: States) -> None:
        self._database = database
        self._states = states

    async def of(self, who: Identity, known: int | None = None) -> PreferencesAnswer:
        """All of a person's; without them if ``known`` is still their version.

        Raises ``Unavailable``.
        """
        return await self._database.read(_read, who.user, known)

    async def change(self, who: Identity, values: Mapping[str, Any]) -> PreferencesAnswer:
        """Change some. Raises ``Unavailable``."""

        def write(cursor: Cursor) -> PreferencesAnswer:
            state_versions.raised(cursor, who.user, NAME)
            preferences.put(cursor, who.user, values)
            return _read(cursor, who.user, None)

        found = await self._database.write(write)
        self._states.changed([who.user], NAME, version=found.version)
        return found


def _read(cursor: Cursor, user: int, known: int | None) -> PreferencesAnswer:
    # The version first: if the list changes meanwhile, it is fetched once more.
    version = state_versions.version(cursor, user, NAME)
    if version == known:
        return PreferencesAnswer(version=version)
    stored = preferences.of_user(cursor, user)
    row = users.by_id(cursor, user)
    if row is not None:
        stored |= {"language": row.language, "theme": row.theme or "system"}
    known_names = set(Values.__struct_fields__)
    values = {name: value for name, value in stored.items() if name in known_names}
    return PreferencesAnswer(version=version, settings=msgspec.convert(values, Values))
