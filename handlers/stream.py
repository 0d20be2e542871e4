"""What Tornado reads and writes when a request is not for a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tornado.iostream import IOStream, StreamClosedError

from im.wire.newcomers import Arrival
from im.wire.tls import TlsError, TlsSession


class ArrivalStream(IOStream):
    """A connection whose first request has come already, perhaps inside TLS.

    Tornado sees what is spoken inside; what is on the wire goes through the session.

    Args:
        ended: called once with the stream, when it is closed or its connection taken back.

    Attributes:
        last_taken: when the other side last took something, by the loop's clock.
    """

    def __init__(
        self, arrival: Arrival, max_buffer_size: int, ended: Callable[[ArrivalStream], object]
    ) -> None:
        self._arrival = arrival
        self._ended = ended
        self._come: bytes | memoryview = arrival.data
        self._tls: TlsSession | None = arrival.tls
        self._taken = False
        self._clock = asyncio.get_running_loop().time
        self.last_taken = self._clock()
        super().__init__(arrival.connected, max_buffer_size=max_buffer_size)

    @property
    def fresh(self) -> bool:
        """Whether what has come before is still to be read."""
        return bool(self._come)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """See ``BaseIOStream``."""
        if not self._come and self._tls is not None:
            return self._read_sealed(self._tls, buf)
        if not self._come:
            return super().read_from_fd(buf)
        return self._give(buf)

    def write_to_fd(self, data: memoryview) -> int:
        """See ``BaseIOStream``. As long as it is not all on its way, nothing counts as written."""
        if self._tls is None:
            return self._note_taken(super().write_to_fd(data))
        try:
            return self._tls.send(data, lambda sealed: self._note_taken(self.socket.send(sealed)))
        except TlsError as error:
            raise ConnectionAbortedError(str(error)) from None
        finally:
            del data

    def close_fd(self) -> None:
        """See ``BaseIOStream``."""
        if not self._taken:
            if self._tls is not None:
                self._say_goodbye(self._tls)
            self.socket.close()
        self.socket = None  # type: ignore[assignment]
        self._ended(self)

    def take_back(self) -> Arrival | None:
        """The connection, with what has come of it and is not read; None when it is gone.

        The stream is closed; the connection lives on.
        """
        connected = self.socket
        try:
            if self.closed() or self.writing():
                return None
            data = _read_already(self)
            self._taken = True
        except (StreamClosedError, OSError):
            return None
        finally:
            self.close()
        data += bytes(self._come)
        return Arrival(connected, self._arrival.peer, self._tls, data, 0)

    def _note_taken(self, count: int) -> int:
        if count:
            self.last_taken = self._clock()
        return count

    def _give(self, buf: bytearray | memoryview) -> int:
        count = min(len(buf), len(self._come))
        buf[:count] = self._come[:count]
        self._come = memoryview(self._come)[count:]
        if not self._come:
            self._come = b""
        return count

    def _read_sealed(self, tls: TlsSession, buf: bytearray | memoryview) -> int | None:
        if tls.ended:
            return 0
        count = super().read_from_fd(buf)
        if not count:
            return count
        try:
            self._come = tls.receive(memoryview(buf)[:count])
        except TlsError as error:
            raise ConnectionAbortedError(str(error)) from None
        if self._come:
            return self._give(buf)
        return 0 if tls.ended else None

    def _say_goodbye(self, tls: TlsSession) -> None:
        with suppress(OSError):  # nobody is there to hear it
            self.socket.send(tls.close())


def _read_already(stream: IOStream) -> bytes:
    """Raises ``StreamClosedError`` or ``OSError`` when reading shows that the client is gone."""
    # Done at once when something is there, and never later: the stream is closed soon.
    reading = asyncio.ensure_future(stream.read_bytes(stream.max_buffer_size, partial=True))
    if reading.done():
        return reading.result()
    reading.add_done_callback(lambda done: done.exception())
    return b""
