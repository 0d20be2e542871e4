"""Profiles: those who know a person hear at once of their other name, picture or note.

They are told, not asked to fetch: the frame says all that others may know. Who is not connected, or
misses it, gets the person with the next list or page that names them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from im.protocol import names
from im.protocol.encoding import encode
from im.protocol.outgoing import Outgoing
from im.protocol.server import Profile
from im.services import views
from im.services.cluster import Cluster
from im.services.limits import SharedLimits
from im.services.signals import ProfileSignal
from im.store import contacts, members, users
from im.store.cursor import Cursor
from im.store.database import Database

SHOWN = frozenset({"name", "note", "avatar_id", "kind", "role"})
"""Columns of a person that others see."""
NAMES_IN_SIGNAL = 500
"""Conversations that one signal names: with 16 bytes each it stays far below what the bus takes."""

Tell = Callable[[str, Outgoing], None]
"""Hands a frame to those who read a conversation here, many of them in slices."""


class Profiles:
    """Tells contacts, and those in common conversations, what they may know of someone now.

    Args:
        changes: how often one person changes what others see.
    """

    def __init__(
        self, database: Database, cluster: Cluster, limits: SharedLimits, tell: Tell, changes: str
    ) -> None:
        self._database = database
        self._cluster = cluster
        self._limits = limits
        self._tell = tell
        self._changes = changes
        cluster.on(ProfileSignal, self._on_signal)

    async def count(self, user: int, values: Mapping[str, Any]) -> None:
        """A person wants to change these columns of theirs. Raises ``RateLimited``."""
        if SHOWN & values.keys():
            await self._limits.hit(self._changes, "profile", str(user))

    async def known_to(self, user: int) -> list[str]:
        """Conversations, begun or not, whose readers know a person."""

        def read(cursor: Cursor) -> list[str]:
            found = {standing.name for standing in members.standings(cursor, [user])}
            for row in contacts.of_user(cursor, user):
                if row.state == "accepted":
                    found.add(names.private(user, row.target))
            return sorted(found)

        return await self._database.read(read)

    async def changed(self, user: int, conversations: list[str]) -> None:
        """Tell those who read these conversations, on every node, who this person is now."""
        row = await self._database.read(users.by_id, user)
        if row is None:
            return
        frame = encode(Profile(user=views.user(row)))
        for start in range(0, len(conversations), NAMES_IN_SIGNAL):
            part = conversations[start : start + NAMES_IN_SIGNAL]
            signal = ProfileSignal(frame=frame, conversations=part)
            self._on_signal("", signal)
            self._cluster.publish(signal)

    def _on_signal(self, _: str, signal: ProfileSignal) -> None:
        outgoing = Outgoing(encoded=signal.frame)
        for conversation in signal.conversations:
            self._tell(conversation, outgoing)
