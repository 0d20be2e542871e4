"""The state of a database into which a backup is being restored: table ``unfinished_restore``.

It is there from the first change to the last, so that what was cut short is told from what is
whole. Its row says who restores and how far that has come.
"""

from __future__ import annotations

from im.errors import Unavailable
from im.store import nodes, tables
from im.store.cursor import Cursor

MARKER = "unfinished_restore"
USED = ("user_basic", "message")
"""Tables that are empty until somebody has used the database."""


class NotEmpty(Exception):
    """The database holds what a restore would destroy."""


def is_unfinished(cursor: Cursor) -> bool:
    """Whether restoring a backup was begun and did not come to its end."""
    return cursor.execute(cursor.dialect.has_table, (MARKER,)).one() is not None


def refuse_used(cursor: Cursor) -> None:
    """Raise ``NotEmpty`` unless nothing is lost with all that the database holds."""
    found = tables.existing(cursor)
    if MARKER in found:
        return
    foreign = sorted(found - tables.TABLES.keys())
    if foreign:
        raise NotEmpty(f"it has tables that are not the messenger's: {', '.join(foreign[:5])}")
    counts = [_count(cursor, table) for table in USED if table in found]
    if any(counts):
        raise NotEmpty(f"it already holds {counts[0]} people and {counts[-1]} messages")
    if "node" in found and nodes.live(cursor):
        raise NotEmpty("nodes are running on it; stop them first")


def begin(cursor: Cursor, token: str) -> None:
    """Empty the database and mark it. Raises ``NotEmpty``. Runs in a ``write``."""
    refuse_used(cursor)
    if not is_unfinished(cursor):
        cursor.execute(
            f"CREATE TABLE {MARKER} (token VARCHAR(64) NOT NULL PRIMARY KEY, part BIGINT NOT NULL)"
        )
    cursor.execute(f"DELETE FROM {MARKER}")
    for table in sorted(tables.existing(cursor) & tables.TABLES.keys()):
        cursor.execute(f"DROP TABLE {table}")
    cursor.execute(f"INSERT INTO {MARKER} (token, part) VALUES (%s, 0)", (token,))


def advance(cursor: Cursor, token: str, part: int) -> bool:
    """Whether this part is still to be restored; if this transaction commits, it is no more.

    Raises ``Unavailable`` if somebody else restores here meanwhile. Runs in a ``write``.
    """
    row = cursor.execute(
        f"SELECT part FROM {MARKER} WHERE token = %s{cursor.dialect.for_update}", (token,)
    ).one()
    if row is None:
        raise Unavailable("another restore into the same database has begun meanwhile")
    if row[0] >= part:
        return False
    cursor.execute(f"UPDATE {MARKER} SET part = %s WHERE token = %s", (part, token))
    return True


def end(cursor: Cursor) -> None:
    """The database is whole. Runs in a ``write``."""
    cursor.execute(f"DROP TABLE IF EXISTS {MARKER}")


def _count(cursor: Cursor, table: str) -> int:
    row = cursor.execute(f"SELECT COUNT(*) FROM {table}").one()
    return int(row[0]) if row is not None else 0
