"""What a program sees of the bus: publish to all nodes, and hear who is there.

The bus is the fast path beside a durable log. It never blocks a publisher, never waits for the
slowest node, and says so when it may have lost something (``BusListener.gap``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

MAX_PAYLOAD = 1024 * 1024
"""Largest payload in bytes that one ``publish`` may carry."""

MAX_TOPIC = 255
"""Longest topic in bytes of UTF-8."""


class BusError(Exception):
    """A bus cannot start or go on; the message is for the person who runs the node."""


class PayloadTooLarge(BusError):
    """``publish`` was given more than ``MAX_PAYLOAD`` bytes; nothing was sent."""


class BusListener(Protocol):
    """Callbacks of one node's bus, all on the event loop, none of which may block."""

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        """A payload that ``node`` published. Reliable payloads arrive once; never one's own."""

    def up(self, node: str) -> None:
        """``node`` hears us and is heard: what it publishes from now on arrives or is a ``gap``.

        A ``gap`` follows at once, for what it published before.
        """

    def down(self, node: str) -> None:
        """``node`` left, died or can't be heard. Always after its ``up``, never twice in a row.

        A ``gap`` comes before, unless the node said goodbye and everything of it has arrived.
        """

    def gap(self, node: str) -> None:
        """Something that ``node`` published may never arrive here: catch up from the log."""


class Bus(Protocol):
    """A broadcast to all other nodes. Implementations: ``udp``, ``redis``, ``none``."""

    @property
    def address(self) -> str:
        """Where other nodes reach this one, if they find each other by a list; else empty."""

    def publish(
        self, topic: str, payload: bytes, *, ordered: bool = False, ephemeral: bool = False
    ) -> None:
        """Send ``payload`` to every other node; returns at once.

        Reliable unless ``ephemeral``: each member delivers it exactly once or is told of a ``gap``.
        ``ordered`` payloads of one node are delivered in the order of their publishing; others
        on arrival. ``ephemeral`` payloads are sent once and may be lost.

        Raises ``PayloadTooLarge``, and ``ValueError`` for a topic of more than ``MAX_TOPIC`` bytes.
        """

    def members(self) -> list[str]:
        """Names of the nodes that are up now, without this one, sorted."""

    def statistics(self) -> Mapping[str, float]:
        """Counters and gauges by name, for metrics; none while the bus has never been open.

        At least ``published`` and ``delivered`` payloads, ``gaps`` reported, and ``members``.
        """

    def keys_held(self) -> Mapping[str, frozenset[int]]:
        """Numbers of the cluster keys that each member holds, to see who lacks a new one."""

    async def start(self, listener: BusListener) -> None:
        """Open and begin to talk. Raises ``BusError`` when the bus cannot work as configured."""

    async def ready(self) -> None:
        """Return when the first round of finding others is over (at most about a second).

        Raises ``BusError``, and has closed the bus, when this node must not stay: another live
        node has its name, or the cluster is full.
        """

    async def close(self) -> None:
        """Wait for confirmation of what was published, at most 2 s, say goodbye and close."""
