"""Keys that make a repeat of an entry recognisable, and fingerprints that tell another content.

A key is 16 bytes of SHA-256, so that no collation can take two for one. Those that clients choose
and those that nodes draw live in separate namespaces: no client can name an event's key.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec

KEY_BYTES = 16

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def client_key(key: str) -> bytes:
    """The key of what a client sent under its own name for it (unique for each sender)."""
    return hashlib.sha256(b"client\0" + key.encode()).digest()[:KEY_BYTES]


def node_key() -> bytes:
    """A fresh key for an event or for what came without one."""
    return hashlib.sha256(b"node\0" + secrets.token_bytes(32)).digest()[:KEY_BYTES]


def fingerprint(*content: Any) -> bytes:
    """The same for the same content and, but for a chance of 2^-128, for no other."""
    return hashlib.sha256(_encoder.encode(content)).digest()[:KEY_BYTES]
