"""TLS for connections that the node drives itself: bytes in, bytes out (RFC 8446, RFC 5246).

No sockets and no clock. All sessions share one pair of memory buffers: a session takes all that is
put into the one, keeping what is no whole record yet itself, and all that it puts into the other is
taken out at once. Buffers of its own would cost each connection 2 KiB for as long as it is open.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

HANDSHAKE = 0x16
"""The first byte of every TLS connection, and of no HTTP request (RFC 8446, section 5.1)."""
RECORD_BYTES = 16 * 1024
"""Plaintext of one record (RFC 8446, section 5.1)."""
UNSENT_BYTES = 16 * 1024
"""What a session may have to say beside what it is given: its handshake takes a quarter of it."""

Data: TypeAlias = bytes | bytearray | memoryview


class TlsError(Exception):
    """The session has failed; what it has to say about it (``TlsSession.unsent``) may be sent."""


class Tls:
    """Makes sessions.

    Args:
        context: what new sessions use, asked for each, so that a renewed certificate is used at
            once; None when there is no TLS. It must not let clients renegotiate.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext | None]) -> None:
        self._context = context
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()

    def session(self) -> TlsSession | None:
        """The server's side of a new connection; None when there is no TLS."""
        context = self._context()
        if context is None:
            return None
        return TlsSession(self, context.wrap_bio(self.incoming, self.outgoing, server_side=True))


class TlsSession:
    """The server's side of one connection."""

    __slots__ = ("_bytes_sealed", "_sealed", "_session", "_tls", "ended", "established", "unsent")

    def __init__(self, tls: Tls, session: ssl.SSLObject) -> None:
        self._tls = tls
        self._session = session
        self._sealed: bytes | memoryview = b""
        self._bytes_sealed = 0
        self.established = False
        """Whether the handshake is done."""
        self.ended = False
        """Whether the other side has said that nothing more comes (RFC 8446, section 6.1)."""
        self.unsent = b""
        """What the session itself has to send: its part of the handshake, an alert."""

    def receive(self, data: Data) -> bytes:
        """What has come, opened; it may be nothing yet. Raises ``TlsError``."""
        incoming, outgoing = self._tls.incoming, self._tls.outgoing
        incoming.write(data)
        try:
            if not self.established:
                self._session.do_handshake()
                self.established = True
            opened = self._open(incoming)
        except ssl.SSLWantReadError:
            opened = b""
        except ssl.SSLError as error:
            raise TlsError(error.reason or "failed") from None
        finally:
            if outgoing.pending:
                self.unsent += outgoing.read()
            if incoming.pending:
                incoming.read()
        if len(self.unsent) > UNSENT_BYTES:
            raise TlsError("asks for too much")
        return opened

    @property
    def may_wait(self) -> bool:
        """Whether what is unsent may go with what is said next: it is a ticket for the next time
        (RFC 8446, section 4.6.1), or nobody waits for it. Before TLS 1.3 the handshake ends with
        it (RFC 5246, section 7.3)."""
        return self.established and self._session.version() == "TLSv1.3"

    def seal(self, data: Data) -> bytes:
        """What is to be sent, as records, behind what was unsent. Raises ``TlsError``."""
        write = self._session.write
        try:
            written = write(data)
            if written < len(view := memoryview(data)):
                while written < len(view):
                    written += write(view[written:])
        except ssl.SSLError as error:
            self._tls.outgoing.read()
            raise TlsError(error.reason or "failed") from None
        sealed = self._tls.outgoing.read()
        if self.unsent:
            sealed, self.unsent = self.unsent + sealed, b""
        return sealed

    def send(self, data: bytes | memoryview, send: Callable[[bytes | memoryview], int]) -> int:
        """Send sealed; how much of ``data`` is on its way, 0 as long as its records are not.

        When it is 0 the next call must have data that begins as this one's. Raises what ``send``
        raises, or ``TlsError``.
        """
        if not self._sealed:
            self._sealed = self.seal(data)
            self._bytes_sealed = len(data)
        sent = send(self._sealed)
        if sent < len(self._sealed):
            self._sealed = memoryview(self._sealed)[sent:]
            return 0
        self._sealed = b""
        return self._bytes_sealed

    def close(self) -> bytes:
        """What says to the other side that nothing more comes; nothing, if it was said or cannot
        be."""
        if self._sealed:
            return b""
        with suppress(ssl.SSLError):  # said, but not answered yet, or not possible any more
            self._session.unwrap()
        said, self.unsent = self.unsent + self._tls.outgoing.read(), b""
        return said

    def _open(self, incoming: ssl.MemoryBIO) -> bytes:
        session = self._session
        opened = b""
        while incoming.pending or session.pending():
            try:
                record = session.read(RECORD_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                record = b""  # as it says it when we have said so before
            if not record:
                self.ended = True
                break
            opened = opened + record if opened else record
        return opened
