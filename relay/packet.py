"""The datagram: how it is laid out, sealed and opened.

::

     0      2     3       4            8                 16      17       24
     +------+-----+-------+------------+-----------------+-------+--------+------------+--------+
     | "IR" | ver | flags | cluster id | sender (random) | key # | number | ciphertext | tag 16 |
     +------+-----+-------+------------+-----------------+-------+--------+------------+--------+

The first 24 bytes are authenticated, the frames are encrypted (AES-256-GCM, NIST SP 800-38D). The
nonce is the number space (4 bytes) and the number (8 bytes), so a sender uses each at most once.
All integers are big-endian.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC: Final = b"IR"
VERSION: Final = 1
SENDER_SIZE: Final = 8
CLUSTER_SIZE: Final = 4
TAG_SIZE: Final = 16
HEADER: Final = struct.Struct("!2sBB4s8sQ")
OVERHEAD: Final = HEADER.size + TAG_SIZE
"""Bytes of a datagram that are not frames."""

MAX_NUMBER: Final = 2**48 - 1
"""Numbers fit into 6 bytes, as hellos carry them: nine years at a million datagrams a second."""

_NUMBER_BITS: Final = 56
_NUMBER_MASK: Final = (1 << _NUMBER_BITS) - 1
_NONCE: Final = struct.Struct("!IQ")


class PacketError(ValueError):
    """A datagram or a frame is not what it should be."""


class Space(IntEnum):
    """The two number spaces of a sender; the value is bit 0 of the header's flags."""

    RELIABLE = 0
    CONTROL = 1


_SPACES: Final = (Space.RELIABLE, Space.CONTROL)


class Header(NamedTuple):
    """What stands in clear before the ciphertext."""

    space: Space
    cluster: bytes
    sender: bytes
    key: int
    number: int

    def encode(self) -> bytes:
        """The 24 bytes on the wire."""
        return HEADER.pack(
            MAGIC,
            VERSION,
            self.space,
            self.cluster,
            self.sender,
            self.key << _NUMBER_BITS | self.number,
        )


def parse_header(datagram: bytes) -> Header | None:
    """The header of ``datagram``, or None if this cannot be a datagram of ours."""
    if len(datagram) < OVERHEAD:
        return None
    magic, version, flags, cluster, sender, last = HEADER.unpack_from(datagram)
    number = last & _NUMBER_MASK
    if magic != MAGIC or version != VERSION or flags > 1 or not 0 < number <= MAX_NUMBER:
        return None
    return Header(_SPACES[flags], cluster, sender, last >> _NUMBER_BITS, number)


def seal(aead: AESGCM, header: Header, frames: bytes) -> bytes:
    """The finished datagram; never call it twice with the same space and number of one sender."""
    clear = header.encode()
    return clear + aead.encrypt(_NONCE.pack(header.space, header.number), frames, clear)


def unseal(aead: AESGCM, header: Header, datagram: bytes) -> bytes | None:
    """The frames of ``datagram``, or None if it was not sealed with this key."""
    nonce = _NONCE.pack(header.space, header.number)
    try:
        return aead.decrypt(nonce, datagram[HEADER.size :], datagram[: HEADER.size])
    except InvalidTag:
        return None
