"""Echo and broadcast on ``websockets``: ``peer_websockets.py PORT [CERTIFICATE]``.

A message that begins with B goes to all, any other back to its sender.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

BACKLOG = 4096


async def main() -> None:
    """Serve until killed."""
    everyone: set[ServerConnection] = set()
    # The load hangs up without a word; that needs no traceback for each connection.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    async def handle(connection: ServerConnection) -> None:
        everyone.add(connection)
        try:
            async for message in connection:
                if message[0] == "B":
                    broadcast(everyone, message)
                else:
                    await connection.send(message)
        finally:
            everyone.discard(connection)

    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2])
    async with serve(
        handle,
        "127.0.0.1",
        int(sys.argv[1]),
        ssl=context,
        backlog=BACKLOG,
        compression=None,
        ping_interval=None,
    ):
        print("ready", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
