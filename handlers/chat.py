"""``/ws``: the native protocol."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.socket import SocketHandler
from im.errors import ImError, Unauthorized
from im.wire.entrance import Stranger
from im.wire.websocket import WebSocketConnection

SUBPROTOCOL = "im.v1"


class ChatHandler(SocketHandler):
    """Who it is comes from the cookie, the ``Authorization`` header, or a first ``hello`` frame."""

    def select_subprotocol(self, offered: Sequence[str]) -> str | None:
        """Ours, if it is offered; who offers none gets none."""
        return SUBPROTOCOL if SUBPROTOCOL in offered else None

    async def opened(self, connection: WebSocketConnection) -> None:
        """Let in who is known; wait for the others to say who they are."""
        entrance = self.messenger.entrance
        try:
            identity = await self.identify()
        except ImError as error:
            entrance.send_away(connection, error, self.language)
            return
        if identity is not None:
            await entrance.let_in(connection, identity, self.language)
        elif self.session_token() is not None:
            entrance.send_away(connection, Unauthorized("session ended"), self.language)
        else:
            connection.belong_to(Stranger(connection, self.language, entrance))
