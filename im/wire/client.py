"""A connection whose person is known: what it may do next, and what reaches it."""

from __future__ import annotations

from im.protocol.outgoing import Outgoing
from im.protocol.server import AnyServerFrame
from im.services.identity import Identity
from im.services.limits import TokenBucket
from im.wire.connection import CloseCode, Connection


class Client:
    """A logged-in connection that speaks the native protocol (``services.delivery.Reader``)."""

    __slots__ = ("bucket", "connection", "identity", "pending", "watched")

    def __init__(self, connection: Connection, identity: Identity, bucket: TokenBucket) -> None:
        self.connection = connection
        self.identity = identity
        self.bucket = bucket
        self.pending = 0
        """Frames that wait for their commit."""
        self.watched: frozenset[int] = frozenset()
        """People whose presence is told here."""

    @property
    def user(self) -> int:
        """The person's id."""
        return self.identity.user

    @property
    def session(self) -> int:
        """The session's id."""
        return self.identity.session

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a frame that many receive."""
        self.connection.send(outgoing.encoded)

    def send(self, frame: AnyServerFrame) -> None:
        """Send a frame to this connection alone."""
        self.connection.send(Outgoing(frame).encoded)

    def end(self) -> None:
        """The session is over."""
        self.connection.close(CloseCode.SESSION_ENDED, "session ended")
