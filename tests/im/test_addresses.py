"""Where something is limited for each address, nobody has more by having more addresses."""

from __future__ import annotations

import pytest

from im.addresses import source
from im.errors import RateLimited
from im.wire.capacity import Capacity


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("fe80::2%eth0", "fe80::2%eth0"),
        ("fd12:3456:789a:1::7", "fd12:3456:789a:1::7"),
        ("::1", "::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_a_public_ipv6_address_counts_for_its_network(address: str, counted: str) -> None:
    assert source(address) == counted


def test_another_address_of_the_same_network_makes_no_more_room() -> None:
    capacity = Capacity(10, 2)
    first = capacity.admit("2001:db8::1")
    capacity.admit("2001:db8::2")
    with pytest.raises(RateLimited):
        capacity.admit("2001:db8::3")
    capacity.admit("2001:db8:0:1::1")
    capacity.release(first)
    capacity.admit("2001:db8::3")
    assert capacity.open == 3
