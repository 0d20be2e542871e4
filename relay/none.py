"""The bus of a node that is alone: there is nobody to tell."""

from __future__ import annotations

from collections.abc import Mapping

from relay.bus import MAX_PAYLOAD, MAX_TOPIC, BusListener, PayloadTooLarge


class NoneBus:
    """A ``Bus`` without other nodes: what is published reaches nobody and nothing ever arrives."""

    def __init__(self) -> None:
        self._published = 0

    @property
    def address(self) -> str:
        """Nowhere."""
        return ""

    def publish(
        self, topic: str, payload: bytes, *, ordered: bool = False, ephemeral: bool = False
    ) -> None:
        """Count it. Raises ``PayloadTooLarge`` and ``ValueError`` as any bus does."""
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLarge(f"a payload has at most {MAX_PAYLOAD} bytes")
        if len(topic.encode()) > MAX_TOPIC:
            raise ValueError(f"a topic has at most {MAX_TOPIC} bytes")
        self._published += 1

    def members(self) -> list[str]:
        """Nobody."""
        return []

    def statistics(self) -> Mapping[str, float]:
        """How much was published."""
        return {"published": self._published, "delivered": 0, "gaps": 0, "members": 0}

    def keys_held(self) -> dict[str, frozenset[int]]:
        """Nobody holds any."""
        return {}

    async def start(self, listener: BusListener) -> None:
        """Nothing to open."""

    async def ready(self) -> None:
        """At once."""

    async def close(self) -> None:
        """At once."""
