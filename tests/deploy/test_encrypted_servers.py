"""A database and a Redis that take no connection without TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.exceptions import RedisError

from bench.throwaway import throwaway_file
from im.errors import Unavailable
from im.store.database import DatabaseSettings, open_database
from relay.redis_address import connect, parse_address
from tests.cluster.crew import SETTINGS
from tests.cluster.wait import until
from tests.deploy.greeting import greet
from tests.relay.redis_groups import Server
from tests.services.mariadb import MariaDB
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations

pytestmark = pytest.mark.timeout(120)

REDIS_PASSWORD = "only-for-redis"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For ``localhost``: the servers', and what their clients trust."""
    return throwaway_file(tmp_path)


@pytest.fixture
def database_url(ports: PortReservations, swept: None, certificate: Path) -> Iterator[str]:
    """A MariaDB that refuses whoever comes over the network without TLS."""
    certificate.chmod(0o644)  # the server is another program, and may be another user
    server = MariaDB(
        ports,
        [
            "--require-secure-transport=ON",
            f"--ssl-cert={certificate}",
            f"--ssl-key={certificate}",
        ],
    )
    try:
        server.start()
        yield server.create_database().replace("127.0.0.1", "localhost")
    finally:
        server.close()


@pytest.fixture
def redis_url(ports: PortReservations, swept: None, certificate: Path) -> Iterator[str]:
    """A Redis inside TLS, with a password."""
    secure = ports.reserve()
    server = Server(
        ports,
        *("--tls-port", str(secure), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificate), "--tls-key-file", str(certificate)),
        *("--tls-ca-cert-file", str(certificate)),
    )
    try:
        server.start()
        server.call("ACL", "SETUSER", "im", "on", f">{REDIS_PASSWORD}", "~*", "&*", "+@all")
        yield f"rediss://im:{REDIS_PASSWORD}@localhost:{secure}/0?ssl_ca_certs={certificate}"
    finally:
        server.close()


def test_nodes_talk_to_both_inside_tls_and_their_logs_show_no_password(
    node: NodeFactory, database_url: str, redis_url: str, certificate: Path, tmp_path: Path
) -> None:
    for name, url in (("database", database_url), ("redis", redis_url)):
        (tmp_path / name).write_text(url)
    env = {
        "IM_DATABASE_URL_FILE": str(tmp_path / "database"),
        "IM_DATABASE_TLS_CA": str(certificate),
        "IM_REDIS_URL_FILE": str(tmp_path / "redis"),
        "IM_RELAY_BUS": "redis",
        **SETTINGS,
    }
    nodes = [node(env=env, wait=False), node(env=env)]
    for one in nodes:
        one.wait_ready(60)

    async def talk() -> None:
        await until(lambda: all(" is up" in one.log for one in nodes), what="each other")
        await greet(nodes[0].url, nodes[1].url)

    asyncio.run(talk())
    password = urlsplit(database_url).password
    assert password is not None
    for one in nodes:
        assert password not in one.log and REDIS_PASSWORD not in one.log
        assert "counted on each node alone" not in one.log


def test_a_server_with_another_certificate_is_not_trusted(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = throwaway_file(tmp_path / "other")

    async def ask(authority: Path | None) -> None:
        database = open_database(
            DatabaseSettings(database_url, ssl_ca=str(authority) if authority else None)
        )
        try:
            await database.read(lambda cursor: cursor.execute("SELECT 1").one())
        finally:
            await database.close()

    with pytest.raises(Unavailable, match="certificate verify failed"):
        asyncio.run(ask(other))
    with pytest.raises(Unavailable, match="denied"):  # loopback without an authority: no TLS
        asyncio.run(ask(None))

    url = redis_url.partition("?")[0] + f"?ssl_ca_certs={other}"
    with pytest.raises(RedisError, match="certificate verify failed"):
        address = parse_address(url)
        asyncio.run(connect(address.options, address.hosts[0]))
