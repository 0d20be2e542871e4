"""A client's socket on Tornado's ``WebSocketHandler``, as ``im.wire.connection.Connection``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tornado.iostream import StreamBufferFullError, StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from im.wire.connection import CloseCode

GOODBYE_BYTES = 4096
"""Room beyond the queue's limit, for the close frame that says why."""


class TornadoConnection:
    """Sends on an open handler. Frames that come are the handler's to pass on."""

    def __init__(
        self,
        handler: WebSocketHandler,
        address: str,
        queue_bytes: int,
        on_slow: Callable[[], None],
        goodbye: Callable[[int], bytes],
    ) -> None:
        self._handler = handler
        self._on_slow = on_slow
        self._goodbye = goodbye
        self._closing = False
        self.address = address
        self.closed = False
        self.heard = asyncio.get_running_loop().time()
        self._queue_bytes = queue_bytes

    def hear(self) -> None:
        """Something came from the other side."""
        self.heard = asyncio.get_running_loop().time()

    def send(self, encoded: bytes) -> None:
        """See ``Connection.send``."""
        if self.closed or self._closing:
            return
        stream = self._stream()
        if stream is not None and not stream.writing():
            # What waits behind a frame is bounded, not the frame: a page of the log that is larger
            # than the queue would be asked for, and refused, again and again.
            stream.max_write_buffer_size = self._queue_bytes + len(encoded)
        try:
            sent = self._handler.write_message(encoded)
        except (WebSocketClosedError, StreamClosedError):
            return
        except StreamBufferFullError:
            self._on_slow()
            if stream is not None:
                stream.max_write_buffer_size += GOODBYE_BYTES
            self.close(CloseCode.TRY_AGAIN_LATER, "too slow")
            return
        # That someone is gone is told elsewhere; nobody waits for this.
        sent.add_done_callback(_ignore)

    def ping(self, data: bytes = b"") -> None:
        """See ``Connection.ping``."""
        try:
            self._handler.ping(data)
        except (WebSocketClosedError, StreamClosedError, StreamBufferFullError):
            self.abort()

    def close(self, code: CloseCode, reason: str = "") -> None:
        """See ``Connection.close``."""
        if self.closed or self._closing:
            return
        self._closing = True
        self._handler.close(int(code), reason)

    def farewell(self, retry_after: int) -> None:
        """See ``Connection.farewell``."""
        self.send(self._goodbye(retry_after))
        self.close(CloseCode.GOING_AWAY, "going down")

    def abort(self) -> None:
        """See ``Connection.abort``."""
        stream = self._stream()
        if stream is not None:
            stream.close()

    def _stream(self) -> Any:
        return getattr(self._handler.ws_connection, "stream", None)


def _ignore(done: asyncio.Future[None]) -> None:
    if not done.cancelled():
        done.exception()
