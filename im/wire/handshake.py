"""The opening handshake of a WebSocket, seen from the server (RFC 6455, section 4.2).

No sockets and no clock. Extensions are never agreed upon.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence

VERSION = "13"
"""Section 4.2.1, item 6."""
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Section 1.3."""
KEY_BYTES = 16
"""Section 4.2.1, item 5."""

Select = Callable[[Sequence[str]], str | None]


class BadHandshake(Exception):
    """The request asks for a WebSocket, but not as it must (section 4.2.1)."""


class OtherVersion(BadHandshake):
    """It asks for another version than ours; the answer names ours (section 4.2.2, item 4)."""


def asks_for_websocket(method: str, version: str, headers: Mapping[str, str]) -> bool:
    """Whether a request wants its connection to become a WebSocket (section 4.2.1, items 1–4).

    One with a body does not: what comes behind its head is not the first frame.
    """
    return (
        "Upgrade" in headers
        and headers["Upgrade"].strip().lower() == "websocket"
        and method == "GET"
        and version == "HTTP/1.1"
        and "upgrade" in [word.strip().lower() for word in headers.get("Connection", "").split(",")]
        and headers.get("Content-Length", "0") == "0"
        and "Transfer-Encoding" not in headers
    )


def accept(headers: Mapping[str, str], select: Select) -> bytes:
    """The answer that accepts (section 4.2.2, item 5).

    ``select`` chooses among the subprotocols that are offered, or none. Raises ``BadHandshake``.
    """
    version = headers.get("Sec-WebSocket-Version")
    if version is None:
        raise BadHandshake("no version")
    if version.strip() != VERSION:
        raise OtherVersion(f"version {version[:20]}")
    lines = [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_value(headers.get('Sec-WebSocket-Key', ''))}",
    ]
    offered = headers.get("Sec-WebSocket-Protocol")
    if offered is not None:
        chosen = select([name.strip() for name in offered.split(",")])
        if chosen is not None:
            lines.append(f"Sec-WebSocket-Protocol: {chosen}")
    return "\r\n".join([*lines, "\r\n"]).encode("ascii")


def accept_value(key: str) -> str:
    """What answers a ``Sec-WebSocket-Key`` (section 4.2.2, item 5.4). Raises ``BadHandshake``."""
    try:
        if len(b64decode(key, validate=True)) != KEY_BYTES:
            raise BadHandshake("key of another length")
    except (binascii.Error, ValueError):
        raise BadHandshake("no key") from None
    digest = hashlib.sha1(key.encode("ascii") + GUID, usedforsecurity=False).digest()
    return b64encode(digest).decode("ascii")
