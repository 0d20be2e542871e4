"""What a datagram is that was heard on the relay's ports."""

from __future__ import annotations

from typing import Final

from relay.doctor.report import Kind
from relay.frames import Hello, decode_frames
from relay.keyring import Keyring
from relay.packet import (
    CLUSTER_SIZE,
    MAGIC,
    OVERHEAD,
    VERSION,
    PacketError,
    Space,
    parse_header,
    unseal,
)

_CLUSTER: Final = slice(4, 4 + CLUSTER_SIZE)


def recognise(
    datagram: bytes, keyring: Keyring | None
) -> tuple[Kind, str] | tuple[bytes, Hello] | None:
    """A stranger's kind and detail (see ``Kind``), or a node's sender id and hello.

    None for a datagram of this cluster that says nothing about its sender.
    """
    if len(datagram) < 3 or datagram[:2] != MAGIC:
        return Kind.JUNK, ""
    if datagram[2] != VERSION:
        return Kind.OTHER_VERSION, str(datagram[2])
    header = parse_header(datagram)
    if len(datagram) < OVERHEAD or header is None:
        return Kind.JUNK, ""
    if keyring is None:
        return Kind.SEALED, datagram[_CLUSTER].hex()
    if header.cluster != keyring.cluster:
        return Kind.FOREIGN, header.cluster.hex()
    key = keyring.key(header.sender, header.key)
    if key is None:
        return Kind.UNKNOWN_KEY, str(header.key)
    if header.space is not Space.CONTROL:
        return None
    plain = unseal(key, header, datagram)
    if plain is None:
        return Kind.WRONG_KEY, str(header.key)
    try:
        frames = decode_frames(Space.CONTROL, plain)
    except PacketError:
        return None
    for frame in frames:
        if isinstance(frame, Hello):
            return header.sender, frame
    return None
