"""The frames of a WebSocket: any bytes have one outcome, however they are cut."""

from __future__ import annotations

from websockets.frames import Frame, Opcode

from im.wire.connection import CloseCode
from im.wire.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_CONTROL,
    PING,
    PONG,
    TEXT,
    Decoder,
    Event,
    ProtocolError,
)
from im.wire.masking import Mask, fastest_mask, pure_mask

LIMIT = 200
"""Bytes of the largest message here: small, so that generated frames are beyond it, too."""
PIECES = 16
"""In so many pieces a stream comes at most; the last has the rest."""
HEAD = 14
"""Bytes of the longest head of a frame (RFC 6455, section 5.2)."""
TOLD = {CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.TOO_BIG}
MASK = fastest_mask()


def sent(*frames: tuple[int, bytes, bool]) -> bytes:
    """What a client of another library sends: opcode, payload, whether the message ends."""
    return b"".join(
        Frame(Opcode(opcode), payload, fin).serialize(mask=True) for opcode, payload, fin in frames
    )


def seeds() -> list[bytes]:
    """Streams to begin with; the first byte says how they are cut."""
    text = "早上好, café 🙂".encode()
    streams = [
        sent((TEXT, b'{"kind":"send","to":"all","text":"hello"}', True)),
        sent((TEXT, text[:7], False), (PING, b"x", True), (CONTINUATION, text[7:], True)),
        sent((BINARY, bytes(150), True), (PONG, b"", True)),
        sent((TEXT, text * 3, False), (CONTINUATION, b"", False), (CONTINUATION, text, True)),
        sent((CLOSE, b"\x03\xe8bye", True), (TEXT, b"behind", True)),
        sent((CLOSE, b"", True)),
        sent((BINARY, bytes(LIMIT), True), (BINARY, bytes(LIMIT + 1), True)),
    ]
    return [bytes((cut,)) + stream for stream in streams for cut in (0, 1, 7)]


def outcome(
    stream: bytes, size: int, mask: Mask = MASK
) -> tuple[list[Event], CloseCode | None, int]:
    """The events, the code of a refusal and the bytes that wait, of pieces of a size."""
    decoder = Decoder(mask, LIMIT)
    events: list[Event] = []
    for piece in range(PIECES):
        end = (piece + 1) * size if piece < PIECES - 1 else len(stream)
        decoder.feed(stream[piece * size : end])
        try:
            while (event := decoder.next_event()) is not None:
                events.append(event)
                assert not isinstance(event, str | bytes) or len(event) <= LIMIT
        except ProtocolError as error:
            assert error.code in TOLD
            assert decoder.next_event() is None and decoder.kept == 0
            return events, error.code, decoder.kept
        # What has come of a message is taken at once, of a control frame when it is whole.
        assert decoder.kept < HEAD + MAX_CONTROL
    return events, None, decoder.kept


def check(data: bytes) -> None:
    """Raises where a promise of the decoder does not hold."""
    if len(data) < 2:
        return
    size, stream = data[0] % 64, data[1:]
    whole = outcome(stream, len(stream))
    # Either in pieces, or unmasked in the other way.
    assert outcome(stream, size or len(stream), MASK if size else pure_mask) == whole
    for event in whole[0]:
        # No surrogates (RFC 3629): this raises where there is one.
        assert not isinstance(event, str) or event.encode() is not None
