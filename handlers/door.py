"""The door: every socket of the node opens here, whoever has read its request.

It asks who may come in, answers the handshake (RFC 6455) or refuses it as any request is refused,
and makes the connection an ``im.wire.websocket.WebSocketConnection``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from handlers.refusal import refusal
from handlers.request_log import begin, log_answer
from handlers.socket import SocketHandler
from im.app import Messenger
from im.errors import Forbidden, ImError, Internal, Malformed, Overloaded
from im.wire.capacity import RETRY_MS
from im.wire.connection import CloseCode
from im.wire.handshake import VERSION, BadHandshake, OtherVersion, accept, asks_for_websocket
from im.wire.newcomers import Arrival, Newcomers
from im.wire.websocket import WebSocketConnection

SWITCHING_PROTOCOLS = 101
UPGRADE_REQUIRED = 426
IN_LINE_SECONDS = 20.0
"""Whoever waits longer in line to be let in is asked to come back later."""

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
        begin(request)
        handler = self._handlers[request.path](self._messenger, request)
        try:
            counted = self._admit(handler)
        except ImError as error:
            self._refuse(handler, arrival, error)
            return
        task = asyncio.get_running_loop().create_task(self._enter(handler, arrival, counted))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def close(self) -> None:
        """Give up those who are still at the door."""
        entering = list(self._entering)
        for task in entering:
            task.cancel()
        await asyncio.gather(*entering, return_exceptions=True)

    def _admit(self, handler: SocketHandler) -> str:
        """Count a connection; the address that it counts for. Nothing is looked up yet: a refusal
        for want of room costs next to nothing, whoever waits in line. Raises an ``ImError``."""
        handler.refuse_plain()
        if self._messenger.draining:
            raise Overloaded("going down", retry_after=RETRY_MS)
        return self._messenger.capacity.admit(handler.client_address)

    async def _enter(self, handler: SocketHandler, arrival: Arrival, counted: str) -> None:
        connection: WebSocketConnection | None = None
        try:
            async with self._turn():
                if arrival.gone:
                    arrival.connected.close()
                    return
                answer = await self._accept(handler)
                # From here on the connection counts, and is counted out when it is gone.
                connection = self._messenger.sockets.open(arrival.connected, counted, arrival.tls)
                connection.begin_with(answer)
                log_answer(handler.request, SWITCHING_PROTOCOLS)
                await self._open(handler, connection, arrival.data[arrival.head :])
        except Exception as error:
            if connection is not None:
                raise
            if not isinstance(error, ImError | BadHandshake):
                log.exception("a handshake failed")
            self._refuse(handler, arrival, error)
        except BaseException:
            if connection is None:
                arrival.connected.close()
            raise
        finally:
            if connection is None:
                self._messenger.capacity.release(counted)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the turns in which people are let in. Raises ``Overloaded``."""
        turns = self._messenger.entrance.turns
        if turns.locked():
            try:
                async with asyncio.timeout(IN_LINE_SECONDS):
                    await turns.acquire()
            except TimeoutError:
                raise Overloaded("the line is too long", retry_after=RETRY_MS) from None
        else:
            await turns.acquire()  # at once
        try:
            yield
        finally:
            turns.release()

    async def _accept(self, handler: SocketHandler) -> bytes:
        """The answer to the handshake. Raises an ``ImError`` or ``BadHandshake``."""
        await handler.prepare()
        if handler.from_elsewhere:
            raise Forbidden("a page of another host", field="Origin")
        return accept(handler.request.headers, handler.select_subprotocol)

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
        answer = refusal(self._messenger.catalogue, handler.language, shown, status, headers)
        self._newcomers.answer(arrival, answer)
        log_answer(handler.request, status)
