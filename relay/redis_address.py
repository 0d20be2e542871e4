"""Where the Redis server is that serves a channel: one server, behind Sentinel, or in a Cluster.

Everything is asked anew at each connection: after a failover another server is the right one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError

from relay.bus import BusError

CONNECT_TIME: Final = 2.0
"""Seconds for a connection, the log-in included, and for an answer to where the server is."""
SENTINEL_PORT: Final = 26379
REDIS_PORT: Final = 6379

Host: TypeAlias = tuple[str, int]


class RedisAddress(NamedTuple):
    """A parsed address.

    Attributes:
        kind: ``single``, ``sentinel`` or ``cluster``.
        hosts: the server, the sentinels, or some servers of the cluster.
        service: the name of the master, of a sentinel.
        options: how to connect to a server: password, TLS, database and so on.
    """

    kind: str
    hosts: tuple[Host, ...]
    service: str
    options: dict[str, Any]


def parse_address(url: str) -> RedisAddress:
    """Take an address apart; TLS with ``rediss`` in place of ``redis``.

    - ``redis://[user:password@]host[:port][/number]``
    - ``redis+sentinel://[user:password@]host[:port][,host[:port]…]/service``
    - ``redis+cluster://[user:password@]host[:port][,host[:port]…]``

    Raises ``BusError``, whose message has no password in it.
    """
    try:
        parts = urlsplit(url)
        scheme, _, kind = parts.scheme.partition("+")
        if scheme not in ("redis", "rediss") or kind not in ("", "sentinel", "cluster"):
            raise ValueError("it begins with redis://, redis+sentinel:// or redis+cluster://")
        login, _, listed = parts.netloc.rpartition("@")
        service = unquote(parts.path.strip("/")) if kind == "sentinel" else ""
        path = "" if kind else parts.path
        query = f"?{parts.query}" if parts.query else ""
        options = dict(parse_url(f"{scheme}://{login}{'@' if login else ''}h{path}{query}"))
        port = SENTINEL_PORT if kind == "sentinel" else REDIS_PORT
        hosts = tuple(_host(entry, port) for entry in listed.split(","))
        if not kind and len(hosts) > 1:
            raise ValueError("several hosts are a redis+cluster:// or a redis+sentinel://")
        if kind == "sentinel" and not service:
            raise ValueError("after the sentinels comes the name of the service")
    except ValueError as error:
        raise BusError(f"the address of Redis can't be used: {error}") from None
    options.pop("host", None)
    return RedisAddress(kind or "single", hosts, service, options)


async def locate(address: RedisAddress, channel: str) -> Host:
    """The server that serves ``channel`` now. Raises ``RedisError``, ``OSError``, ``TimeoutError``.

    One of several hosts that answers is enough.
    """
    if address.kind == "single":
        return address.hosts[0]
    ask = _ask_sentinel if address.kind == "sentinel" else _ask_cluster
    problem: Exception = RedisError("no host")
    for host in address.hosts:
        try:
            return await ask(address, host, channel)
        except (RedisError, OSError, TimeoutError) as error:
            problem = error
    raise problem


async def server_url(url: str, channel: str) -> str:
    """The ``redis://…`` of the server that serves ``channel`` now.

    Raises ``BusError`` for a bad address, ``RedisError``, ``OSError``, ``TimeoutError``.
    """
    address = parse_address(url)
    if address.kind == "single":
        return url
    host, port = await locate(address, channel)
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    query = f"?{parts.query}" if parts.query else ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.partition('+')[0]}://{login}{at}{shown}:{port}{query}"


async def connect(options: dict[str, Any], host: Host) -> Connection:
    """A connection without hidden retries: whatever breaks is raised.

    Raises ``RedisError``, ``OSError``, ``TimeoutError``.
    """
    options = {**options}
    kind: type[Connection] = options.pop("connection_class", Connection)
    # RESP2 is faster for publish/subscribe. Silence is normal, so reading has no time-out here.
    connection = kind(
        host=host[0],
        port=host[1],
        **{
            "protocol": 2,
            "socket_connect_timeout": CONNECT_TIME,
            **options,
            "socket_timeout": None,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
        },
    )
    try:
        async with asyncio.timeout(CONNECT_TIME):
            await connection.connect()  # type: ignore[no-untyped-call]
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return connection


async def call(connection: Connection, *command: str | bytes | int) -> Any:
    """One command and its answer. Raises ``RedisError``, ``OSError``, ``TimeoutError``."""
    async with asyncio.timeout(CONNECT_TIME):
        await connection.send_command(*command)
        return await connection.read_response()


async def _ask_sentinel(address: RedisAddress, sentinel: Host, channel: str) -> Host:
    # A sentinel has users of its own, if any: it is asked without a password.
    kept = ("connection_class", "ssl_ca_certs", "ssl_cert_reqs", "ssl_check_hostname")
    options = {name: address.options[name] for name in kept if name in address.options}

    async def ask(connection: Connection) -> Host:
        found = await call(connection, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", address.service)
        if not found:
            raise RedisError(f"the sentinels know no service {address.service!r}")
        return found[0].decode(), int(found[1])

    return await _with_connection(options, sentinel, ask)


async def _ask_cluster(address: RedisAddress, server: Host, channel: str) -> Host:
    slot = key_slot(channel.encode())

    async def ask(connection: Connection) -> Host:
        for first, last, master, *_ in await call(connection, "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                # Without a name it is the server that was asked.
                return master[0].decode() if master[0] else server[0], int(master[1])
        raise RedisError(f"no server of the cluster has slot {slot}")

    return await _with_connection(address.options, server, ask)


async def _with_connection(
    options: dict[str, Any], host: Host, ask: Callable[[Connection], Awaitable[Host]]
) -> Host:
    connection = await connect(options, host)
    try:
        return await ask(connection)
    finally:
        await connection.disconnect(nowait=True)


def _host(entry: str, default_port: int) -> Host:
    parts = urlsplit(f"//{entry}")
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or default_port
