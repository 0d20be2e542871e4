"""What only one node of a cluster does at a time: whoever holds the lease, until it runs out."""

from __future__ import annotations

from im.store.cursor import Cursor

BACKUP = "backup"
"""While this one is held no file is removed from a folder: a backup may still want to read it."""
BACKUP_MS = 30_000


def take(cursor: Cursor, name: str, holder: str, lease_ms: int) -> bool:
    """Take a lease, or keep it; False while another holds it.

    It runs out ``lease_ms`` after the last call, by the database's clock, or when that is put back
    by more. Of a node that stalls another may take it over: so what it is for must be harmless when
    two do it. Runs in a ``write``.
    """
    now, row = cursor.dialect.now_ms, f"lease.{name}"
    mine = holder.encode()
    cursor.execute(
        f"UPDATE cluster SET value = %s, created_at = {now}"
        f" WHERE name = %s AND (value = %s OR ABS(created_at - {now}) > %s)",
        (mine, row, mine, lease_ms),
    )
    if cursor.rowcount > 0:
        return True
    cursor.execute(
        f"{cursor.dialect.insert_ignore} cluster (name, value, created_at) VALUES (%s, %s, {now})",
        (row, mine),
    )
    return cursor.rowcount > 0


def release(cursor: Cursor, name: str, holder: str) -> None:
    """Let a lease go, if one holds it, so that the next node need not wait."""
    cursor.execute(
        "DELETE FROM cluster WHERE name = %s AND value = %s", (f"lease.{name}", holder.encode())
    )


def held(cursor: Cursor, name: str, lease_ms: int) -> bool:
    """Whether anyone holds a lease."""
    row = cursor.execute(
        f"SELECT 1 FROM cluster WHERE name = %s AND created_at >= {cursor.dialect.now_ms} - %s",
        (f"lease.{name}", lease_ms),
    ).one()
    return row is not None
