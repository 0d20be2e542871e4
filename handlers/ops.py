"""For those who run the node: alive, ready, figures."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from handlers.base import BaseHandler, PlainHandler
from handlers.figures import Figures
from handlers.operation import ApiHandler, operation
from im.app import Messenger, now_ms
from im.protocol import bodies
from im.protocol.encoding import encode


class HealthHandler(PlainHandler):
    """``/healthz``: the event loop answers; nothing else is asked."""

    def get(self) -> None:
        """Alive."""
        self.set_header("Content-Type", "application/json")
        self.finish(encode({"status": "ok"}))


class ReadyHandler(BaseHandler):
    """``/readyz``: send people here, or not now and why."""

    async def get(self) -> None:
        """200, or 503 with reasons."""
        reasons = []
        if self.messenger.draining:
            reasons.append("draining")
        if not await self.messenger.database.healthy():
            reasons.append("database")
        self.set_status(503 if reasons else 200)
        channel = self.messenger.channel
        self.write_json(
            {
                "status": "not ready" if reasons else "ready",
                "reasons": reasons,
                "node": self.messenger.node,
                "version": self.messenger.version,
                "members": self.messenger.cluster.members(),
                "redis": ("up" if channel.connected else "down") if channel.available else "none",
            }
        )


class MetricsHandler(PlainHandler):
    """``/metrics``, on a port of its own."""

    def initialize(self, registry: CollectorRegistry) -> None:
        """Given by the routes."""
        self._registry = registry

    def get(self) -> None:
        """All figures, in Prometheus' text format."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(self._registry))


class TimeHandler(ApiHandler):
    """``/api/time``"""

    def refuse_plain(self) -> None:
        """Refused to nobody: the doctor of another machine asks it, and it tells nothing else."""

    @operation("The server's clock", access="anyone", answer=bodies.TimeAnswer)
    async def get(self) -> bodies.TimeAnswer:
        """A network without internet may have no other."""
        return bodies.TimeAnswer(time=now_ms())


def figures(messenger: Messenger) -> CollectorRegistry:
    """The node's figures, read when they are asked for."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(messenger))
    return registry
