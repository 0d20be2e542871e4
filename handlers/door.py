"""The door: every socket of the node opens here, whoever has read its request.

It asks who may come in, answers the handshake (RFC 6455) or refuses it as any request is refused,
and makes the connection an ``im.wire.websocket.WebSocketConnection``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus

from tornado.httputil import (
    HTTPHeaders,
    HTTPServerRequest,
    RequestStartLine,
    format_timestamp,
)

from handlers.base import DEFAULT_HEADERS
from handlers.request_log import log_answer
from handlers.socket import SocketHandler
from im.app import Messenger
from im.errors import Forbidden, ImError, Internal, Malformed, Overloaded
from im.protocol.encoding import encode
from im.protocol.refusal import error_answer
from im.wire.capacity import RETRY_MS
from im.wire.connection import CloseCode
from im.wire.handshake import VERSION, BadHandshake, OtherVersion, accept, asks_for_websocket
from im.wire.newcomers import Arrival, Newcomers
from im.wire.websocket import WebSocketConnection

SWITCHING_PROTOCOLS = 101
UPGRADE_REQUIRED = 426

log = logging.getLogger("im.socket")


class Door:
    """Opens sockets.

    Args:
        handlers: by path.
        newcomers: where those go who are refused.
    """

    def __init__(
        self,
        messenger: Messenger,
        handlers: Mapping[str, type[SocketHandler]],
        newcomers: Newcomers,
    ) -> None:
        self._messenger = messenger
        self._handlers = handlers
        self._newcomers = newcomers
        self._entering: set[asyncio.Task[None]] = set()

    def wanted(self, line: RequestStartLine, headers: HTTPHeaders) -> bool:
        """Whether a request asks for one of the sockets."""
        return line.path.partition("?")[0] in self._handlers and asks_for_websocket(
            line.method, line.version, headers
        )

    def enter(self, request: HTTPServerRequest, arrival: Arrival) -> None:
        """Let a connection in, or refuse it; ``request`` was wanted."""
        handler = self._handlers[request.path](self._messenger, request)
        task = asyncio.get_running_loop().create_task(self._enter(handler, arrival))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def close(self) -> None:
        """Give up those who are still at the door."""
        entering = list(self._entering)
        for task in entering:
            task.cancel()
        await asyncio.gather(*entering, return_exceptions=True)

    async def _enter(self, handler: SocketHandler, arrival: Arrival) -> None:
        connection: WebSocketConnection | None = None
        capacity, counted = self._messenger.capacity, ""
        try:
            handler.refuse_plain()
            if self._messenger.draining:
                raise Overloaded("going down", retry_after=RETRY_MS)
            counted = capacity.admit(handler.client_address)
            await handler.prepare()
            if handler.from_elsewhere:
                raise Forbidden("a page of another host", field="Origin")
            answer = accept(handler.request.headers, handler.select_subprotocol)
            # From here on the connection counts, and is counted out when it is gone.
            connection = self._messenger.sockets.open(arrival.connected, counted, arrival.tls)
        except (ImError, BadHandshake) as error:
            self._refuse(handler, arrival, error)
        except Exception as error:
            log.exception("a handshake failed")
            self._refuse(handler, arrival, error)
        except BaseException:
            arrival.connected.close()
            raise
        finally:
            if connection is None and counted:
                capacity.release(counted)
        if connection is not None:
            connection.write(answer)
            log_answer(handler.request, SWITCHING_PROTOCOLS)
            await self._open(handler, connection, arrival.data[arrival.head :])

    async def _open(
        self, handler: SocketHandler, connection: WebSocketConnection, data: bytes
    ) -> None:
        try:
            await handler.opened(connection)
        except Exception:
            log.exception("a socket could not be opened")
            connection.close(CloseCode.INTERNAL, "internal")
        else:
            if self._messenger.draining:
                # The others have been told already.
                connection.farewell(RETRY_MS)
        connection.start(data)

    def _refuse(self, handler: SocketHandler, arrival: Arrival, error: Exception) -> None:
        shown = error if isinstance(error, ImError) else Internal()
        status, headers = shown.status, handler.transport_headers()
        if isinstance(error, BadHandshake):
            shown = Malformed(str(error), field="Sec-WebSocket-Version")
            status = Malformed.status
        if isinstance(error, OtherVersion):
            status = UPGRADE_REQUIRED
            headers["Sec-WebSocket-Version"] = VERSION
        if shown.retry_after is not None:
            headers["Retry-After"] = str(-(-shown.retry_after // 1000))
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="im"'
        body = encode(error_answer(self._messenger.catalogue, handler.language, shown))
        self._newcomers.answer(arrival, _response(status, headers, body))
        log_answer(handler.request, status)


def _response(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole response (RFC 9112), after which the connection ends."""
    fields = {
        **DEFAULT_HEADERS,
        **headers,
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Date": format_timestamp(time.time()),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + body
