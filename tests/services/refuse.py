"""A program: a firewall before MariaDB, from ADDRESS:PORT to 127.0.0.1:PORT.

While it is told to (SIGUSR1; SIGUSR2 ends it), statements that match PATTERN never reach the
server: they are answered as the server answers someone who lacks the privilege. It reads the
packets of the MySQL protocol, each with a header of three bytes of length and one of sequence; a
command has the sequence number 0. TLS would hide them, so it takes it out of what the server
offers.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys

CHUNK = 64 * 1024
"""Bytes read at once, and so the most that waits on the way back."""
QUERY = b"\x03"
"""The command that carries a statement."""
TLS = 0x0800
"""The bit of the lower capabilities with which the server offers it."""
DENIED = 1142
"""ER_TABLEACCESS_DENIED_ERROR."""


def packet(sequence: int, body: bytes) -> bytes:
    """A packet as it goes over the wire."""
    return len(body).to_bytes(3, "little") + bytes([sequence]) + body


def refusal() -> bytes:
    """The answer to a statement that is not let through."""
    reason = b"#42000SELECT command denied by a rule"
    return packet(1, b"\xff" + DENIED.to_bytes(2, "little") + reason)


def without_tls(greeting: bytes) -> bytes:
    """The server's first packet without the offer of TLS."""
    # Protocol version, the server's version with a zero after it, 4 bytes of thread id, 8 of
    # scramble and a zero.
    place = greeting.index(b"\0", 1) + 14
    offered = int.from_bytes(greeting[place : place + 2], "little") & ~TLS
    return greeting[:place] + offered.to_bytes(2, "little") + greeting[place + 2 :]


async def take(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Sequence number and body of the next packet. Raises ``IncompleteReadError`` at the end."""
    header = await reader.readexactly(4)
    return header[3], await reader.readexactly(int.from_bytes(header[:3], "little"))


class Firewall:
    """Carries connections to the server at 127.0.0.1:``port``."""

    def __init__(self, port: int, pattern: str) -> None:
        self._port = port
        self._pattern = re.compile(pattern.encode(), re.DOTALL)
        self._refusing = False

    def turn(self, refusing: bool) -> None:
        """Refuse from now on, or let everything through."""
        self._refusing = refusing
        print("refusing" if refusing else "admitting", flush=True)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways."""
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(
                self._carry_commands(reader, to_server, writer), self._carry_back(server, writer)
            )
        finally:
            to_server.close()
            writer.close()

    async def _carry_commands(
        self,
        reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                sequence, body = await take(reader)
                is_query = sequence == 0 and body.startswith(QUERY)
                if self._refusing and is_query and self._pattern.search(body):
                    print("refused", flush=True)  # before anyone can know it otherwise
                    # A client has one statement under way at a time, so nothing comes between.
                    client.write(refusal())
                    continue
                server.write(packet(sequence, body))
                await server.drain()
        with contextlib.suppress(OSError):
            server.write_eof()

    async def _carry_back(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            sequence, body = await take(server)
            # Version 10; anything else is an error, such as too many connections.
            client.write(packet(sequence, without_tls(body) if body[0] == 10 else body))
            while data := await server.read(CHUNK):
                client.write(data)
                await client.drain()
        with contextlib.suppress(OSError):
            client.write_eof()


async def main(address: str, port: int, pattern: str) -> None:
    """Listen until the process is killed."""
    firewall = Firewall(port, pattern)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, firewall.turn, True)
    loop.add_signal_handler(signal.SIGUSR2, firewall.turn, False)
    server = await asyncio.start_server(firewall.carry, address, port)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
