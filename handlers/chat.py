"""``/ws``: the native protocol."""

from __future__ import annotations

import asyncio
import logging

from handlers.socket import SocketHandler
from im.errors import ImError, Malformed, Unauthorized
from im.protocol.client import Hello
from im.protocol.encoding import decode_frame, encode, frame_id
from im.protocol.server import Error
from im.services.identity import Identity
from im.services.limits import TokenBucket
from im.wire.client import Client
from im.wire.connection import CloseCode

SUBPROTOCOL = "im.v1"

log = logging.getLogger("im.socket")


class ChatHandler(SocketHandler):
    """Who it is comes from the cookie, the ``Authorization`` header, or a first ``hello`` frame."""

    _client: Client | None = None
    _deadline: asyncio.TimerHandle | None = None

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Ours, if it is offered; who offers none gets none."""
        return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None

    async def opened(self) -> None:
        """Let in who is known; wait for the others to say who they are."""
        try:
            identity = await self.identify()
        except ImError as error:
            self._refuse(error, None)
            self.connection.close(CloseCode.TRY_AGAIN_LATER, error.code)
            return
        if identity is not None:
            await self._let_in(identity)
        elif self.session_token() is not None:
            self._refuse(Unauthorized("session ended"), None)
            self.connection.close(CloseCode.SESSION_ENDED, "session ended")
        else:
            self._deadline = asyncio.get_running_loop().call_later(
                self.messenger.settings.sockets.hello_seconds, self._too_late
            )

    async def received(self, message: str | bytes) -> None:
        """A frame of who is known, or the first one of who is not."""
        if self._client is not None:
            await self.messenger.gateway.receive(self._client, message)
            return
        try:
            frame = decode_frame(message if isinstance(message, str) else b"")
            if not isinstance(frame, Hello):
                raise Unauthorized("say hello first", field="op")
            identity = await self.messenger.sessions.resolve(frame.token)
        except ImError as error:
            self._refuse(error, frame_id(message))
            if isinstance(error, Unauthorized | Malformed):
                return
            self.connection.close(CloseCode.TRY_AGAIN_LATER, error.code)
            return
        if self._deadline is not None:
            self._deadline.cancel()
        await self._let_in(identity)

    def gone(self) -> None:
        """The person's connection is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self._client is not None:
            self.messenger.gateway.closed(self._client)

    async def _let_in(self, identity: Identity) -> None:
        limits = self.messenger.settings.limits
        bucket = TokenBucket(
            limits.frames_per_second, limits.frames_burst, asyncio.get_running_loop().time()
        )
        self._client = Client(self.connection, identity, bucket)
        try:
            await self.messenger.gateway.open(self._client)
        except ImError as error:
            self._client = None
            self._refuse(error, None)
            self.connection.close(CloseCode.TRY_AGAIN_LATER, error.code)

    def _too_late(self) -> None:
        self._refuse(Unauthorized("no hello"), None)
        self.connection.close(CloseCode.POLICY, "no hello")

    def _refuse(self, error: ImError, number: str | int | None) -> None:
        self.connection.send(
            encode(
                Error(
                    id=number,
                    code=error.code,
                    message=self.messenger.catalogue.explain(self.language, error),
                    field=error.field,
                    retry_after=error.retry_after,
                )
            )
        )
