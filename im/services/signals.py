"""What the nodes of a cluster say to each other over the bus, as types.

All of it is a hint: what must not be lost is in the log, and a node that missed a signal finds out
from the database (``healing``).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec


class Signal(msgspec.Struct, array_like=True):
    """A signal; its topic on the bus is its class's ``TOPIC``."""


class EntrySignal(Signal):
    """An entry of a log was committed.

    Attributes:
        conv: the conversation's name.
        seq: its number there.
        frame: the ``message`` or ``event`` frame as JSON.
        joined: who joined with it. left: who left with it.
        erased: number of the entry whose content it took back, or 0.
    """

    conv: str
    seq: int
    frame: bytes
    joined: list[int] = []
    left: list[int] = []
    erased: int = 0


class MarkSignal(Signal):
    """Someone's high-water mark moved; ``read`` tells it from ``delivered``.

    ``but`` are members who are not told.
    """

    conv: str
    user: int
    seq: int
    read: bool
    unread: int = 0
    to_all: bool = True
    but: list[int] = []


class TypingSignal(Signal):
    """Someone is writing."""

    conv: str
    user: int


class SessionsSignal(Signal):
    """These sessions were revoked: close their sockets."""

    sessions: list[int]


class StateSignal(Signal):
    """A list of these users changed."""

    users: list[int]
    name: str
    conv: str = ""
    version: int = 0


class RightsSignal(Signal):
    """Who may do what in this conversation changed: forget what is remembered of it."""

    conv: str


class ProfileSignal(Signal):
    """Someone changed what others see of them.

    ``frame`` is the ``profile`` frame as JSON, for those who read these conversations.
    """

    frame: bytes
    conversations: list[str]


class PresenceSignal(Signal):
    """Who came to and went from the publishing node; with ``whole`` all who are there.

    ``online``, ``offline`` and ``away`` (those online of whom no device is used) are serialised
    Roaring bitmaps of user ids. ``seen``: when those who went or are away now were last seen, UTC
    ms. Earlier versions neither send nor read the last two.
    """

    online: bytes
    offline: bytes
    whole: bool
    away: bytes = b""
    seen: dict[int, int] = {}


class PresenceQuery(Signal):
    """Please publish who is with you: ``node`` may have missed it. Empty: all nodes."""

    node: str


TOPICS: dict[type[Signal], str] = {
    EntrySignal: "entry",
    MarkSignal: "mark",
    TypingSignal: "typing",
    SessionsSignal: "sessions",
    StateSignal: "state",
    RightsSignal: "rights",
    ProfileSignal: "profile",
    PresenceSignal: "presence",
    PresenceQuery: "presence?",
}

S = TypeVar("S", bound=Signal)

_encoder = msgspec.msgpack.Encoder()


def pack(signal: Signal) -> bytes:
    """A signal as MessagePack."""
    return _encoder.encode(signal)


def unpack(kind: type[S], payload: bytes) -> S:
    """A signal of a kind. Raises ``msgspec.DecodeError`` when it is none (another version)."""
    return msgspec.msgpack.decode(payload, type=kind)
