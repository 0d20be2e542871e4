"""Sockets of clients that are less polite than ``im.client``."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import msgspec
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from im.protocol.server import AnyServerFrame, Welcome

_frames: msgspec.json.Decoder[AnyServerFrame] = msgspec.json.Decoder(AnyServerFrame)


async def connect(url: str, token: str) -> tuple[WebSocketClientConnection, Welcome]:
    """A socket that was welcomed. Raises ``HTTPClientError``."""
    headers = {"Authorization": f"Bearer {token}"}
    opened = await websocket_connect(
        HTTPRequest(url.replace("http", "ws", 1) + "/ws", headers=headers)
    )
    welcome = await receive(opened)
    assert isinstance(welcome, Welcome), welcome
    return opened, welcome


async def receive(opened: WebSocketClientConnection, timeout: float = 10.0) -> Any:
    """The next frame; None when the socket is closed, and then ``close_code`` says why."""
    async with asyncio.timeout(timeout):
        data = await opened.read_message()
    return None if data is None else _frames.decode(data)


async def until_closed(opened: WebSocketClientConnection, timeout: float = 10.0) -> list[Any]:
    """All frames until the socket is closed."""
    frames = []
    async with asyncio.timeout(timeout):
        while (frame := await receive(opened, timeout)) is not None:
            frames.append(frame)
    return frames


async def open_bare(url: str, token: str, *, buffer: int = 4096) -> socket.socket:
    """A socket after the handshake that does nothing by itself: no reading, no pong."""
    place = urlsplit(url)
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    bare.setblocking(False)
    loop = asyncio.get_running_loop()
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
    )
    try:
        await loop.sock_connect(bare, (place.hostname, place.port))
        await loop.sock_sendall(bare, request.encode())
        answer = b""
        while b'"welcome"' not in answer:
            answer += await asyncio.wait_for(loop.sock_recv(bare, 1024), 10)
    except BaseException:
        bare.close()
        raise
    return bare


async def drain(bare: socket.socket, timeout: float = 20.0) -> bytes:
    """Read until the other side has closed; the last bytes that came."""
    loop = asyncio.get_running_loop()
    tail = b""
    async with asyncio.timeout(timeout):
        while True:
            try:
                data = await loop.sock_recv(bare, 65536)
            except ConnectionResetError:
                return tail
            if not data:
                return tail
            tail = (tail + data)[-4096:]
