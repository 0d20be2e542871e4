"""A frame on its way to many connections: encoded once, whoever receives it."""

from __future__ import annotations

import msgspec

from im.protocol.encoding import encode
from im.protocol.server import AnyServerFrame, Event, Message

_frames: msgspec.json.Decoder[AnyServerFrame] = msgspec.json.Decoder(AnyServerFrame)


class Outgoing:
    """A server frame as struct and as JSON, each made from the other when first asked for.

    Frames of this node begin as structs, those of other nodes arrive as JSON; most are never
    needed in the other form.
    """

    __slots__ = ("_encoded", "_frame")

    def __init__(self, frame: AnyServerFrame | None = None, encoded: bytes | None = None) -> None:
        self._frame = frame
        self._encoded = encoded

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
