"""Echo and broadcast on Tornado's ``WebSocketHandler``: ``peer_tornado.py PORT [CERTIFICATE]``.

A message that begins with B goes to all, any other back to its sender.
"""

from __future__ import annotations

import asyncio
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

BACKLOG = 4096


class Handler(WebSocketHandler):
    """One connection."""

    def initialize(self, everyone: set[Handler]) -> None:
        """Given by the route."""
        self.everyone = everyone

    def open(self, *args: str, **kwargs: str) -> None:
        """It can be used."""
        self.set_nodelay(True)
        self.everyone.add(self)

    def on_message(self, message: str | bytes) -> None:
        """To all, or back."""
        if message[0] == "B":
            for handler in self.everyone:
                handler.write_message(message)
        else:
            self.write_message(message)

    def on_close(self) -> None:
        """It is gone."""
        self.everyone.discard(self)


async def main() -> None:
    """Serve until killed."""
    everyone: set[Handler] = set()
    options = {"certfile": sys.argv[2]} if len(sys.argv) > 2 else None
    application = Application([(r"/ws", Handler, {"everyone": everyone})])
    server = HTTPServer(application, ssl_options=options)
    server.add_sockets(bind_sockets(int(sys.argv[1]), "127.0.0.1", backlog=BACKLOG))
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
