"""The tutorial's sockets: ``/chat`` (also ``/user/sendUserMsg``) and ``/user/sendMsg``.

Here alone the token may be in the address, as the tutorial has it; it is taken out of the request
before anything could write it down.
"""

from __future__ import annotations

import asyncio
import time

from handlers.socket import SocketHandler
from im.errors import Forbidden, ImError, Unauthorized, Unavailable
from im.protocol.outgoing import Outgoing
from im.services.identity import Identity
from im.services.limits import TokenBucket
from im.wire.connection import CloseCode, Connection
from im.wire.tutorial_client import TutorialClient


class TutorialSocket(SocketHandler):
    """A socket of a person who is known before the handshake."""

    _token: str | None = None

    async def prepare(self) -> None:
        """Know who it is.

        Raises ``Unauthorized``, ``Forbidden`` (another's ``userId``) or what a socket's capacity
        raises.
        """
        self._token = self.get_query_argument("token", None)
        claimed = self.get_query_argument("userId", None)
        self._forget_query()
        await super().prepare()
        who = await self.require()
        if claimed is not None and claimed != str(who.user):
            raise Forbidden("not yours", field="userId", values={"reason": "user_id"})

    def session_token(self) -> str | None:
        """The header's token, else the address's, else the cookie's."""
        return self.bearer_token() or self._token or super().session_token()

    @property
    def who(self) -> Identity:
        """The person, known since ``prepare``."""
        if self._identity is None:
            raise Unauthorized("no valid session")
        return self._identity

    def goodbye(self, retry_after: int) -> bytes:
        """The line that says that the node is going down."""
        return self.messenger.tutorial.farewell(self.who, retry_after)

    def fail(self, error: ImError) -> None:
        """Say what is wrong and close."""
        self.connection.send(self.messenger.tutorial.error_frame(self.who, error))
        self.connection.close(CloseCode.TRY_AGAIN_LATER, error.code)

    def _forget_query(self) -> None:
        for arguments in (self.request.query_arguments, self.request.arguments):
            arguments.pop("token", None)
        self.request.uri = self.request.path
        self.request.query = ""


class TutorialChatHandler(TutorialSocket):
    """``/chat?userId=1&token=…``"""

    _client: TutorialClient | None = None

    async def opened(self) -> None:
        """Greet, show what is unread, then what happens."""
        limits = self.messenger.settings.limits
        bucket = TokenBucket(
            limits.frames_per_second, limits.frames_burst, asyncio.get_running_loop().time()
        )
        client = self.messenger.tutorial.client(self.connection, self.who, bucket)
        try:
            await self.messenger.tutorial.open(client)
        except ImError as error:
            self.fail(error)
            return
        self._client = client

    async def received(self, message: str | bytes) -> None:
        """A frame has come."""
        if self._client is not None:
            await self.messenger.tutorial.receive(self._client, message)

    def on_pong(self, data: bytes) -> None:
        """What was sent before the ping has arrived."""
        super().on_pong(data)
        if self._client is not None:
            self.messenger.tutorial.pong(self._client, data)

    def gone(self) -> None:
        """The person's connection is gone."""
        if self._client is not None:
            self.messenger.tutorial.closed(self._client)


class ChannelHandler(TutorialSocket):
    """``/user/sendMsg``: what any program publishes on the Redis channel, a line each."""

    _reader: ChannelReader | None = None

    async def opened(self) -> None:
        """Listen, if there is something to listen to."""
        if not self.messenger.channel.connected:
            self.fail(Unavailable("no Redis", values={"reason": "redis"}))
            return
        reader = ChannelReader(self.connection, self.who)
        try:
            await self.messenger.admission.admit(reader)
        except ImError as error:
            self.fail(error)
            return
        self._reader = reader
        self.messenger.channel.add(self._tell)

    def gone(self) -> None:
        """The listener is gone."""
        if self._reader is not None:
            self.messenger.channel.remove(self._tell)
            self.messenger.admission.release(self._reader)

    def _tell(self, text: str) -> None:
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        self.connection.send(f"[ws][{now}]:{text}".encode())


class ChannelReader:
    """A connection that only hears the channel (``services.delivery.Reader``).

    It is registered like any other, so that it ends with its session.
    """

    def __init__(self, connection: Connection, identity: Identity) -> None:
        self._connection = connection
        self._identity = identity

    @property
    def user(self) -> int:
        """The person's id."""
        return self._identity.user

    @property
    def session(self) -> int:
        """The session's id."""
        return self._identity.session

    def deliver(self, outgoing: Outgoing) -> None:
        """Nothing of the messenger is shown here."""

    def end(self) -> None:
        """The session is over."""
        self._connection.close(CloseCode.SESSION_ENDED, "session ended")
