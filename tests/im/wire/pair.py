"""A connection on a real pair of sockets, and an owner that notes what it is told."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from select import epoll

from websockets.frames import Frame, Opcode

from im.wire.capacity import Capacity
from im.wire.connection import Work
from im.wire.masking import fastest_mask
from im.wire.portable_poll import Poll
from im.wire.sockets import Sockets
from im.wire.tls import TlsSession
from im.wire.websocket import WebSocketConnection

WAIT = 30.0
QUEUE_BYTES = 100_000
FRAME_BYTES = 200_000


def sent(opcode: Opcode, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A frame of a client."""
    return Frame(opcode, payload, fin).serialize(mask=True)


def text(payload: str) -> bytes:
    """A text message of a client."""
    return sent(Opcode.TEXT, payload.encode())


async def until(condition: Callable[[], bool]) -> None:
    """Return when it is so."""
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - the condition has no event of its own
            await asyncio.sleep(0.001)


class Listener:
    """An owner that notes what it is told; ``hold`` makes it wait with each message."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self.connection = connection
        self.messages: list[str | bytes] = []
        self.done: list[str | bytes] = []
        self.pongs: list[bytes] = []
        self.times_gone = 0
        self.free = asyncio.Event()
        self.hold = False
        self.failure: Exception | None = None
        self.fails_later = False
        self.on_each: Callable[[], object] = lambda: None

    def received(self, message: str | bytes) -> Work | None:
        self.messages.append(message)
        self.on_each()
        if self.failure is not None and not self.fails_later:
            raise self.failure
        if self.hold or self.fails_later:
            return self._work(message)
        self.done.append(message)
        return None

    async def _work(self, message: str | bytes) -> None:
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        self.done.append(message)

    def pong(self, data: bytes) -> None:
        self.pongs.append(data)
        self.on_each()

    def goodbye(self, retry_after: int) -> bytes | None:
        return f"bye {retry_after}".encode()

    def gone(self) -> None:
        self.times_gone += 1


class FullPoll:
    """An ``epoll`` of a kernel that watches nothing more for one descriptor."""

    def __init__(self) -> None:
        self._poll = epoll()
        self.fileno = self._poll.fileno
        self.unregister = self._poll.unregister
        self.poll = self._poll.poll
        self.close = self._poll.close
        self.full_for = -1

    def register(self, fd: int, eventmask: int, /) -> None:
        """Watch a descriptor, if there is room."""
        self._refuse(fd)
        self._poll.register(fd, eventmask)

    def modify(self, fd: int, eventmask: int, /) -> None:
        """Watch it for something else, if there is room."""
        self._refuse(fd)
        self._poll.modify(fd, eventmask)

    def _refuse(self, fd: int) -> None:
        if fd == self.full_for:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Pair:
    """A connection and the client's end of its socket."""

    def __init__(self, sockets: Sockets, capacity: Capacity, tls: TlsSession | None = None) -> None:
        here, self.client = socket.socketpair()
        here.setblocking(False)
        self.client.setblocking(False)
        # So that little is enough to make it wait.
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.server_end = here
        capacity.admit("there")
        self.capacity = capacity
        self.sockets = sockets
        self.connection = sockets.open(here, "there", tls)
        self.owner = Listener(self.connection)
        self.connection.belong_to(self.owner)

    @property
    def kept(self) -> int:
        """Bytes that wait until the message that is worked on is done."""
        decoder, held = self.connection._decoder, self.connection._held
        return (decoder.kept if decoder else 0) + (held.size if held is not None else 0)

    def beside(self) -> Pair:
        """Another connection of the same node."""
        return Pair(self.sockets, self.capacity)

    async def write(self, data: bytes) -> None:
        """Send as the client."""
        async with asyncio.timeout(WAIT):
            await asyncio.get_running_loop().sock_sendall(self.client, data)

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes, as the client."""
        data = b""
        async with asyncio.timeout(WAIT):
            while len(data) < count:
                more = await asyncio.get_running_loop().sock_recv(self.client, count - len(data))
                assert more, f"ended after {data[-80:]!r}"
                data += more
        return data

    async def read_all(self) -> bytes:
        """Everything until the other side ends, as the client."""
        data = b""
        async with asyncio.timeout(WAIT):
            while more := await asyncio.get_running_loop().sock_recv(self.client, 1 << 16):
                data += more
        return data

    async def expect(self, data: bytes) -> None:
        """Read exactly this."""
        assert await self.read(len(data)) == data

    async def gone(self) -> None:
        """Return when the connection is gone and its owner knows."""
        await until(lambda: self.owner.times_gone > 0)
        assert self.connection.closed
        assert self.server_end.fileno() == -1
        assert self.connection not in list(self.sockets.connections)


@asynccontextmanager
async def opened(*, start: bool = True, poll: Poll | None = None) -> AsyncIterator[Pair]:
    """A pair; what was admitted must be released at the end, and the owner told once."""
    capacity = Capacity(10, 10)
    sockets = Sockets(
        asyncio.get_running_loop(),
        fastest_mask(),
        capacity,
        frame_bytes=FRAME_BYTES,
        queue_bytes=QUEUE_BYTES,
        poll=poll,
    )
    pair = Pair(sockets, capacity)
    if start:
        pair.connection.start(b"")
    try:
        yield pair
    finally:
        pair.owner.free.set()
        pair.client.close()
        pair.connection.abort()
        await until(lambda: pair.owner.times_gone > 0)
        sockets.close()
        assert pair.owner.times_gone == 1
        assert capacity.open == 0
