"""The tutorial's sockets: ``/chat`` (also ``/user/sendUserMsg``) and ``/user/sendMsg``.

Here alone the token may be in the address, as the tutorial has it; it is taken out of the request
before anything could write it down.
"""

from __future__ import annotations

import time

from handlers.socket import SocketHandler
from im.app import Messenger
from im.errors import Forbidden, ImError, Unauthorized, Unavailable
from im.protocol.outgoing import Outgoing, OutgoingBatch
from im.services.identity import Identity
from im.services.limits import TokenBucket
from im.wire.connection import CloseCode
from im.wire.tutorial_owner import TutorialOwner
from im.wire.websocket import WebSocketConnection


class TutorialSocket(SocketHandler):
    """A socket of a person who is known before the handshake."""

    _token: str | None = None

    async def prepare(self) -> None:
        """Know who it is.

        Raises ``Unauthorized``, ``Forbidden`` (another's ``userId``) or ``Malformed``.
        """
        self._token = self.query_argument("token")
        claimed = self.query_argument("userId")
        self._forget_query()
        who = await self.require()
        who.check_scope("read")
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

    def fail(self, connection: WebSocketConnection, error: ImError) -> None:
        """Say what is wrong and close."""
        connection.send(self.messenger.tutorial.error_frame(self.who, error))
        connection.close(CloseCode.TRY_AGAIN_LATER, error.code)

    def _forget_query(self) -> None:
        for arguments in (self.request.query_arguments, self.request.arguments):
            arguments.pop("token", None)
        self.request.uri = self.request.path
        self.request.query = ""


class TutorialChatHandler(TutorialSocket):
    """``/chat?userId=1&token=…``"""

    async def opened(self, connection: WebSocketConnection) -> None:
        """Greet, show what is unread, then what happens."""
        gateway = self.messenger.tutorial
        client = gateway.client(connection, self.who, TokenBucket(self.messenger.pace))
        try:
            await gateway.open(client)
        except ImError as error:
            self.fail(connection, error)
        else:
            connection.belong_to(TutorialOwner(gateway, client))


class ChannelHandler(TutorialSocket):
    """``/user/sendMsg``: what any program publishes on the Redis channel, a line each."""

    async def opened(self, connection: WebSocketConnection) -> None:
        """Listen, if there is something to listen to."""
        if not self.messenger.channel.connected:
            self.fail(connection, Unavailable("no Redis", values={"reason": "redis"}))
            return
        reader = ChannelReader(connection, self.who, self.messenger)
        try:
            await self.messenger.admission.admit(reader)
        except ImError as error:
            self.fail(connection, error)
            return
        self.messenger.channel.add(reader.tell)
        connection.belong_to(reader)


class ChannelReader:
    """A connection that only hears the channel.

    Implements ``services.delivery.Reader``: it is registered like any other, so that it ends with
    its session. Implements ``wire.connection.Owner``.
    """

    def __init__(
        self, connection: WebSocketConnection, identity: Identity, messenger: Messenger
    ) -> None:
        self._connection = connection
        self._identity = identity
        self._messenger = messenger

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

    def deliver_all(self, batch: OutgoingBatch) -> None:
        """Nothing of the messenger is shown here."""

    def end(self) -> None:
        """The session is over."""
        self._connection.close(CloseCode.SESSION_ENDED, "session ended")

    def tell(self, text: str) -> None:
        """Something was published."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        self._connection.send(f"[ws][{now}]:{text}".encode())

    def received(self, message: str | bytes) -> None:
        """Nothing that comes means anything."""

    def pong(self, data: bytes) -> None:
        """A sign of life, which the connection has noted."""

    def goodbye(self, retry_after: int) -> bytes:
        """The line that says that the node is going down."""
        return self._messenger.tutorial.farewell(self._identity, retry_after)

    def gone(self) -> None:
        """The listener is gone."""
        self._messenger.channel.remove(self.tell)
        self._messenger.admission.release(self)
