"""All tables, as a backup sees them: which are kept, their columns, and their rows as they are.

Names of tables and columns come from ``TABLES`` and the database itself, never from a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from im.store.cursor import Cursor

PAGE = 500
"""Rows read together."""
MOST_VALUES = 20_000
"""Values in a statement; SQLite takes 32,766."""
SHOWN_IDS = 1_000
"""So many ids of people and groups, which are seen, are passed over after a restore."""
HIDDEN_IDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """What becomes of a table in a backup.

    Attributes:
        kept: whether it is in it; if not, what it holds is of the moment, derived, or not to leave.
        only: the condition of the rows that are kept.
        passed_over: after a restore so many ids are not drawn; 0: it draws none.
    """

    kept: bool = True
    only: str = "1 = 1"
    passed_over: int = 0


TABLES: Mapping[str, Table] = {
    "user_basic": Table(passed_over=SHOWN_IDS),
    "contact": Table(),
    "group_basic": Table(passed_over=SHOWN_IDS),
    "conversation": Table(passed_over=HIDDEN_IDS),
    "message": Table(),
    "revision": Table(),
    "member": Table(),
    "join_request": Table(),
    "session": Table(passed_over=HIDDEN_IDS),
    "media": Table(passed_over=HIDDEN_IDS),
    # What has no hash is not whole yet, or erased.
    "media_content": Table(only="sha256 IS NOT NULL", passed_over=HIDDEN_IDS),
    "media_reference": Table(),
    "quick_reply": Table(passed_over=HIDDEN_IDS),
    "user_setting": Table(),
    "state_version": Table(),
    "hidden": Table(),
    "webhook": Table(passed_over=HIDDEN_IDS),
    "invitation": Table(passed_over=HIDDEN_IDS),
    "mention": Table(),
    "audit": Table(passed_over=HIDDEN_IDS),
    # A restored database is a cluster of its own: nodes of the other must not be heard in it.
    "cluster": Table(only="name <> 'cluster_id' AND SUBSTR(name, 1, 6) <> 'lease.'"),
    "cluster_key": Table(kept=False),
    "node": Table(kept=False),
    "device_link": Table(kept=False),
    # Made again from the messages.
    "search": Table(kept=False),
    # Files are kept as such.
    "media_chunk": Table(kept=False),
    "alembic_version": Table(kept=False),
}
"""A new table has to be named here."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``binary``: its values are bytes."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes as the database knows them."""

    id: int
    sha256: bytes
    size: int


def existing(cursor: Cursor) -> set[str]:
    """The names of all tables that are there."""
    return {str(row[0]) for row in cursor.execute(cursor.dialect.tables).all()}


def columns(cursor: Cursor, table: str) -> list[Column]:
    """A table's columns."""
    found = cursor.execute(cursor.dialect.columns, (table,)).all()
    return [
        Column(str(name), "blob" in type_.lower() or "binary" in type_.lower())
        for name, type_ in ((row[0], str(row[1])) for row in found)
    ]


def rows(
    cursor: Cursor, table: str, wanted: Sequence[Column]
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows of a table that are kept, some at a time."""
    names = ", ".join(column.name for column in wanted)
    cursor.execute(f"SELECT {names} FROM {table} WHERE {TABLES[table].only}")
    while page := cursor.some(PAGE):
        yield page


def insert(
    cursor: Cursor, table: str, into: Sequence[Column], values: Sequence[Sequence[Any]]
) -> None:
    """Store rows as they are. Runs in a ``write``."""
    names = ", ".join(column.name for column in into)
    most = MOST_VALUES // len(into)
    for start in range(0, len(values), most):
        some = values[start : start + most]
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES {cursor.dialect.rows(len(some), len(into))}",
            [value for row in some for value in row],
        )


def settle(cursor: Cursor) -> None:
    """After all rows were stored: begin the search index anew, and pass over ids.

    Those that were given after the backup may be known to devices and programs, and must not come
    to mean another person or file. Runs in a ``write``.
    """
    cursor.execute("UPDATE conversation SET indexed_seq = 0")
    present = existing(cursor)
    for table, wanted in TABLES.items():
        if not wanted.passed_over or table not in present:
            continue
        row = cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}").one()
        highest = int(row[0]) if row is not None else 0
        for statement in cursor.dialect.begin_ids(table, highest + wanted.passed_over + 1):
            cursor.execute(statement)


def contents(cursor: Cursor, after: int) -> list[Content]:
    """The next files' bytes, in the order of their ids."""
    found = cursor.execute(
        "SELECT c.id, c.sha256, (SELECT MAX(m.size) FROM media m WHERE m.sha256 = c.sha256)"
        " FROM media_content c WHERE c.sha256 IS NOT NULL AND c.id > %s ORDER BY c.id LIMIT %s",
        (after, PAGE),
    ).all()
    return [Content(row[0], bytes(row[1]), int(row[2] or 0)) for row in found]


def content_bytes(cursor: Cursor) -> int:
    """Bytes of all files, each counted once."""
    row = cursor.execute(
        "SELECT COALESCE(SUM(once.size), 0)"
        " FROM (SELECT MAX(size) AS size FROM media GROUP BY sha256) AS once"
    ).one()
    return int(row[0]) if row is not None else 0


def chunks(cursor: Cursor, content: int) -> Iterator[bytes]:
    """The bytes of a file that lies in the database, a piece at a time."""
    cursor.execute("SELECT data FROM media_chunk WHERE content_id = %s ORDER BY number", (content,))
    while row := cursor.one():
        yield bytes(row[0])


def chunk_bytes(cursor: Cursor, content: int) -> int:
    """How many bytes of it there are."""
    row = cursor.execute(
        "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM media_chunk WHERE content_id = %s", (content,)
    ).one()
    return int(row[0]) if row is not None else 0


def content_of(cursor: Cursor, sha256: bytes) -> int | None:
    """The id under which a file's bytes are kept."""
    row = cursor.execute("SELECT id FROM media_content WHERE sha256 = %s", (sha256,)).one()
    return None if row is None else int(row[0])
