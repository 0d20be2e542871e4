"""Taking a socket away from Tornado once its handshake is done."""

from __future__ import annotations

import asyncio
import logging
import socket

from tornado.iostream import IOStream, StreamClosedError

log = logging.getLogger("im.socket")


def take_socket(stream: IOStream) -> tuple[socket.socket, bytes] | None:
    """The stream's socket, and what was read from it already.

    None if it is closed, has not even taken the handshake, or cannot be taken over now (no
    descriptor is free). The stream is closed in any case; the connection lives on in the socket, a
    duplicate. Raises ``NotImplementedError`` for a stream that encrypts.
    """
    taken: socket.socket | None = None
    try:
        if stream.closed() or stream.writing():
            return None
        data = _read_already(stream)
        taken = stream.socket.dup()
        taken.setblocking(False)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except StreamClosedError:
        return None
    except OSError as error:
        log.warning("a socket cannot be taken over: %s", error)
        if taken is not None:
            taken.close()
        return None
    finally:
        stream.close()
    return taken, data


def _read_already(stream: IOStream) -> bytes:
    """Raises ``StreamClosedError`` or ``OSError`` when reading shows that the client is gone."""
    # Done at once when something is there, and never later: the stream is closed soon.
    reading = asyncio.ensure_future(stream.read_bytes(stream.max_buffer_size, partial=True))
    if reading.done():
        return reading.result()
    reading.add_done_callback(lambda done: done.exception())
    return b""
