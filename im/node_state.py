"""What a node says of itself: with each heartbeat, and to its clients."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from im.durations import MINUTE_MS
from im.protocol.server import Limits
from im.services.live_figures import Counters
from im.store.nodes import NodeRow

if TYPE_CHECKING:
    from im.app import Messenger


def describe(node: Messenger, version: str) -> NodeRow:
    """The node's row; the database adds the time."""
    return NodeRow(
        name=node.node,
        address=node.listening.address,
        port=node.listening.port,
        relay_address=node.bus.address,
        metrics_port=node.listening.metrics_port,
        version=version,
        process=os.getpid(),
        started_at=node.started_at,
        heartbeat_at=0,
        connections=len(node.registry),
    )


def count(node: Messenger) -> Counters:
    """The node's counters."""
    relay = node.bus.statistics()
    return Counters(
        connections=len(node.registry),
        people=len(node.registry.users()),
        messages=node.messages.committed,
        deliveries=node.delivery.delivered,
        relay_gaps=int(relay.get("gaps", 0)),
        waiting=node.writer.waiting,
    )


def limits(node: Messenger) -> Limits:
    """What clients are told of the limits."""
    settings = node.settings
    return Limits(
        text_bytes=settings.chat.text_bytes,
        frame_bytes=settings.sockets.frame_bytes,
        recall_ms=settings.chat.recall_minutes * MINUTE_MS,
        edit_ms=settings.chat.edit_minutes * MINUTE_MS,
        page=500,
        upload_bytes=settings.media.max_bytes if settings.media.kinds else 0,
        heartbeat_ms=int(settings.sockets.ping_seconds * 1000),
        retention_days=node.retention.days,
    )
