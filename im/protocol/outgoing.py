"""Frames on their way to many connections: encoded once, whoever receives them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from im.protocol.encoding import encode
from im.protocol.server import AnyServerFrame, Event, Message

BATCH_BYTES = 64 * 1024
"""What a batch weighs, about, unless one frame weighs more."""

_frames: msgspec.json.Decoder[AnyServerFrame] = msgspec.json.Decoder(AnyServerFrame)


class Outgoing:
    """A server frame as struct and as JSON, each made from the other when first asked for.

    Frames of this node begin as structs, those of other nodes arrive as JSON; most are never
    needed in the other form.
    """

    __slots__ = ("_encoded", "_frame", "packed")

    def __init__(self, frame: AnyServerFrame | None = None, encoded: bytes | None = None) -> None:
        self._frame = frame
        self._encoded = encoded
        self.packed: bytes | None = None
        """As it goes onto a socket, kept by whoever has packed it first."""

    @property
    def encoded(self) -> bytes:
        """The frame as JSON in UTF-8."""
        if self._encoded is None:
            self._encoded = encode(self._frame)
        return self._encoded

    @property
    def frame(self) -> AnyServerFrame:
        """The frame as a struct."""
        if self._frame is None:
            self._frame = _frames.decode(self._encoded or b"")
        return self._frame

    @property
    def entry(self) -> Message | Event:
        """The frame, which is known to be an entry of a log."""
        frame = self.frame
        if not isinstance(frame, Message | Event):
            raise TypeError(f"{type(frame).__name__} is no entry of a log")
        return frame


class OutgoingBatch:
    """Frames that go to the same connections at the same time, in order."""

    __slots__ = ("frames", "packed")

    def __init__(self, frames: list[Outgoing]) -> None:
        self.frames = frames
        self.packed: bytes | None = None
        """As they go onto a socket, kept by whoever has packed them first."""


def batches(frames: Iterable[Outgoing]) -> list[OutgoingBatch]:
    """Frames in batches of at most ``BATCH_BYTES``."""
    found: list[OutgoingBatch] = []
    weight = BATCH_BYTES
    for frame in frames:
        weight += len(frame.encoded)
        if weight > BATCH_BYTES:
            found.append(OutgoingBatch([]))
            weight = len(frame.encoded)
        found[-1].frames.append(frame)
    return found
