"""Who is writing: told to the other readers, never stored, dropped where it does not arrive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from im.protocol.outgoing import Outgoing
from im.protocol.server import TypingNow
from im.services.cluster import Cluster
from im.services.delivery import Reader
from im.services.identity import Identity
from im.services.rights import Rights
from im.services.signals import TypingSignal


class Readers(Protocol):
    """The local connections."""

    def of_conversation(self, conversation: str) -> Iterable[Reader]:
        """Connections of those who read this conversation."""


class TypingNotes:
    """Passes on that someone is writing."""

    def __init__(self, rights: Rights, cluster: Cluster, readers: Readers) -> None:
        self._rights = rights
        self._cluster = cluster
        self._readers = readers
        cluster.on(TypingSignal, self._on_signal)

    async def note(self, who: Identity, target: str) -> None:
        """A person writes to a target. Raises what ``Rights.to_write`` raises."""
        access = await self._rights.to_write(who, target)
        if access.name == "all":
            return
        signal = TypingSignal(conv=access.name, user=who.user)
        self._on_signal("", signal)
        self._cluster.publish(signal, ephemeral=True)

    def _on_signal(self, _: str, signal: TypingSignal) -> None:
        outgoing = Outgoing(TypingNow(conv=signal.conv, user=signal.user))
        for reader in self._readers.of_conversation(signal.conv):
            if reader.user != signal.user:
                reader.deliver(outgoing)
