"""Small lists of a person's own (contacts, groups, settings …): their devices hear of changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, Protocol, cast

from im.protocol.outgoing import Outgoing
from im.protocol.server import State
from im.services.cluster import Cluster
from im.services.delivery import Reader
from im.services.signals import StateSignal

ListName = Literal["contacts", "groups", "settings", "quick_replies", "sessions", "conversations"]


class OfUser(Protocol):
    """Knows a person's local connections."""

    def of_user(self, user: int) -> Iterable[Reader]:
        """The person's connections."""


class States:
    """Tells a person's connections, on every node, to fetch a list anew."""

    def __init__(self, cluster: Cluster, readers: OfUser) -> None:
        self._cluster = cluster
        self._readers = readers
        cluster.on(StateSignal, self._on_signal)

    def changed(
        self, users: Collection[int], name: ListName, conversation: str = "", version: int = 0
    ) -> None:
        """A list of these people has changed; ``version`` is its new one, if it has one."""
        signal = StateSignal(users=list(users), name=name, conv=conversation, version=version)
        self._on_signal("", signal)
        self._cluster.publish(signal)

    def _on_signal(self, _: str, signal: StateSignal) -> None:
        name = cast(ListName, signal.name)
        frame = State(list=name, conv=signal.conv or None, version=signal.version or None)
        outgoing = Outgoing(frame)
        for user in signal.users:
            for reader in self._readers.of_user(user):
                reader.deliver(outgoing)
