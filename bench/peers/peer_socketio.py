"""A messenger of a few lines on python-socketio: ``peer_socketio.py PORT``.

``say {to, text}`` is passed on to whoever came with that name, and acknowledged then; nothing is
stored.
"""

from __future__ import annotations

import sys
from typing import Any

import socketio
from aiohttp import web

server = socketio.AsyncServer(async_mode="aiohttp")
application = web.Application()
server.attach(application)


@server.event
async def connect(sid: str, environ: Any, auth: dict[str, str]) -> None:
    """Somebody comes."""
    await server.enter_room(sid, auth["name"])


@server.event
async def say(sid: str, data: dict[str, str]) -> bool:
    """Somebody writes."""
    await server.emit("heard", data, room=data["to"])
    return True


if __name__ == "__main__":
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None)
