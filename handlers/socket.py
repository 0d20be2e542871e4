"""What all socket routes share: capacity, origin, heartbeat, and how a frame reaches its owner."""

from __future__ import annotations

from typing import Any

from tornado.websocket import WebSocketHandler

from handlers.base import BaseHandler
from handlers.connection import TornadoConnection
from im.protocol.encoding import encode
from im.protocol.server import Bye


class SocketHandler(WebSocketHandler, BaseHandler):
    """A socket. Subclasses say what is spoken: ``opened``, ``received`` and ``gone``."""

    connection: TornadoConnection
    _counted = ""

    async def prepare(self) -> None:
        """Refuse before the handshake what is too much. Raises ``Overloaded``, ``RateLimited``."""
        self.messenger.capacity.admit(self.client_address)
        self._counted = self.client_address

    def on_finish(self) -> None:
        """The handshake was refused."""
        if self.ws_connection is None:
            self._uncount()

    def check_origin(self, origin: str) -> bool:
        """Called for pages of other hosts only."""
        return self.check_trusted_origin(origin)

    def get_compression_options(self) -> dict[str, Any] | None:
        """None: it would cost memory for each connection, and frames are small."""
        return None

    async def open(self, *args: str, **kwargs: str) -> None:
        """The handshake is done."""
        self.set_nodelay(True)
        self.connection = TornadoConnection(
            self,
            self._counted,
            self.messenger.settings.sockets.queue_bytes,
            self.messenger.count_slow_reader,
            self.goodbye,
        )
        self.messenger.heartbeat.watch(self.connection)
        self.messenger.connections.add(self.connection)
        await self.opened()

    async def on_message(self, message: str | bytes) -> None:
        """A frame has come; the next one is read when this is done."""
        self.connection.hear()
        connections = self.messenger.connections
        if connections.listening:
            with connections.work():
                await self.received(message)

    def on_pong(self, data: bytes) -> None:
        """A sign of life."""
        self.connection.hear()

    def on_ping(self, data: bytes) -> None:
        """A sign of life."""
        self.connection.hear()

    def on_close(self) -> None:
        """The socket is gone."""
        self._uncount()
        self.connection.closed = True
        self.messenger.connections.discard(self.connection)
        self.gone()

    def goodbye(self, retry_after: int) -> bytes:
        """The frame that says that the node is going down; come back after ``retry_after`` ms."""
        return encode(Bye(retry_after=retry_after))

    async def opened(self) -> None:
        """The connection can be used."""

    async def received(self, message: str | bytes) -> None:
        """A frame has come."""

    def gone(self) -> None:
        """Let go of what the connection held."""

    def _uncount(self) -> None:
        counted, self._counted = self._counted, ""
        if counted:
            self.messenger.capacity.release(counted)
