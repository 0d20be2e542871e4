"""What carries messages in the measurements: the relay and its rivals behind one interface.

- ``relay``: this project's, encrypted as always.
- ``redis``: publish/subscribe of a Redis server beside the sender, by redis-py and hiredis, all of
  one turn in one pipeline, not encrypted.
- ``nats``: a NATS server beside the sender, by a client of a few lines, all of one turn in one
  write, not encrypted.
- ``norm``: the NORM library, see ``relay_norm.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from typing import Any, Protocol

from redis.asyncio.connection import Connection

from bench.relay_norm import NormCarrier
from relay.keyring import Keyring
from relay.redis_address import call, connect
from relay.udp import UdpBus, UdpSettings

Take = Callable[[bytes], None]
BACKLOG = 1500
"""Datagrams that an unpaced sender of the relay lets wait."""


class Carrier(Protocol):
    """One end of a way from a sender to a receiver."""

    async def start(self) -> None:
        """Connect; return when both ends are there."""

    def publish(self, message: bytes) -> None:
        """Send a message, or keep it until ``flush``."""

    def has_room(self) -> bool:
        """Whether an unpaced sender may go on."""

    def flush(self) -> None:
        """Send what is kept."""

    async def turn(self, seconds: float) -> None:
        """Let the carrier work for about so long."""

    def statistics(self) -> dict[str, float]:
        """Figures of its own."""

    async def close(self) -> None:
        """Disconnect."""


class RelayCarrier:
    """The relay."""

    def __init__(self, words: dict[str, Any], take: Take) -> None:
        self._take = take
        self._ordered = bool(words.get("ordered"))
        settings = UdpSettings(interface=words["interface"], port=words.get("port", 3000))
        key = hashlib.sha256(b"bench").digest()
        self._bus = UdpBus(settings, Keyring(key[:8], {1: key}, 1), words["role"])
        self._up = asyncio.Event()
        self._gaps = 0

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        self._take(payload)

    def up(self, node: str) -> None:
        self._up.set()
        self._gaps = -1  # that of its coming

    def down(self, node: str) -> None:
        pass

    def gap(self, node: str) -> None:
        self._gaps += 1

    async def start(self) -> None:
        await self._bus.start(self)
        await asyncio.wait_for(self._up.wait(), 30)

    def publish(self, message: bytes) -> None:
        self._bus.publish("t", message, ordered=self._ordered)

    def has_room(self) -> bool:
        return self._bus.statistics()["unsent_datagrams"] < BACKLOG

    def flush(self) -> None:
        pass

    async def turn(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def statistics(self) -> dict[str, float]:
        names = "repairs_sent naks_sent repeats_sent kernel_drops overflowed_datagrams"
        figures = self._bus.statistics()
        return {"gaps": self._gaps, **{name: figures[name] for name in names.split()}}

    async def close(self) -> None:
        await self._bus.close()


class _Kept:
    """What is published goes out in one turn; the next waits until it is taken."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.sending: asyncio.Task[None] | None = None

    def publish(self, message: bytes) -> None:
        self.kept.append(message)

    def has_room(self) -> bool:
        return self.sending is None or self.sending.done()

    def flush(self) -> None:
        if self.kept and self.has_room():
            kept, self.kept = self.kept, []
            self.sending = asyncio.get_running_loop().create_task(self.send(kept))

    async def send(self, kept: list[bytes]) -> None:
        raise NotImplementedError

    async def turn(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.flush()

    def statistics(self) -> dict[str, float]:
        return {}


class RedisCarrier(_Kept):
    """A Redis server."""

    def __init__(self, words: dict[str, Any], take: Take) -> None:
        super().__init__()
        self._take = take
        self._host = words["server"], words["server_port"]
        self._receives = words["role"] == "receive"
        self._reading: asyncio.Task[None] | None = None
        self._connection: Connection | None = None

    async def start(self) -> None:
        self._connection = await connect({}, self._host)
        if self._receives:
            await call(self._connection, "SUBSCRIBE", "t")
            self._reading = asyncio.get_running_loop().create_task(self._read(self._connection))

    async def send(self, kept: list[bytes]) -> None:
        if self._connection is not None:
            commands = self._connection.pack_commands([("PUBLISH", "t", m) for m in kept])
            await self._connection.send_packed_command(commands)
            for _ in kept:
                await self._connection.read_response()

    async def _read(self, connection: Connection) -> None:
        count = 0
        while True:
            self._take((await connection.read_response())[2])
            count += 1
            if not count % 64:
                await asyncio.sleep(0)

    async def close(self) -> None:
        for task in (self._reading, self.sending):
            if task is not None:
                task.cancel()
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)


class NatsCarrier(_Kept):
    """A NATS server, spoken to by its text protocol."""

    def __init__(self, words: dict[str, Any], take: Take) -> None:
        super().__init__()
        self._take = take
        self._host = words["server"], words["server_port"]
        self._receives = words["role"] == "receive"
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self) -> None:
        reader, self._writer = await asyncio.open_connection(*self._host)
        await reader.readline()  # INFO
        self._writer.write(b'CONNECT {"verbose":false}\r\n')
        if self._receives:
            self._writer.write(b"SUB t 1\r\n")
        self._writer.write(b"PING\r\n")
        while await reader.readline() != b"PONG\r\n":
            pass
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    async def send(self, kept: list[bytes]) -> None:
        if self._writer is not None:
            self._writer.write(b"".join(b"PUB t %d\r\n%b\r\n" % (len(m), m) for m in kept))
            await self._writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await reader.read(65536):
            data, position = rest + chunk, 0
            while (end := data.find(b"\r\n", position)) >= 0:
                line = data[position:end]
                if line.startswith(b"MSG"):
                    size = int(line.rsplit(b" ", 1)[1])
                    if len(data) < end + 4 + size:
                        break
                    self._take(data[end + 2 : end + 2 + size])
                    position = end + 4 + size
                    continue
                if line == b"PING" and self._writer is not None:
                    self._writer.write(b"PONG\r\n")
                position = end + 2
            rest = data[position:]

    async def close(self) -> None:
        for task in (self._reading, self.sending):
            if task is not None:
                task.cancel()
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()


def open_carrier(words: dict[str, Any], take: Take) -> Carrier:
    """The carrier that ``words["carrier"]`` names."""
    kinds: dict[str, Callable[[dict[str, Any], Take], Carrier]] = {
        "relay": RelayCarrier,
        "redis": RedisCarrier,
        "nats": NatsCarrier,
        "norm": NormCarrier,
    }
    return kinds[words["carrier"]](words, take)
