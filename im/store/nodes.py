"""The nodes that share this database: table ``node``, a heartbeat each."""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor

HEARTBEAT_SECONDS = 5
LIVE_MS = 15_000
"""A node whose heartbeat is older, by the database's clock, is not counted as running."""
KEEP_MS = 7 * 24 * 3600 * 1000
MISSED_MS = 24 * 3600 * 1000
"""A node that ended without a word is shown as gone this long."""
MAX_KNOWN = 256


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node as it described itself; times UTC ms of the database's clock."""

    name: str
    address: str
    port: int
    relay_address: str
    metrics_port: int
    version: str
    process: int
    started_at: int
    heartbeat_at: int
    connections: int
    figures: str = ""


_COLUMNS = (
    "name, address, port, relay_address, metrics_port, version, process, started_at,"
    " heartbeat_at, connections, figures"
)


def beat(cursor: Cursor, row: NodeRow, keys: str) -> None:
    """This node lives; ``keys``: the relay keys that it and all it hears hold, with commas."""
    cursor.execute(
        f"INSERT INTO node ({_COLUMNS}, key_numbers)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, {cursor.dialect.now_ms}, %s, %s, %s)"
        + cursor.dialect.upsert(
            ("name",),
            (
                "address",
                "port",
                "relay_address",
                "metrics_port",
                "version",
                "process",
                "started_at",
                "heartbeat_at",
                "connections",
                "figures",
                "key_numbers",
            ),
        ),
        (
            row.name,
            row.address,
            row.port,
            row.relay_address,
            row.metrics_port,
            row.version,
            row.process,
            row.started_at,
            row.connections,
            row.figures,
            keys,
        ),
    )


def live(cursor: Cursor) -> list[NodeRow]:
    """Nodes with a fresh heartbeat, by name."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM node WHERE heartbeat_at > {cursor.dialect.now_ms} - %s"
        " ORDER BY name",
        (LIVE_MS,),
    ).all()
    return [NodeRow(*row) for row in rows]


def known(cursor: Cursor) -> list[NodeRow]:
    """Nodes that live, and those that ended lately without taking their leave, by name."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM node WHERE heartbeat_at > {cursor.dialect.now_ms} - %s"
        " ORDER BY heartbeat_at DESC LIMIT %s",
        (MISSED_MS, MAX_KNOWN),
    ).all()
    return sorted((NodeRow(*row) for row in rows), key=lambda row: row.name)


def keys_held(cursor: Cursor) -> dict[str, frozenset[int]]:
    """Numbers of the relay keys by live node: those that it and every member it hears hold."""
    rows = cursor.execute(
        f"SELECT name, key_numbers FROM node WHERE heartbeat_at > {cursor.dialect.now_ms} - %s"
        " ORDER BY name",
        (LIVE_MS,),
    ).all()
    return {name: frozenset(map(int, filter(None, held.split(",")))) for name, held in rows}


def leave(cursor: Cursor, name: str, process: int) -> None:
    """This node is gone; a successor of the same name keeps its row."""
    cursor.execute("DELETE FROM node WHERE name = %s AND process = %s", (name, process))


def forget_dead(cursor: Cursor) -> None:
    """Delete nodes that have not been seen for a week."""
    cursor.execute(
        f"DELETE FROM node WHERE heartbeat_at < {cursor.dialect.now_ms} - %s", (KEEP_MS,)
    )


def now_ms(cursor: Cursor) -> int:
    """The database's clock, UTC ms."""
    row = cursor.execute(f"SELECT {cursor.dialect.now_ms}").one()
    return int(row[0]) if row is not None else 0
