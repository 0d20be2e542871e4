"""An echo server on the messenger's own connections, for the protocol's test suite.

    python -m bench.echo --port 9001
    python -m bench.echo --port 9001 --tls

The port and the handshake are the messenger's; then each message goes back as it came. With
``--tls`` it speaks TLS, too, with a certificate that nobody knows.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import ssl

from tornado.httputil import HTTPHeaders

from bench.throwaway import throwaway_context
from im.wire.capacity import Capacity
from im.wire.frames import BINARY, encode_frame
from im.wire.handshake import BadHandshake, accept
from im.wire.heartbeat import Heartbeat
from im.wire.listener import Listener
from im.wire.masking import fastest_mask
from im.wire.newcomers import Arrival, Newcomers
from im.wire.sockets import Sockets
from im.wire.tls import Tls
from im.wire.websocket import WebSocketConnection

MESSAGE_BYTES = 64 * 1024 * 1024
"""The suite's largest message has 16 MiB."""
QUEUE_BYTES = 64 * 1024 * 1024
BACKLOG = 1024
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Echo:
    """Sends back what comes (``wire.connection.Owner``)."""

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


class EchoServer:
    """Any client, from anywhere."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        self._capacity = Capacity(20_000, 20_000)
        self.sockets = Sockets(
            loop,
            fastest_mask(),
            self._capacity,
            frame_bytes=MESSAGE_BYTES,
            queue_bytes=QUEUE_BYTES,
        )
        self.heartbeat = Heartbeat(self.sockets.connections, ping_seconds=300, dead_seconds=600)
        self.heartbeat.start()
        self.newcomers = Newcomers(
            loop, Tls(lambda: context), self._arrived, most=lambda: 512, seconds=10
        )

    def _arrived(self, arrival: Arrival) -> None:
        head = arrival.data[: arrival.head].decode("latin1")
        try:
            answer = accept(HTTPHeaders.parse(head.partition("\n")[2]), lambda offered: None)
        except BadHandshake:
            self.newcomers.answer(arrival, REFUSAL)
            return
        address = self._capacity.admit(arrival.peer[0])
        connection = self.sockets.open(arrival.connected, address, arrival.tls)
        connection.write(answer)
        connection.belong_to(Echo(connection))
        connection.start(arrival.data[arrival.head :])


async def serve(address: str, port: int, tls: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    server = EchoServer(throwaway_context() if tls else None)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with socket.create_server((address, port), backlog=BACKLOG) as listening:
        listener = Listener(loop, [listening], server.newcomers)
        listener.start()
        print(f"ready on {'wss' if tls else 'ws'}://{address}:{port}", flush=True)
        await stop.wait()
        listener.stop()
    server.newcomers.close()
    server.sockets.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--tls", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.address, arguments.port, arguments.tls))


if __name__ == "__main__":
    main()
