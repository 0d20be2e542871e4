"""Taking a socket away from Tornado once its handshake is done."""

from __future__ import annotations

import asyncio
import socket

from tornado.iostream import IOStream, StreamClosedError


def take_socket(stream: IOStream) -> tuple[socket.socket, bytes] | None:
    """The stream's socket, and what was read from it already; None if it is closed.

    The stream is closed, its connection is not: the socket is a duplicate. Raises
    ``NotImplementedError`` for a stream that encrypts.
    """
    if stream.closed():
        return None
    # Done at once when something is there, and never later: the stream is closed below.
    reading = asyncio.ensure_future(stream.read_bytes(stream.max_buffer_size, partial=True))
    data = b""
    if reading.done():
        try:
            data = reading.result()
        except StreamClosedError:
            return None
    else:
        reading.add_done_callback(lambda done: done.exception())
    taken = stream.socket.dup()
    stream.close()
    taken.setblocking(False)
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return taken, data
