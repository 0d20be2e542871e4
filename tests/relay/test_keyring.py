"""One cluster's keys, and the keys of its senders."""

from __future__ import annotations

import os

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from relay.events import Deliver, KeyUnknown
from relay.keyring import OPENERS, Keyring
from tests.relay.network import Network

CLUSTER = b"12345678"
OLD, NEW = b"o" * 32, b"n" * 32


def test_a_senders_key_is_hkdf_of_the_clusters_key() -> None:
    key = Keyring(CLUSTER, {1: OLD}, 1).key(b"SENDERID", 1)
    assert key is not None
    info = b"relay sender" + b"SENDERID"
    expected = HKDF(SHA256(), 32, salt=CLUSTER, info=info).derive(OLD)
    sealed = key.encrypt(b"n" * 12, b"text", b"")
    assert AESGCM(expected).decrypt(b"n" * 12, sealed, b"") == b"text"


def test_clusters_whose_ids_begin_alike_do_not_open_each_other() -> None:
    one = Keyring(b"1234aaaa", {1: OLD}, 1).key(b"SENDERID", 1)
    other = Keyring(b"1234bbbb", {1: OLD}, 1).key(b"SENDERID", 1)
    assert one is not None and other is not None
    with pytest.raises(InvalidTag):
        other.decrypt(b"n" * 12, one.encrypt(b"n" * 12, b"text", b""), b"")


@pytest.mark.parametrize(
    ("keys", "sending"),
    [
        ({}, 1),
        ({1: OLD}, 2),
        ({1: b"short"}, 1),
        ({256: OLD}, 256),
        ({n: OLD for n in range(9)}, 1),
    ],
)
def test_a_wrong_ring_is_refused_and_changes_nothing(keys: dict[int, bytes], sending: int) -> None:
    ring = Keyring(CLUSTER, {1: OLD}, 1)
    with pytest.raises(ValueError):
        ring.update(keys, sending)
    assert ring.numbers == (1,) and ring.sending == 1


def test_the_remembered_keys_are_bounded() -> None:
    ring = Keyring(CLUSTER, {1: OLD}, 1)
    for _ in range(OPENERS * 2):
        sender = os.urandom(8)
        key = ring.key(sender, 1)
        assert key is not None
        ring.remember(sender, 1, key)
    assert len(ring._openers) == OPENERS


def test_keys_rotate_while_payloads_flow_and_nothing_is_lost() -> None:
    rings = [Keyring(CLUSTER, {1: OLD}, 1) for _ in range(3)]
    network = Network(1, loss=0.05)
    for number, ring in enumerate(rings):
        network.start(f"n{number}", ring)
    network.run(2)

    def publish() -> None:
        for number in range(30):
            network.publish(f"n{number % 3}")
            network.run(0.01)

    publish()
    for ring in rings:
        ring.update({1: OLD, 2: NEW}, 1)
        publish()
    network.run(2)
    assert network.nodes["n0"].core.keys_held() == {"n1": {1, 2}, "n2": {1, 2}}
    for ring in rings:
        ring.update({1: OLD, 2: NEW}, 2)
        publish()
    network.run(2)
    for ring in rings:
        ring.update({2: NEW}, 2)
        publish()
    network.run(5)
    assert network.silent_losses() == 0


def test_an_unknown_key_number_is_reported_at_most_once_a_second() -> None:
    network = Network(1)
    network.start("n0", Keyring(CLUSTER, {1: OLD}, 1))
    network.start("n1", Keyring(CLUSTER, {1: OLD, 2: NEW}, 2))
    network.run(3.5)
    node = network.nodes["n0"]
    reported = [at for at, event in node.seen if type(event) is KeyUnknown]
    assert 3 <= len(reported) <= 4
    assert not node.core.members()
    assert not [event for _, event in node.seen if type(event) is Deliver]
