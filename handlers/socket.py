"""What all socket routes share. How their handshake goes: ``handlers.door``."""

from __future__ import annotations

from collections.abc import Sequence

from tornado.escape import utf8
from tornado.httputil import HTTPServerRequest

from handlers.base import BaseHandler
from handlers.caller import Caller
from im.app import Messenger
from im.errors import Malformed
from im.wire.websocket import WebSocketConnection


class SocketHandler(Caller):
    """A socket's handshake. Subclasses say whose it is, in ``opened``."""

    def __init__(self, messenger: Messenger, request: HTTPServerRequest) -> None:
        self.messenger = messenger
        self.request = request

    async def prepare(self) -> None:
        """Refuse before the handshake is answered. Raises an ``ImError``."""

    def select_subprotocol(self, offered: Sequence[str]) -> str | None:
        """One of those that are offered, or none."""
        return None

    async def opened(self, connection: WebSocketConnection) -> None:
        """Give the connection an owner; reading begins afterwards."""

    def query_argument(self, name: str) -> str | None:
        """The last value of an argument in the address. Raises ``Malformed``."""
        values = self.request.query_arguments.get(name)
        if not values:
            return None
        try:
            return utf8(values[-1]).decode().strip()
        except UnicodeDecodeError:
            raise Malformed("not UTF-8", field=name) from None


class SocketPage(BaseHandler):
    """What is shown of a socket's route to whoever does not ask for a WebSocket, or not rightly."""

    def get(self) -> None:
        """Refuse."""
        raise Malformed("for WebSockets only", field="Upgrade")
