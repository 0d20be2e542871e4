"""The datagram by which examinations find each other.

::

     0      2     3     4            8           16      17       21     23      24
     +------+-----+-----+------------+-----------+-------+--------+------+-------+---------+-------+
     | "DR" | ver | way | cluster id | sender id | key # | number | full | count | entries | zeros |
     +------+-----+-----+------------+-----------+-------+--------+------+-------+---------+-------+

and a tag of 16 bytes. Nodes drop it at its first two bytes. Nothing in it is secret; where the
sender has keys the tag is AES-GCM's over all of it (NIST SP 800-38D, without a plaintext), with the
key of a relay sender of this id. Without keys cluster id, key number and tag are
zero. An entry says of another examination what came from it: its id (8 bytes), and for each way the
size of the largest datagram (2 bytes each). All integers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag

from relay.doctor.report import Kind, Reach, Way
from relay.keyring import Keyring
from relay.packet import CLUSTER_SIZE, TAG_SIZE

MAGIC: Final = b"DR"
VERSION: Final = 1
MAX_ENTRIES: Final = 16

_HEAD: Final = struct.Struct("!2sBB4s8sBIHB")
_ENTRY: Final = struct.Struct("!8s3H")
_NONCE: Final = struct.Struct("!IQ")
_NO_CLUSTER: Final = bytes(CLUSTER_SIZE)
SMALLEST: Final = _HEAD.size + TAG_SIZE


@dataclass(frozen=True, slots=True)
class Probe:
    """One such datagram.

    Attributes:
        sender: id of the examination, 8 random bytes.
        number: never the same twice for a sender, 4 bytes.
        way: how it was sent.
        full: bytes of the largest datagrams that it sends.
        seen: what came from other examinations, by their ids; at most ``MAX_ENTRIES``.
    """

    sender: bytes
    number: int
    way: Way
    full: int
    seen: Mapping[bytes, Reach] = field(default_factory=dict)

    def encode(self, size: int, keyring: Keyring | None) -> bytes:
        """The datagram of ``size`` bytes, or as many as it takes."""
        cluster, key = (keyring.cluster, keyring.sending) if keyring else (_NO_CLUSTER, 0)
        entries = list(self.seen.items())[:MAX_ENTRIES]
        clear = _HEAD.pack(
            MAGIC,
            VERSION,
            self.way,
            cluster,
            self.sender,
            key,
            self.number,
            self.full,
            len(entries),
        ) + b"".join(_ENTRY.pack(sender, *reach) for sender, reach in entries)
        clear += bytes(max(0, size - len(clear) - TAG_SIZE))
        aead = keyring.key(self.sender, key) if keyring else None
        return clear + (aead.encrypt(_NONCE.pack(0, self.number), b"", clear) if aead else
                        bytes(TAG_SIZE))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Doubt:
    """A probe that can't be believed: of another cluster, key or version."""

    kind: Kind
    detail: str


def decode_probe(datagram: bytes, keyring: Keyring | None) -> Probe | Doubt | None:
    """The probe in ``datagram``; None if it isn't one.

    Without keys here or there, any probe is believed: it can mislead a person, but no program.
    """
    if len(datagram) < SMALLEST or datagram[:2] != MAGIC:
        return None
    _, version, way, cluster, sender, key, number, full, count = _HEAD.unpack_from(datagram)
    if version != VERSION:
        return Doubt(Kind.OTHER_VERSION, str(version))
    end = _HEAD.size + count * _ENTRY.size
    if way >= len(Way) or count > MAX_ENTRIES or end + TAG_SIZE > len(datagram):
        return None
    if keyring is not None and cluster != _NO_CLUSTER:
        if cluster != keyring.cluster:
            return Doubt(Kind.FOREIGN, cluster.hex())
        aead = keyring.key(sender, key)
        if aead is None:
            return Doubt(Kind.UNKNOWN_KEY, str(key))
        try:
            aead.decrypt(_NONCE.pack(0, number), datagram[-TAG_SIZE:], datagram[:-TAG_SIZE])
        except InvalidTag:
            return Doubt(Kind.WRONG_KEY, str(key))
    entries = _ENTRY.iter_unpack(datagram[_HEAD.size : end])
    seen = {entry[0]: Reach(*entry[1:]) for entry in entries}
    return Probe(sender, number, Way(way), full, seen)
