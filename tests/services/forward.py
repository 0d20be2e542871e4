"""A program: carry TCP from ADDRESS:PORT to 127.0.0.1:PORT until it is killed."""

from __future__ import annotations

import asyncio
import contextlib
import sys

CHUNK = 64 * 1024
"""Bytes read at once, and so the most that waits in one direction of a connection."""


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction to its end, then pass the end on."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def carry(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection, both ways."""
    try:
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.transport.abort()
        return
    try:
        await asyncio.gather(pump(reader, target_writer), pump(target_reader, writer))
    finally:
        target_writer.close()
        writer.close()


async def main(address: str, port: int) -> None:
    """Listen until the process is killed."""
    server = await asyncio.start_server(lambda r, w: carry(port, r, w), address, port)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
