"""What all connections of a node share, and what is known of them together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from im.wire.capacity import Capacity
from im.wire.frames import Decoder
from im.wire.masking import Mask
from im.wire.poller import Poller, fastest_poll
from im.wire.portable_poll import Poll
from im.wire.secure import SecureConnection
from im.wire.tls import TlsSession
from im.wire.websocket import WebSocketConnection

READ_BYTES = 64 * 1024
"""What is read at once, and what may wait of a connection while a frame of it is worked on."""

FLUSH_SECONDS = 0.001
"""Time for sending in one turn of the loop; then others have their turn."""


class Sockets:
    """Makes connections, lends them what they need in turns, and sends once in a turn of the loop.

    Args:
        frame_bytes: the largest message; a larger one closes its connection with 1009.
        queue_bytes: what may wait for a slow reader; more closes its connection with 1013.
        poll: None for the fastest.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        mask: Mask,
        capacity: Capacity,
        *,
        frame_bytes: int,
        queue_bytes: int,
        poll: Poll | None = None,
    ) -> None:
        self.loop = loop
        self.mask = mask
        self.frame_bytes = frame_bytes
        self.queue_bytes = queue_bytes
        self.buffer = bytearray(READ_BYTES)
        self.view = memoryview(self.buffer)
        self.connections: Poller[WebSocketConnection] = Poller(loop, poll or fastest_poll())
        self.listening = True
        """Whether messages are still passed on. At the end they are not: what would be done could
        not be answered any more, and whoever sent it sends it again elsewhere."""
        self.slow_readers = 0
        """Connections closed because they read too slowly."""
        self.reading: WebSocketConnection | None = None
        """The connection that passes on what has come; what it is to send leaves right after."""
        self._capacity = capacity
        self._decoder: Decoder | None = None
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._to_do: list[Callable[[], object]] = []

    def open(
        self, connected: socket.socket, address: str, tls: TlsSession | None = None
    ) -> WebSocketConnection:
        """A connection on a socket after its handshake; ``address`` was admitted by the capacity.

        It reads nothing before its ``start``.
        """
        if tls is None:
            connection = WebSocketConnection(self, connected, address)
        else:
            connection = SecureConnection(self, connected, address, tls)
        self.connections.add(connected.fileno(), connection)
        return connection

    def gone(self, connection: WebSocketConnection, descriptor: int) -> None:
        """A connection is gone."""
        self._capacity.release(connection.address)
        self.connections.discard(descriptor)

    def lend_decoder(self) -> Decoder:
        """For what has come on a connection; it keeps it while a part of a message is missing."""
        decoder, self._decoder = self._decoder, None
        return decoder or Decoder(self.mask, self.frame_bytes)

    def take_back(self, decoder: Decoder) -> None:
        """A decoder at rest, for the next connection."""
        self._decoder = decoder

    def work_begins(self) -> None:
        """A message is being worked on."""
        self._working += 1
        self._idle.clear()

    def work_ends(self) -> None:
        """It is done."""
        self._working -= 1
        if not self._working:
            self._idle.set()

    async def idle(self) -> None:
        """Return when no message is being worked on."""
        await self._idle.wait()

    def count_slow_reader(self) -> None:
        """A connection was closed because it read too slowly."""
        self.slow_readers += 1

    def flush_soon(self, connection: WebSocketConnection) -> None:
        """Send what this connection has when this turn of the loop is over, all at once."""
        if not self._to_do:
            self.loop.call_soon(self._flush)
        self._to_do.append(connection.flush)

    def when_sent(self, call: Callable[[], None]) -> None:
        """Call in a turn of the loop of its own, behind what waits to be sent now.

        Who has much to say says a part and goes on like this: then what others say meanwhile is
        behind that part and not behind all of it.
        """
        if self._to_do:
            self._to_do.append(partial(self.loop.call_soon, call))
        else:
            self.loop.call_soon(call)

    def close(self) -> None:
        """Drop what is left; there will be no more."""
        for connection in self.connections:
            connection.abort()
        self.connections.close()

    def _flush(self) -> None:
        to_do, self._to_do = self._to_do, []
        time = self.loop.time
        end = time() + FLUSH_SECONDS
        for number, do in enumerate(to_do, 1):
            do()
            if time() > end:
                later = to_do[number:]
                if later and not self._to_do:
                    self.loop.call_soon(self._flush)
                self._to_do = later + self._to_do
                break
