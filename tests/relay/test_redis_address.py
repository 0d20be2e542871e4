"""Addresses of a Redis, of its sentinels, of a cluster."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio.connection import SSLConnection

from relay.bus import BusError
from relay.redis_address import RedisAddress, parse_address, server_url


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("redis://h", RedisAddress("single", (("h", 6379),), "", {})),
        (
            "redis://u:p%40ss@h:7/3",
            RedisAddress("single", (("h", 7),), "", {"username": "u", "password": "p@ss", "db": 3}),
        ),
        ("redis://[::1]:7", RedisAddress("single", (("::1", 7),), "", {})),
        (
            "redis+sentinel://:pw@a,b:9/main",
            RedisAddress("sentinel", (("a", 26379), ("b", 9)), "main", {"password": "pw"}),
        ),
        (
            "rediss+cluster://a:1,b",
            RedisAddress(
                "cluster", (("a", 1), ("b", 6379)), "", {"connection_class": SSLConnection}
            ),
        ),
    ],
)
def test_an_address_is_taken_apart(url: str, parsed: RedisAddress) -> None:
    assert parse_address(url) == parsed


@pytest.mark.parametrize("url", ["", "h:6379", "redis+other://h", "unix:///tmp/x", "redis://h:x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BusError, match="can't be used"):
        parse_address(url)


def test_the_address_of_one_server_stays_as_it_is() -> None:
    assert asyncio.run(server_url("redis://:pw@h:7/3", "t")) == "redis://:pw@h:7/3"
