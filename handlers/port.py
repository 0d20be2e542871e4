"""The node's port: pages, programs and sockets, with TLS and without, on the same number.

Whoever comes is a newcomer until the head of the first request is there (``im.wire.newcomers``).
A request for a socket goes to the door, any other to Tornado, which may find one for a socket later
on the same connection and sends it to the same door.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Sequence
from contextlib import suppress

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
)
from tornado.web import Application

from handlers.application import SOCKETS
from handlers.base import MAX_BODY
from handlers.door import Door
from handlers.http_connections import HttpConnections
from handlers.refusal import refusal
from handlers.stream import ArrivalStream
from im.app import Messenger
from im.errors import ImError
from im.i18n import choose
from im.wire.descriptors import FOR_NEWCOMERS
from im.wire.listener import Listener
from im.wire.newcomers import HEAD_BYTES, Arrival, Newcomers, Peer
from im.wire.tls import Tls

MAX_READ = 4 * MAX_BODY
"""Bytes of a body that are read only to say that it is too large; beyond it Tornado hangs up."""
IDLE_SECONDS = 75
"""An idle HTTP connection is closed; longer than what proxies keep (60 s)."""
BODY_SECONDS = 60
LAST_REQUESTS_SECONDS = 0.5
"""At the end, time for requests of connections that were accepted before."""


class Port(HTTPServerConnectionDelegate):
    """Serves an application and its sockets."""

    def __init__(
        self,
        messenger: Messenger,
        application: Application,
        listening: Sequence[socket.socket],
    ) -> None:
        http = messenger.settings.http
        loop = asyncio.get_running_loop()
        self._application = application
        self._catalogue = messenger.catalogue
        self.newcomers = Newcomers(
            loop,
            Tls(messenger.certificates.context),
            self._arrived,
            most=lambda: min(http.max_newcomers, FOR_NEWCOMERS + messenger.capacity.spare),
            seconds=http.first_seconds,
        )
        self._listener = Listener(loop, listening, self.newcomers)
        self.connections = HttpConnections(
            loop,
            http.max_http_connections,
            http.max_http_connections_per_address,
            http.trusted_proxies,
        )
        self.door = Door(messenger, SOCKETS, self.newcomers)
        self._starts = tuple(f"GET {path}".encode() for path in SOCKETS)
        self._plain = http_server(self, "http")
        self._secure = http_server(self, "https")

    def take(self, connected: socket.socket, peer: Peer) -> None:
        """Serve a connection that was accepted elsewhere."""
        self._listener.take(connected, peer)

    def has_room(self) -> bool:
        """Whether there is room for one who was accepted elsewhere."""
        return self.newcomers.make_room()

    def start(self) -> None:
        """Begin to accept."""
        self._listener.start()

    def stop(self) -> None:
        """Accept nothing more; whoever was accepted is answered."""
        self._listener.stop()

    async def close(self) -> None:
        """End what is left, after ``stop``; whoever is about to ask is answered first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_REQUESTS_SECONDS):
                await self.newcomers.poller.empty()
        self.newcomers.close()
        self.connections.close()
        await self.door.close()
        await self._plain.close_all_connections()
        await self._secure.close_all_connections()

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Tornado begins to read a request."""
        self.connections.waits(server_conn)  # type: ignore[arg-type]
        return Reading(self, self._application, server_conn, request_conn)

    def _arrived(self, arrival: Arrival) -> None:
        request = self._read(arrival) if arrival.data.startswith(self._starts) else None
        if request is not None:
            self.door.enter(request, arrival)
            return
        try:
            counted = self.connections.admit(arrival.peer)
        except ImError as error:
            self.newcomers.answer(arrival, refusal(self._catalogue, choose(), error))
            return
        stream = ArrivalStream(arrival, MAX_READ, self.connections.gone)
        self.connections.add(stream, counted)
        server = self._plain if arrival.tls is None else self._secure
        server.handle_stream(stream, arrival.peer)

    def _read(self, arrival: Arrival) -> HTTPServerRequest | None:
        """The request, if it is one that the door wants; read by what Tornado reads it with."""
        text = arrival.data[: arrival.head].decode("latin1")
        end = text.find("\n")
        try:
            line = parse_request_start_line(text[:end].rstrip("\r"))
            headers = HTTPHeaders.parse(text[end:])
            if not self.door.wanted(line, headers):
                return None
            request = HTTPServerRequest(start_line=line, headers=headers)
        except HTTPInputError:
            return None  # Tornado says what is wrong with it
        request.remote_ip = arrival.peer[0]
        request.protocol = "http" if arrival.tls is None else "https"
        return request


def http_server(delegate: HTTPServerConnectionDelegate, protocol: str = "http") -> HTTPServer:
    """A server with the limits that hold for all requests, listening nowhere yet."""
    return HTTPServer(
        delegate,
        protocol=protocol,
        max_body_size=MAX_READ,
        max_buffer_size=MAX_READ,
        max_header_size=HEAD_BYTES,
        idle_connection_timeout=IDLE_SECONDS,
        body_timeout=BODY_SECONDS,
    )


class Reading(HTTPMessageDelegate):
    """A request that Tornado reads, for the door or for the application."""

    def __init__(
        self,
        port: Port,
        application: Application,
        server_conn: object,
        request_conn: HTTPConnection,
    ) -> None:
        self._port = port
        self._door = port.door
        self._server_conn = server_conn
        self._request_conn = request_conn
        self._delegate = application.start_request(server_conn, request_conn)

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """See ``HTTPMessageDelegate``."""
        self._port.connections.works(self._server_conn)  # type: ignore[arg-type]
        if not isinstance(start_line, RequestStartLine) or not self._door.wanted(
            start_line, headers
        ):
            return self._delegate.headers_received(start_line, headers)
        connection = self._request_conn
        request = HTTPServerRequest(connection=connection, start_line=start_line, headers=headers)
        arrival = connection.detach().take_back()  # type: ignore[attr-defined]
        if arrival is not None:
            self._door.enter(request, arrival)
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """See ``HTTPMessageDelegate``."""
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        """See ``HTTPMessageDelegate``."""
        self._delegate.finish()

    def on_connection_close(self) -> None:
        """See ``HTTPMessageDelegate``."""
        self._delegate.on_connection_close()
