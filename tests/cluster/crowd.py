"""A crowd: people with a session each, who all come to a node at the same moment."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import ssl
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

from im.services.sessions import token_hash
from im.store import sessions, users
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate
from tests.im.wire.secure_client import client_context

DAY_MS = 24 * 3600 * 1000
SLICE = 500
PING = Frame(Opcode.TEXT, b'{"op":"ping","id":"there?"}').serialize(mask=True)
RETRY_AFTER = re.compile(rb"\r\nRetry-After: ([1-9][0-9]*)\r\n")


async def make_crowd(url: str, size: int) -> list[str]:
    """So many people in a database, which need not be there yet; a token of each."""
    database = open_database(DatabaseSettings(url))
    tokens = [secrets.token_urlsafe(32) for _ in range(size)]

    def write(cursor: Cursor, numbers: range) -> None:
        for number in numbers:
            row = users.create(cursor, f"one of many {number}", "user", None, None, None, "en")
            digest = token_hash(tokens[number])
            sessions.open_session(cursor, digest, row.id, "crowd", "127.0.0.1", DAY_MS)

    try:
        await migrate(database)
        await bootstrap(database)
        for start in range(0, size, SLICE):
            await database.write(write, range(start, min(start + SLICE, size)))
    finally:
        await database.close()
    return tokens


@dataclass
class Storm:
    """What became of those who came.

    Attributes:
        answers: how often each status was answered; 0: the connection was lost before.
        retries: each ``Retry-After`` of a refusal.
        over: set when everybody has an answer.
    """

    answers: Counter[int] = field(default_factory=Counter)
    retries: list[int] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _let_in: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def rage(self, url: str, tokens: Sequence[str], *, secure: bool = False) -> None:
        """All come at once, and stay until ``end``."""
        context = client_context() if secure else None
        await asyncio.gather(*(self._come(url, token, context) for token in tokens))
        self.over.set()

    async def still_there(self) -> int:
        """How many of those who were let in are answered, on the connection that they have."""
        return sum(await asyncio.gather(*(_answered(*streams) for streams in self._let_in)))

    def end(self) -> None:
        """All hang up."""
        for _, writer in self._let_in:
            writer.transport.abort()

    async def _come(self, url: str, token: str, tls: ssl.SSLContext | None) -> None:
        place = urlsplit(url)
        request = (
            f"GET /ws HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
        connected = socket.socket()
        connected.setblocking(False)
        try:
            # Not behind all the others' connecting: each speaks as soon as it is there.
            connected.connect_ex((place.hostname, place.port))
            if tls is None and connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                with suppress(BlockingIOError, OSError):
                    request = request[connected.send(request) :]
            await writable(connected)
            reader, writer = await asyncio.open_connection(
                sock=connected,
                ssl=tls,
                server_hostname=None if tls is None else "localhost",
                ssl_handshake_timeout=None if tls is None else 120,
            )
        except OSError:
            connected.close()
            self.answers[0] += 1
            return
        writer.write(request)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            if status == 101:
                await reader.readuntil(b"welcome")
                self._let_in.append((reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            status, head = 0, b""
        self.answers[status] += 1
        if status in (429, 503):
            found = RETRY_AFTER.search(head)
            assert found is not None, head
            self.retries.append(int(found[1]))
        if status != 101:
            writer.transport.abort()


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether a ping is answered, and not by hanging up."""
    writer.write(PING)
    try:
        await reader.readuntil(b'"ok","id":"there?"')
    except (OSError, asyncio.IncompleteReadError):
        return False
    return True


async def writable(connected: socket.socket) -> None:
    """Return when it is connected, or cannot be."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(connected.fileno(), lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(connected.fileno())
