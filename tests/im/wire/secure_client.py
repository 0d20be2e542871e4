"""A client inside TLS on a plain socket, so that tests see and cut what is on the wire."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from functools import cache

from bench.throwaway import throwaway_context
from im.wire.tls import TlsSession
from tests.im.wire.pair import WAIT


@cache
def server_context() -> ssl.SSLContext:
    """A server's, with a certificate that nobody knows."""
    return throwaway_context()


def client_context() -> ssl.SSLContext:
    """A client's, which takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


class SecureClient:
    """The client's side."""

    def __init__(
        self,
        connected: socket.socket,
        context: ssl.SSLContext | None = None,
        before: ssl.SSLSession | None = None,
    ) -> None:
        self.connected = connected
        self._come = ssl.MemoryBIO()
        self.out = ssl.MemoryBIO()
        self.session = (context or client_context()).wrap_bio(
            self._come, self.out, server_hostname="localhost", session=before
        )
        self._data = b""
        self.ended = False

    @property
    def protocol(self) -> str | None:
        """What was agreed upon by ALPN."""
        return self.session.selected_alpn_protocol()

    async def handshake(self) -> None:
        """Do it. Raises ``ssl.SSLError``."""
        while True:
            try:
                self.session.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self.flush()
                await self.receive()
        await self.flush()

    def seal(self, data: bytes) -> bytes:
        """What goes over the wire for this."""
        view = memoryview(data)
        while view:
            view = view[self.session.write(view) :]
        return self.out.read()

    async def write(self, data: bytes) -> None:
        """Send."""
        await self._send(self.seal(data))

    async def flush(self) -> None:
        """Send what the session has to say."""
        await self._send(self.out.read())

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes."""
        while len(self._data) < count:
            assert not self.ended, f"ended after {self._data[-80:]!r}"
            await self._more()
        data, self._data = self._data[:count], self._data[count:]
        return data

    async def read_all(self) -> bytes:
        """Everything until ``close_notify``."""
        while not self.ended:
            await self._more()
        data, self._data = self._data, b""
        return data

    async def _more(self) -> None:
        try:
            data = self.session.read(65536)
        except ssl.SSLWantReadError:
            await self.receive()
            return
        if not data:
            self.ended = True
        self._data += data

    async def receive(self) -> None:
        """Take in what comes next."""
        async with asyncio.timeout(WAIT):
            data = await asyncio.get_running_loop().sock_recv(self.connected, 65536)
        if data:
            self._come.write(data)
        else:
            self._come.write_eof()

    async def _send(self, data: bytes) -> None:
        async with asyncio.timeout(WAIT):
            with suppress(ConnectionResetError, BrokenPipeError):
                await asyncio.get_running_loop().sock_sendall(self.connected, data)


class MemoryClient:
    """The client's side without a socket."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._come = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self.session = (context or client_context()).wrap_bio(
            self._come, self._out, server_hostname="localhost"
        )
        self.ended = False

    def shake(self, other: TlsSession, size: int = 1 << 16) -> None:
        """Do the handshake with a server's session; what goes there is cut into pieces."""
        done = False
        while not (done and other.established):
            try:
                self.session.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            wire = self._out.read()
            for start in range(0, len(wire), size):
                assert other.receive(wire[start : start + size]) == b""
            self._come.write(other.unsent)
            other.unsent = b""
        self.open(b"")

    def seal(self, data: bytes) -> bytes:
        """What goes over the wire for this."""
        view = memoryview(data)
        while view:
            view = view[self.session.write(view) :]
        return self._out.read()

    def open(self, wire: bytes) -> bytes:
        """What has come, opened."""
        self._come.write(wire)
        opened = b""
        while not self.ended:
            try:
                data = self.session.read(65536)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                data = b""
            self.ended = not data
            opened += data
        return opened

    def end(self) -> bytes:
        """What says that nothing more comes."""
        with suppress(ssl.SSLWantReadError):
            self.session.unwrap()
        return self._out.read()
