"""The keys of a cluster, and the key of each sender that follows from them."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from relay.packet import CLUSTER_SIZE

MAX_KEYS: Final = 8
"""Keys that a ring may hold; two are live at a time."""
OPENERS: Final = 256
"""Derived keys that are remembered: 64 members with two keys each, and as many again."""


class Keyring:
    """Which cluster this is, the keys one may open with, and the one key to send with.

    Each sender has a key of its own: HKDF-SHA-256 (RFC 5869) of the cluster's key, with the cluster
    id as salt and the sender as info. Datagrams show the first four bytes of the cluster id, only
    to drop foreign ones cheaply: the whole id goes into every key.
    """

    def __init__(self, cluster_id: bytes, keys: Mapping[int, bytes], sending: int) -> None:
        """``cluster_id``: 4 bytes or more; ``keys``: 16 bytes or more each, by number 0 to 255.

        Raises ``ValueError``.
        """
        if len(cluster_id) < CLUSTER_SIZE:
            raise ValueError("a cluster id has at least 4 bytes")
        self.cluster_id = bytes(cluster_id)
        self.cluster = self.cluster_id[:CLUSTER_SIZE]
        self._openers: OrderedDict[tuple[bytes, int], AESGCM] = OrderedDict()
        self.update(keys, sending)

    def update(self, keys: Mapping[int, bytes], sending: int) -> None:
        """Take these keys from now on, while running. Raises ``ValueError``, changing nothing."""
        if sending not in keys:
            raise ValueError("the sending key is not among the keys")
        if len(keys) > MAX_KEYS:
            raise ValueError(f"a key ring holds at most {MAX_KEYS} keys")
        for number, key in keys.items():
            if not 0 <= number <= 255 or len(key) < 16:
                raise ValueError("keys have numbers 0 to 255 and at least 16 bytes")
        # HKDF-Extract, once for each key.
        self._secrets = {
            number: hmac.digest(self.cluster_id, key, hashlib.sha256)
            for number, key in keys.items()
        }
        self.sending = sending
        self._openers.clear()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of all keys held, ascending."""
        return tuple(sorted(self._secrets))

    def key(self, sender: bytes, number: int) -> AESGCM | None:
        """The key of ``sender`` under the cluster key ``number``; None if that isn't held."""
        opener = self._openers.get((sender, number))
        if opener is not None:
            return opener
        secret = self._secrets.get(number)
        if secret is None:
            return None
        # HKDF-Expand, one block.
        return AESGCM(hmac.digest(secret, b"relay sender" + sender + b"\x01", hashlib.sha256))

    def remember(self, sender: bytes, number: int, key: AESGCM) -> None:
        """Keep ``key``, which has proved right, so that junk can't push out keys in use."""
        self._openers[sender, number] = key
        self._openers.move_to_end((sender, number))
        if len(self._openers) > OPENERS:
            self._openers.popitem(last=False)
