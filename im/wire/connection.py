"""What the rest of the program knows of a client's socket, whatever lies under it."""

from __future__ import annotations

from collections.abc import Coroutine
from enum import IntEnum
from typing import Any, Protocol


class CloseCode(IntEnum):
    """Why a connection is closed (RFC 6455, section 7.4; 4000–4999 are the application's)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL = 1011
    TRY_AGAIN_LATER = 1013
    SESSION_ENDED = 4001


Work = Coroutine[Any, Any, None]


class Owner(Protocol):
    """Who a connection belongs to. All on the event loop."""

    def received(self, message: str | bytes) -> Work | None:
        """A message has come. The next one comes when what this returns is done."""

    def pong(self, data: bytes) -> None:
        """A pong has come, behind all that was received before it."""

    def goodbye(self, retry_after: int) -> bytes | None:
        """The message that says that the node is going down; come back after ``retry_after`` ms."""

    def gone(self) -> None:
        """The connection is gone; called once."""


class Connection(Protocol):
    """One client's socket.

    It calls its owner for each whole message, one after the other, and once when it is gone. All on
    the event loop.
    """

    @property
    def address(self) -> str:
        """The client's IP address."""

    @property
    def closed(self) -> bool:
        """Whether it is gone."""

    @property
    def heard(self) -> float:
        """When something last came from the other side, pongs included (monotonic seconds)."""

    @property
    def came(self) -> float:
        """When the message that is passed on now came; it may have waited for those before it."""

    def send(self, encoded: bytes) -> None:
        """Send one text frame; returns at once and never raises.

        What cannot be sent yet waits in a queue of bounded bytes. A reader too slow for the queue
        is closed with ``TRY_AGAIN_LATER`` and gets what it missed when it returns.
        """

    def write(self, frames: bytes) -> None:
        """As ``send``, for one or more frames that are encoded already, for many receivers."""

    def ping(self, data: bytes = b"") -> None:
        """Ask for a sign of life; the pong repeats ``data``, at most 125 bytes."""

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Begin to close; what was sent before goes out first. Twice is once."""

    def farewell(self, retry_after: int) -> None:
        """Say, in what is spoken here, that the node is going down, and begin to close.

        ``retry_after``: ms after which to come back.
        """

    def abort(self) -> None:
        """Drop the socket without a word: the other side is dead."""
