"""Hellos to running nodes, which so tell what reaches them without knowing of examinations."""

from __future__ import annotations

import struct
from typing import Final

from relay.doctor.report import Way
from relay.frames import MAX_NAME, Hello
from relay.keyring import Keyring
from relay.packet import OVERHEAD, Header, Space, seal

NAME: Final = "a doctor"
"""What examinations are called. A node that has a space in its name is none of a messenger's."""
_PADDING: Final = struct.Struct("!BH")
_PADDING_TYPE: Final = 255
"""Frames of unknown types are skipped (``frames.py``)."""
_BUFFER: Final = 2**31


class Voice:
    """A relay sender that speaks by one way and in one size only.

    A node that names it in a hello has heard just that. It never names a node, so it is nobody's
    member: a node keeps it as a candidate and forgets it 3 s after its last word.
    """

    def __init__(self, sender: bytes, way: Way, size: int) -> None:
        """``sender``: 8 bytes that nobody had before; ``size``: bytes of a datagram, or 0."""
        self.sender = sender
        self.way = way
        self._size = size
        self._number = 0
        self.length = 0

    def speak(self, keyring: Keyring, age: float) -> bytes:
        """The next hello, which asks for an answer at once; ``age`` in seconds."""
        self._number += 1
        frames = Hello(
            name=NAME,
            keys=keyring.numbers,
            buffer=_BUFFER,
            lowest=1,
            next=1,
            answer=True,
            age=int(age * 1000),
        ).encode()
        missing = self._size - OVERHEAD - len(frames) - _PADDING.size
        if missing > 0:
            frames += _PADDING.pack(_PADDING_TYPE, missing) + bytes(missing)
        key = keyring.key(self.sender, keyring.sending)
        if key is None:
            raise ValueError("the sending key is not held")
        header = Header(Space.CONTROL, keyring.cluster, self.sender, keyring.sending, self._number)
        datagram = seal(key, header, frames)
        self.length = len(datagram)
        return datagram


def is_doctor(name: str) -> bool:
    """Whether a hello of this name is of an examination."""
    return name == NAME and len(name) <= MAX_NAME
