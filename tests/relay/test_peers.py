"""Lists of peers: hosts, ports, IPv6, and what can't be found."""

from __future__ import annotations

import asyncio
import socket

import pytest

from relay.peer import Address
from relay.peers import PeerFinder
from relay.sockets import show_address


def find(*peers: str) -> list[Address]:
    return asyncio.run(PeerFinder(peers, None, 3000).find())


@pytest.mark.parametrize(
    ("peer", "found"),
    [
        ("127.0.0.1:3005", [("127.0.0.1", 3005)]),
        ("127.0.0.1", [("127.0.0.1", port) for port in range(3001, 3009)]),
        ("[::1]:3005", [("::1", 3005, 0, 0)]),
        ("::1", [("::1", port, 0, 0) for port in range(3001, 3009)]),
        ("[fe80::1%lo]:3005", [("fe80::1", 3005, 0, socket.if_nametoindex("lo"))]),
        ("no-such-host.invalid", []),
        ("127.0.0.1:port", []),
    ],
)
def test_a_peer_is_a_host_or_an_address_of_either_kind(peer: str, found: list[Address]) -> None:
    assert find(peer) == found


@pytest.mark.parametrize("address", ["127.0.0.1:3005", "[::1]:3005", "[fe80::1%lo]:3005"])
def test_an_address_is_shown_as_a_list_of_peers_takes_it(address: str) -> None:
    assert [show_address(found) for found in find(address)] == [address]
