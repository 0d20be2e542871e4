"""What all socket routes share: capacity, origin, the handshake, and what comes after it.

Tornado routes, authenticates and does the handshake. Then the socket leaves it and becomes an
``im.wire.websocket.WebSocketConnection``; handler, request and stream are let go.
"""

from __future__ import annotations

from typing import Any

from tornado.websocket import WebSocketHandler

from handlers.base import BaseHandler
from handlers.handover import take_socket
from im.errors import Overloaded
from im.wire.capacity import RETRY_MS
from im.wire.connection import CloseCode
from im.wire.websocket import WebSocketConnection

SWITCHING_PROTOCOLS = 101


class SocketHandler(WebSocketHandler, BaseHandler):
    """A socket's handshake. Subclasses say whose it is, in ``opened``."""

    _counted = ""

    async def prepare(self) -> None:
        """Refuse before the handshake what is too much, or not secure.

        Raises ``SecureOnly``, ``Overloaded`` or ``RateLimited``.
        """
        self.refuse_plain()
        if self.messenger.draining:
            raise Overloaded("going down", retry_after=RETRY_MS)
        self._counted = self.messenger.capacity.admit(self.client_address)

    def on_finish(self) -> None:
        """The answer is written: that the handshake is refused, or done."""
        if self.get_status() != SWITCHING_PROTOCOLS:
            self._uncount()

    def check_origin(self, origin: str) -> bool:
        """Called for pages of other hosts only."""
        return self.check_trusted_origin(origin)

    def get_compression_options(self) -> dict[str, Any] | None:
        """None: it would cost memory for each connection, and frames are small."""
        return None

    async def open(self, *args: str, **kwargs: str) -> None:
        """The handshake is done."""
        try:
            await self._take_over()
        finally:
            # If this fails, Tornado does not call ``on_close``.
            self._uncount()

    def on_close(self) -> None:
        """Tornado's part is over: the socket is ours, or was gone before it could be."""
        self._uncount()

    async def opened(self, connection: WebSocketConnection) -> None:
        """Give the connection an owner; reading begins afterwards."""

    async def _take_over(self) -> None:
        stream = getattr(self.ws_connection, "stream", None)
        taken = None if stream is None else take_socket(stream)
        if taken is None:
            return
        connected, data = taken
        # From here on the connection counts, and is counted out when it is gone.
        counted, self._counted = self._counted, ""
        connection = self.messenger.sockets.open(connected, counted)
        try:
            await self.opened(connection)
        except BaseException:
            connection.close(CloseCode.INTERNAL, "internal")
            connection.start(b"")
            raise
        if self.messenger.draining:
            # The others have been told already.
            connection.farewell(RETRY_MS)
        connection.start(data)

    def _uncount(self) -> None:
        counted, self._counted = self._counted, ""
        if counted:
            self.messenger.capacity.release(counted)
