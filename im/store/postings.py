"""Which messages of a block of a log have a token: a set of numbers, small as bytes.

In memory it is an int whose bit ``n`` stands for the ``n``-th message of the block, so that sets
are joined by ``&`` and ``|``. As bytes it is two for each message, or a bit for each when that is
less.
"""

from __future__ import annotations

from collections.abc import Iterator

BLOCK_BITS = 12
BLOCK = 1 << BLOCK_BITS
"""Messages of a block."""

_MAP_BYTES = BLOCK // 8
"""Length of a bit for each; what is shorter is a list."""


def pack(bits: int) -> bytes:
    """As bytes, at most 512."""
    if bits.bit_count() * 2 >= _MAP_BYTES:
        return bits.to_bytes(_MAP_BYTES, "little")
    return b"".join(place.to_bytes(2, "little") for place in falling(bits))


def unpack(packed: bytes) -> int:
    """What was packed."""
    if len(packed) == _MAP_BYTES:
        return int.from_bytes(packed, "little")
    bits = 0
    for place in range(0, len(packed), 2):
        bits |= 1 << (packed[place] | packed[place + 1] << 8)
    return bits


def falling(bits: int) -> Iterator[int]:
    """The numbers in the set, the greatest first."""
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place
