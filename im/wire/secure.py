"""A client's socket after the handshake, inside TLS."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from im.wire.tls import TlsError, TlsSession
from im.wire.websocket import CLOSED, WebSocketConnection

if TYPE_CHECKING:
    from im.wire.sockets import Sockets

log = logging.getLogger("im.socket")


class SecureConnection(WebSocketConnection):
    """As ``WebSocketConnection``; what is on the wire goes through a session.

    When either side says that it sends no more (``close_notify``), that counts as the end of its
    stream: what came before is still answered, then the connection is gone.
    """

    __slots__ = ("_tls",)

    def __init__(
        self, sockets: Sockets, connected: socket.socket, address: str, tls: TlsSession
    ) -> None:
        super().__init__(sockets, connected, address)
        self._tls = tls

    def _readable(self) -> None:
        super()._readable()
        if self._tls.ended and self._state != CLOSED and not self._hung_up:
            self._hang_up()

    def _receive(self) -> bytes:
        sockets, tls = self._sockets, self._tls
        count = self._socket.recv_into(sockets.buffer)
        if not count:
            return b""
        try:
            data = tls.receive(sockets.view[:count])
        except TlsError as error:
            log.info("%s: TLS: %s", self.address, error)
            if tls.unsent:
                self._socket.send(tls.unsent)  # an alert; whoever breaks off is not waited for
            raise ConnectionAbortedError(str(error)) from None
        if not data and not tls.ended:
            raise BlockingIOError  # a part of a record
        return data

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._tls.send(data, self._socket.send)
        except TlsError as error:
            log.info("%s: TLS: %s", self.address, error)
            raise ConnectionAbortedError(str(error)) from None

    def _shut_down(self) -> None:
        self._say_goodbye()
        super()._shut_down()

    def _drop(self) -> None:
        if self._state != CLOSED:
            self._say_goodbye()
        super()._drop()

    def _say_goodbye(self) -> None:
        """Both sides say so before they close (RFC 8446, section 6.1). When the socket takes
        nothing now they go without: what matters was said in a close frame."""
        with suppress(OSError):
            self._socket.send(self._tls.close())
