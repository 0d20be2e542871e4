"""What this machine and the database say, besides the network; nothing is changed by asking."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from im.addresses import own_names
from im.app import now_ms
from im.doctor.certificate import CertificateFacts, ask_certificate
from im.doctor.pages import NodePages, ask_all, is_ours, port_fault
from im.errors import Unavailable
from im.node_database import open_node_database
from im.services.certificates import AUTHORITY
from im.settings import Settings
from im.store import cluster, cluster_keys, nodes
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DatabaseFault, NewerSchema, UnfinishedRestore
from im.store.migrations import usable_version
from im.store.nodes import NodeRow
from im.store.url import SqliteAddress, parse_url
from relay.bus import BusError
from relay.keyring import Keyring

CLOCK_QUESTIONS = 5
"""The database is asked so often for the time; the quickest answer tells the difference best."""

State = Literal["ready", "away", "empty", "newer"]


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The database as seen from here.

    Attributes:
        place: its address without user and password.
        embedded: it is a file of this machine.
        state: ``ready``; ``away``, with ``error``; ``empty``: no node has started on it yet;
            ``newer``: migrated by a newer version of this program.
        error: why it can't be used, in the words of the system.
        keyring: the cluster's.
        rows: the nodes that are alive by their heartbeat.
        clock: this machine's clock minus the database's, ms; None if unknown.
        authority: the cluster's certificate authority, if it has one.
    """

    place: str
    embedded: bool
    state: State
    error: str = ""
    keyring: Keyring | None = None
    rows: tuple[NodeRow, ...] = ()
    clock: int | None = None
    authority: bytes | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All of them.

    Attributes:
        database: see there.
        pages: what the HTTP ports of the other live nodes answer, by node name.
        folder: why the data folder can't be written; empty if it can.
        port: why the HTTP port can't be used; empty if it can, or if a node of ours has it.
        redis: why the Redis of the bus doesn't answer; empty if it does or isn't needed.
        certificate: what the port shows; None without TLS or before the first start.
    """

    database: DatabaseFacts
    pages: dict[str, NodePages]
    folder: str = ""
    port: str = ""
    redis: str = ""
    certificate: CertificateFacts | None = None


async def gather(settings: Settings, clock: Callable[[], int] = now_ms) -> Facts:
    """Ask everything; ``clock`` is this machine's, UTC ms. Never raises for what is away."""
    database = await ask_database(settings, clock)
    pages = await ask_all(database.rows, clock, database.clock or 0)
    folder = await asyncio.to_thread(folder_fault, settings.node.data_dir)
    port = port_fault(settings.http.address, settings.http.port)
    if port and await is_ours(settings.http.address, settings.http.port):
        port = ""
    redis = await redis_fault(settings) if settings.relay.bus == "redis" else ""
    names = await asyncio.to_thread(own_names)
    certificate = await asyncio.to_thread(
        ask_certificate, settings, database.authority, names, clock()
    )
    return Facts(database, pages, folder, port, redis, certificate)


async def ask_database(settings: Settings, clock: Callable[[], int]) -> DatabaseFacts:
    """Keys, live nodes and clock. Nothing is created or migrated."""
    try:
        address = parse_url(settings.database_url)
    except ValueError as error:
        return DatabaseFacts("?", False, "away", str(error))
    if isinstance(address, SqliteAddress):
        place, embedded = f"sqlite:///{address.path}", True
        if not address.path.exists():
            return DatabaseFacts(place, embedded, "empty")
    else:
        parts = urlsplit(settings.database_url)
        place, embedded = f"mysql://{address.host}:{address.port}{parts.path}", False
    database = open_node_database(settings)
    try:
        version = await database.read(usable_version)
        if not version:
            return DatabaseFacts(place, embedded, "empty")
        keyring, rows, authority = await database.read(_cluster)
        offset = await clock_offset(database, clock)
    except NewerSchema:
        return DatabaseFacts(place, embedded, "newer")
    except (Unavailable, DatabaseFault, UnfinishedRestore) as error:
        return DatabaseFacts(place, embedded, "away", str(error))
    finally:
        await database.close()
    state: State = "ready" if keyring else "empty"
    return DatabaseFacts(place, embedded, state, "", keyring, tuple(rows), offset, authority)


def _cluster(cursor: Cursor) -> tuple[Keyring | None, list[NodeRow], bytes | None]:
    cluster_id = cluster.get(cursor, "cluster_id")
    keys, sending = cluster_keys.ring(cursor)
    keyring = Keyring(cluster_id, keys, sending) if cluster_id and keys else None
    return keyring, nodes.live(cursor), cluster.get(cursor, AUTHORITY)


async def clock_offset(database: Database, clock: Callable[[], int]) -> int:
    """``clock`` minus the database's clock, ms, to half the time of a question and its answer."""
    found: list[tuple[int, int]] = []
    for _ in range(CLOCK_QUESTIONS):
        before = clock()
        theirs = await database.read(nodes.now_ms)
        after = clock()
        found.append((after - before, (before + after) // 2 - theirs))
    return min(found)[1]


def folder_fault(folder: Path) -> str:
    """Why nothing can be written to the data folder; it need not exist, only be possible."""
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is not a folder"
    try:
        if existing == folder.absolute():
            with tempfile.TemporaryFile(dir=existing):
                pass
        elif not os.access(existing, os.W_OK | os.X_OK):
            return f"{existing} is not writable"
    except OSError as error:
        return error.strerror or str(error)
    return ""


async def redis_fault(settings: Settings) -> str:
    """Why the Redis of the bus doesn't answer."""
    from redis.exceptions import RedisError

    from relay.redis_address import call, connect, locate, parse_address

    try:
        address = parse_address(settings.redis.url.get_secret_value())
        host = await locate(address, settings.redis.channel)
        connection = await connect(address.options, host)
        try:
            await call(connection, "PING")
        finally:
            await connection.disconnect(nowait=True)
    except (BusError, RedisError, OSError, TimeoutError) as error:
        return str(error) or type(error).__name__
    return ""
