"""Who is writing: told to the other readers, never stored, dropped where it does not arrive.

Not in large groups: each note goes to every reader, and somebody always writes there. Elsewhere
both the node of who writes and those of the readers keep to a pace, whatever programs send.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from im.protocol.outgoing import Outgoing
from im.protocol.server import TypingNow
from im.services.cluster import Cluster
from im.services.delivery import Reader
from im.services.identity import Identity
from im.services.rights import Access, Rights
from im.services.signals import TypingSignal
from im.services.typing_pace import TypingPace
from im.store import members
from im.store.database import Database

COUNTED_SECONDS = 60.0
"""So long a group's size is remembered."""
MAX_COUNTED = 10_000
"""Groups whose size is remembered."""


class Readers(Protocol):
    """The local connections."""

    def of_conversation(self, conversation: str) -> Iterable[Reader]:
        """Connections of those who read this conversation."""


class TypingNotes:
    """Passes on that someone is writing.

    Args:
        group_members: the largest group in which it is told.
    """

    def __init__(
        self,
        rights: Rights,
        database: Database,
        cluster: Cluster,
        readers: Readers,
        group_members: int,
    ) -> None:
        self._rights = rights
        self._database = database
        self._cluster = cluster
        self._readers = readers
        self._group_members = group_members
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._pace = TypingPace()
        cluster.on(TypingSignal, self._on_signal)

    async def note(self, who: Identity, target: str) -> None:
        """A person writes to a target. Raises what ``Rights.to_write`` raises."""
        access = await self._rights.to_write(who, target)
        if access.name == "all" or await self._size(access) > self._group_members:
            return
        signal = TypingSignal(conv=access.name, user=who.user)
        if self._pace.admits(signal.conv, signal.user, asyncio.get_running_loop().time()):
            self._tell(signal)
            self._cluster.publish(signal, ephemeral=True)

    async def _size(self, access: Access) -> int:
        """Members of a group, as of a moment ago; 0 for a private conversation."""
        if access.name.startswith("p:"):
            return 0
        now = asyncio.get_running_loop().time()
        counted, size = self._counted.get(access.name, (0.0, 0))
        if not size or now - counted > COUNTED_SECONDS:
            sizes = await self._database.read(members.counts, {access.conversation})
            size = sizes.get(access.conversation, 0)
            self._counted[access.name] = (now, size)
            self._counted.move_to_end(access.name)
            if len(self._counted) > MAX_COUNTED:
                self._counted.popitem(last=False)
        return size

    def _on_signal(self, _: str, signal: TypingSignal) -> None:
        if self._pace.admits(signal.conv, signal.user, asyncio.get_running_loop().time()):
            self._tell(signal)

    def _tell(self, signal: TypingSignal) -> None:
        outgoing = Outgoing(TypingNow(conv=signal.conv, user=signal.user))
        for reader in self._readers.of_conversation(signal.conv):
            if reader.user != signal.user:
                reader.deliver(outgoing)
