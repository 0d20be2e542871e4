"""How a native connection comes to belong to someone: by its handshake, or by a first ``hello``."""

from __future__ import annotations

import asyncio

from im.errors import Forbidden, ImError, Malformed, Unauthorized
from im.i18n import Catalogue, Language
from im.protocol.client import FrameId, Hello
from im.protocol.encoding import decode_frame, encode, frame_id
from im.protocol.refusal import error_frame
from im.protocol.server import Bye
from im.services.identity import Identity
from im.services.limits import Pace
from im.services.sessions import Sessions
from im.wire.client import Client
from im.wire.connection import CloseCode, Work
from im.wire.gateway import Gateway
from im.wire.websocket import WebSocketConnection

LET_IN_AT_ONCE = 32
"""Handshakes that are under way at once, look-ups in the database included; others wait in line.
What the database answers for all of them together is no more than a few ms of one turn."""


class Entrance:
    """Lets native connections in.

    Args:
        pace: of what a connection may send.
        hello_seconds: time for the first frame to say who it is.

    Attributes:
        turns: held by everyone who is let in, whatever socket it is, while that is done.
    """

    def __init__(
        self,
        gateway: Gateway,
        sessions: Sessions,
        catalogue: Catalogue,
        *,
        pace: Pace,
        hello_seconds: float,
    ) -> None:
        self._gateway = gateway
        self._sessions = sessions
        self._catalogue = catalogue
        self._pace = pace
        self.hello_seconds = hello_seconds
        self.turns = asyncio.Semaphore(LET_IN_AT_ONCE)

    async def let_in(
        self, connection: WebSocketConnection, identity: Identity, language: Language
    ) -> None:
        """Let in who is known; say and close when that cannot be done now."""
        client = Client(connection, identity, self._pace, self._gateway)
        try:
            identity.check_scope("read")
            await self._gateway.open(client)
        except ImError as error:
            self.send_away(connection, error, language)
        else:
            connection.belong_to(client)

    async def hello(self, stranger: Stranger, message: str | bytes) -> None:
        """The frame of someone who is not known yet."""
        stranger.stop_waiting()
        async with self.turns:
            if not stranger.connection.closed:
                await self._hello(stranger, message)

    async def _hello(self, stranger: Stranger, message: str | bytes) -> None:
        try:
            frame = decode_frame(message if isinstance(message, str) else b"")
            if not isinstance(frame, Hello):
                raise Unauthorized("say hello first", field="op")
            identity = await self._sessions.resolve(frame.token)
        except (Unauthorized, Malformed) as error:
            self.refuse(stranger.connection, error, stranger.language, frame_id(message))
            stranger.wait()
        except ImError as error:
            self.send_away(stranger.connection, error, stranger.language, frame_id(message))
        else:
            await self.let_in(stranger.connection, identity, stranger.language)

    def send_away(
        self,
        connection: WebSocketConnection,
        error: ImError,
        language: Language,
        number: FrameId = None,
    ) -> None:
        """Say what is wrong, and close."""
        self.refuse(connection, error, language, number)
        if isinstance(error, Unauthorized):
            connection.close(CloseCode.SESSION_ENDED, "session ended")
        elif isinstance(error, Forbidden):
            connection.close(CloseCode.POLICY, error.code)
        else:
            connection.close(CloseCode.TRY_AGAIN_LATER, error.code)

    def refuse(
        self,
        connection: WebSocketConnection,
        error: ImError,
        language: Language,
        number: FrameId = None,
    ) -> None:
        """Say what is wrong."""
        connection.send(encode(error_frame(self._catalogue, language, error, number)))


class Stranger:
    """The owner of a connection whose person is not known yet (``wire.connection.Owner``)."""

    def __init__(
        self, connection: WebSocketConnection, language: Language, entrance: Entrance
    ) -> None:
        self.connection = connection
        self.language = language
        self._entrance = entrance
        self._until = asyncio.get_running_loop().time() + entrance.hello_seconds
        self.wait()

    def wait(self) -> None:
        """Wait until it says who it is, or its time is over."""
        self._deadline = asyncio.get_running_loop().call_at(self._until, self._too_late)

    def received(self, message: str | bytes) -> Work:
        """A frame has come."""
        return self._entrance.hello(self, message)

    def pong(self, data: bytes) -> None:
        """A sign of life, which the connection has noted."""

    def goodbye(self, retry_after: int) -> bytes:
        """The frame that says that the node is going down; come back after ``retry_after`` ms."""
        return encode(Bye(retry_after=retry_after))

    def gone(self) -> None:
        """The connection is gone."""
        self.stop_waiting()

    def stop_waiting(self) -> None:
        """It has said something, or will say nothing any more."""
        self._deadline.cancel()

    def _too_late(self) -> None:
        self._entrance.refuse(self.connection, Unauthorized("no hello"), self.language)
        self.connection.close(CloseCode.POLICY, "no hello")
