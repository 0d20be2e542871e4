"""Unmasking of what clients send (RFC 6455, section 5.3)."""

from __future__ import annotations

from collections.abc import Callable

Mask = Callable[[bytes, bytes], bytes]
"""``mask(key, data)``: each byte of ``data`` xor the byte of the 4-byte ``key`` in its turn."""


def pure_mask(key: bytes, data: bytes) -> bytes:
    """In Python alone: one xor of two long numbers."""
    length = len(data)
    stretched = (key * (length // 4 + 1))[:length]
    number = int.from_bytes(data, "big") ^ int.from_bytes(stretched, "big")
    return number.to_bytes(length, "big")


def fastest_mask() -> Mask:
    """Tornado's, which is written in C, where it was built; else ``pure_mask``."""
    try:
        from tornado.speedups import websocket_mask
    except ImportError:
        return pure_mask
    return websocket_mask
