"""The tests' Redis."""

from __future__ import annotations

import pytest
import redis

from tests.services.redis_server import RedisServer


def test_it_is_empty_for_each_test(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
    redis_server.flush()
    with redis_server.client() as client:
        assert client.dbsize() == 0


def test_a_kill_loses_its_keys_and_a_restart_keeps_its_port(redis_server: RedisServer) -> None:
    url = redis_server.url
    with redis_server.client() as client:
        client.set("a", "b")
    redis_server.kill9()
    with pytest.raises(redis.ConnectionError), redis_server.client() as client:
        client.ping()
    redis_server.restart()
    assert redis_server.url == url
    with redis_server.client() as client:
        assert client.get("a") is None


def test_a_stopped_server_answers_nothing_until_it_goes_on(redis_server: RedisServer) -> None:
    redis_server.stop()
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.3, retry=None) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        redis_server.cont()
        assert client.ping()
