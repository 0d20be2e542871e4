"""A connection whose person is known: what it may do next, and what reaches it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from im.protocol.encoding import encode
from im.protocol.outgoing import Outgoing, OutgoingBatch
from im.protocol.server import AnyServerFrame, Bye
from im.services.identity import Identity
from im.services.limits import Pace, TokenBucket
from im.wire.connection import CloseCode, Connection, Work
from im.wire.frames import TEXT, encode_frame

NOBODY: frozenset[int] = frozenset()


class Desk(Protocol):
    """Works on what clients send; ``wire.gateway`` implements it."""

    def receive(self, client: Client, data: str | bytes) -> Work | None:
        """Handle one frame; the next one comes when what this returns is done."""

    def closed(self, client: Client) -> None:
        """A connection is gone."""


class Client(TokenBucket):
    """A logged-in connection that speaks the native protocol.

    It is the bucket of its own frames: an object less for each connection. Implements
    ``services.delivery.Reader`` and ``wire.connection.Owner``.
    """

    __slots__ = ("_desk", "connection", "identity", "pending", "room", "since", "watched")

    def __init__(self, connection: Connection, identity: Identity, pace: Pace, desk: Desk) -> None:
        super().__init__(pace)
        self._desk = desk
        self.connection = connection
        self.identity = identity
        self.pending = 0
        """Frames that wait for their commit."""
        self.room: asyncio.Future[None] | None = None
        """Done when fewer of them wait; until then no further frame is read."""
        self.since = 0.0
        """When that was last so (the loop's time)."""
        self.watched = NOBODY
        """People whose presence is told here."""

    @property
    def user(self) -> int:
        """The person's id."""
        return self.identity.user

    @property
    def session(self) -> int:
        """The session's id."""
        return self.identity.session

    @property
    def came(self) -> float:
        """When the frame that is worked on came, or could be read (the loop's time)."""
        return max(self.connection.came, self.since)

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a frame that many receive."""
        packed = outgoing.packed
        if packed is None:
            packed = outgoing.packed = encode_frame(TEXT, outgoing.encoded)
        self.connection.write(packed)

    def deliver_all(self, batch: OutgoingBatch) -> None:
        """Send frames that many receive."""
        packed = batch.packed
        if packed is None:
            packed = batch.packed = b"".join(
                [encode_frame(TEXT, outgoing.encoded) for outgoing in batch.frames]
            )
        self.connection.write(packed)

    def send(self, frame: AnyServerFrame) -> None:
        """Send a frame to this connection alone."""
        self.connection.send(encode(frame))

    def end(self) -> None:
        """The session is over."""
        self.connection.close(CloseCode.SESSION_ENDED, "session ended")

    def received(self, message: str | bytes) -> Work | None:
        """A frame has come."""
        return self._desk.receive(self, message)

    def pong(self, data: bytes) -> None:
        """A sign of life, which the connection has noted."""

    def goodbye(self, retry_after: int) -> bytes:
        """The frame that says that the node is going down; come back after ``retry_after`` ms."""
        return encode(Bye(retry_after=retry_after))

    def gone(self) -> None:
        """The connection is gone."""
        self._desk.closed(self)
