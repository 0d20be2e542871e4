"""An echo server on the messenger's own connections, for the protocol's test suite.

    python -m bench.echo --port 9001

The handshake is Tornado's, as in the messenger; then each message goes back as it came.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import Any

from tornado.web import Application
from tornado.websocket import WebSocketHandler

from handlers.handover import take_socket
from im.wire.capacity import Capacity
from im.wire.frames import BINARY, encode_frame
from im.wire.heartbeat import Heartbeat
from im.wire.masking import fastest_mask
from im.wire.sockets import Sockets
from im.wire.websocket import WebSocketConnection

MESSAGE_BYTES = 64 * 1024 * 1024
"""The suite's largest message has 16 MiB."""
QUEUE_BYTES = 64 * 1024 * 1024


class Echo:
    """Sends back what comes (``wire.websocket.Owner``)."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection

    def received(self, message: str | bytes) -> None:
        """Send it back."""
        if isinstance(message, str):
            self._connection.send(message.encode())
        else:
            self._connection.write(encode_frame(BINARY, message))

    def pong(self, data: bytes) -> None:
        """Nothing to do."""

    def goodbye(self, retry_after: int) -> None:
        """Nothing to say."""

    def gone(self) -> None:
        """Nothing to let go of."""


class EchoHandler(WebSocketHandler):
    """Any client, from anywhere."""

    def initialize(self, sockets: Sockets, capacity: Capacity) -> None:
        """Given by the route."""
        self._sockets = sockets
        self._capacity = capacity

    def check_origin(self, origin: str) -> bool:
        """Everyone's pages may."""
        return True

    def open(self, *args: str, **kwargs: str) -> None:
        """The handshake is done."""
        stream: Any = getattr(self.ws_connection, "stream", None)
        taken = take_socket(stream)
        if taken is not None:
            address = str(self.request.remote_ip)
            self._capacity.admit(address)
            connection = self._sockets.open(taken[0], address)
            connection.belong_to(Echo(connection))
            connection.start(taken[1])


async def serve(address: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    capacity = Capacity(20_000, 20_000)
    heartbeat = Heartbeat(ping_seconds=300, dead_seconds=600)
    heartbeat.start(loop.time())
    sockets = Sockets(
        loop,
        fastest_mask(),
        capacity,
        heartbeat,
        frame_bytes=MESSAGE_BYTES,
        queue_bytes=QUEUE_BYTES,
    )
    given = {"sockets": sockets, "capacity": capacity}
    server = Application([(r"/.*", EchoHandler, given)]).listen(port, address)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    print(f"ready on ws://{address}:{port}", flush=True)
    await stop.wait()
    server.stop()
    sockets.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--address", default="127.0.0.1")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.address, arguments.port))


if __name__ == "__main__":
    main()
