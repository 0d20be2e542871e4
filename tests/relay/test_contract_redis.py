"""The bus over Redis keeps what every bus promises: on one server, and in a Cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.relay.buses import Words
from tests.relay.contract import Contract, KillContract, mesh, on_loop
from tests.relay.nodes import CLUSTER
from tests.relay.redis_groups import Cluster, redis_cluster, redis_sentinel
from tests.services.ports import PortReservations
from tests.services.redis_server import RedisServer


class TestRedis(Contract, KillContract):
    """One server."""

    @pytest.fixture
    def words(self, redis_server: RedisServer) -> Words:
        return {"kind": "redis", "url": redis_server.url}


@pytest.fixture(scope="module")
def cluster(ports: PortReservations, swept: None) -> Iterator[Cluster]:
    with redis_cluster(ports) as started:
        yield started


class TestRedisCluster(Contract):
    """Three masters, a sharded channel."""

    @pytest.fixture
    def words(self, cluster: Cluster) -> Words:
        return {"kind": "redis", "url": cluster.url}

    @on_loop
    async def test_it_follows_the_channel_to_another_master_with_a_gap(
        self, words: Words, cluster: Cluster
    ) -> None:
        async with mesh(words, "a", "b") as [(a, _), (b, heard)]:
            a.publish("t", b"before")
            await heard.until(lambda: len(heard.payloads) == 1)
            await asyncio.to_thread(cluster.move, f"relay:{CLUSTER.hex()}")
            await heard.until(lambda: ("gap", "a") in heard.calls[2:])
            a.publish("t", b"after")
            await heard.until(lambda: heard.payloads[-1][2] == b"after")
            assert b.members() == ["a"]


@on_loop
async def test_it_follows_a_failover_of_sentinel_with_a_gap(
    ports: PortReservations, swept: None
) -> None:
    with redis_sentinel(ports) as group:
        words = {"kind": "redis", "url": group.url}
        async with mesh(words, "a", "b") as [(a, _), (b, heard)]:
            a.publish("t", b"before")
            await heard.until(lambda: len(heard.payloads) == 1)
            await asyncio.to_thread(group.master.process.kill9)
            await heard.until(lambda: ("gap", "a") in heard.calls[2:], 20)
            await heard.until(lambda: b.members() == ["a"] and a.members() == ["b"], 20)
            a.publish("t", b"after")
            await heard.until(lambda: heard.payloads[-1][2] == b"after")
