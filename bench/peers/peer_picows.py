"""Echo and broadcast on picows (Cython): ``peer_picows.py PORT [CERTIFICATE]``.

A message that begins with B goes to all, any other back to its sender.
"""

from __future__ import annotations

import asyncio
import ssl
import sys

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

BACKLOG = 4096


class Listener(WSListener):
    """One connection."""

    def __init__(self, everyone: set[WSTransport]) -> None:
        self.everyone = everyone

    def on_ws_connected(self, transport: WSTransport) -> None:
        """It can be used."""
        self.everyone.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """To all, or back."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()
            return
        payload = frame.get_payload_as_bytes()
        if payload[0] == ord("B"):
            for other in self.everyone:
                other.send(WSMsgType.TEXT, payload)
        else:
            transport.send(WSMsgType.TEXT, payload)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """It is gone."""
        self.everyone.discard(transport)


async def main() -> None:
    """Serve until killed."""
    everyone: set[WSTransport] = set()
    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2])
    server = await ws_create_server(
        lambda request: Listener(everyone),
        "127.0.0.1",
        int(sys.argv[1]),
        ssl=context,
        backlog=BACKLOG,
    )
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
