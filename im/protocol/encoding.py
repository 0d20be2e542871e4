"""The one JSON encoder and the one decoder of client frames."""

from __future__ import annotations

from typing import Any

import msgspec

from im.errors import Malformed, UnknownOp
from im.protocol.client import ClientFrame, FrameId
from im.protocol.names import MAX_ID

_encoder = msgspec.json.Encoder()
_frames: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)


class _Envelope(msgspec.Struct):
    """What can be said of a frame that is wrong."""

    op: Any = None
    id: Any = None


_envelopes = msgspec.json.Decoder(_Envelope)
OPS: frozenset[str] = frozenset(str(kind.__struct_config__.tag) for kind in ClientFrame.__args__)


def encode(value: Any) -> bytes:
    """JSON (RFC 8259) in UTF-8. Structs leave out what has its default."""
    return _encoder.encode(value)


def decode_frame(data: bytes | str) -> ClientFrame:
    """One client frame.

    Raises ``Malformed`` (not JSON, wrong type, lone surrogate) or ``UnknownOp``; ``frame_id`` tells
    which frame to name in the answer.
    """
    try:
        return _frames.decode(data)
    except msgspec.ValidationError as error:
        op = _envelope(data).op
        if isinstance(op, str) and op not in OPS:
            raise UnknownOp(op[:64], field="op", values={"op": op[:64]}) from None
        raise Malformed(str(error), field=_field(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(str(error)) from None


def frame_id(data: bytes | str) -> FrameId:
    """The ``id`` of a frame that could not be decoded, as far as it has a fitting one."""
    found = _envelope(data).id
    if isinstance(found, bool):
        return None
    if isinstance(found, int):
        return found if abs(found) <= MAX_ID else None
    return found if isinstance(found, str) and len(found) <= 64 else None


def _envelope(data: bytes | str) -> _Envelope:
    try:
        return _envelopes.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _Envelope()


def _field(message: str) -> str | None:
    """The field that msgspec's message names (``… - at `$.text```), or None."""
    _, found, path = message.rpartition("`$.")
    if not found:
        return None
    return path.rstrip("`").split("[")[0].split(".")[0] or None
