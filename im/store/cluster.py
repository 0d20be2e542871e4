"""What all nodes of a cluster share by name: ids, secrets, certificates."""

from __future__ import annotations

from im.store.cursor import Cursor


def value(cursor: Cursor, name: str, make: bytes) -> bytes:
    """The value of a name; ``make`` if it had none. Of several nodes that make one, one wins.

    Runs in a ``write``.
    """
    found = get(cursor, name)
    if found is not None:
        return found
    cursor.execute(
        f"{cursor.dialect.insert_ignore} cluster (name, value, created_at)"
        f" VALUES (%s, %s, {cursor.dialect.now_ms})",
        (name, make),
    )
    # READ COMMITTED: this sees the row of whoever was first.
    return get(cursor, name) or make


def get(cursor: Cursor, name: str) -> bytes | None:
    """The value of a name, if it has one."""
    row = cursor.execute("SELECT value FROM cluster WHERE name = %s", (name,)).one()
    return None if row is None else bytes(row[0])


def locked(cursor: Cursor, name: str, make: bytes) -> bytes:
    """As ``value``; nobody else changes it until the transaction ends."""
    value(cursor, name, make)
    row = cursor.execute(
        f"SELECT value FROM cluster WHERE name = %s{cursor.dialect.for_update}", (name,)
    ).one()
    return make if row is None else bytes(row[0])


def put(cursor: Cursor, name: str, new: bytes) -> None:
    """Give a name a value, whether it has one or not."""
    cursor.execute(
        f"INSERT INTO cluster (name, value, created_at) VALUES (%s, %s, {cursor.dialect.now_ms})"
        + cursor.dialect.upsert(("name",), ("value", "created_at")),
        (name, new),
    )
