"""Tables written once for all databases.

The text is MySQL's, with these words filled in: ``{serial}`` is an id that the database draws,
``{bytes8}``, ``{bytes16}`` and ``{bytes32}`` are exactly so long, ``{blob}`` and ``{text}`` hold up
to 16 MiB. ``UNIQUE name (columns)`` and ``INDEX name (columns)`` each take a line of their own;
a unique index is named after its columns, so that ``DuplicateKey.key`` is the same everywhere.
"""

from __future__ import annotations

import re
import textwrap

from alembic import op
from sqlalchemy import inspect

MYSQL = {
    "serial": "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
    "bytes8": "BINARY(8)",
    "bytes16": "BINARY(16)",
    "bytes32": "BINARY(32)",
    "blob": "MEDIUMBLOB",
    "text": "MEDIUMTEXT",
}

SQLITE = {
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "bytes8": "BLOB",
    "bytes16": "BLOB",
    "bytes32": "BLOB",
    "blob": "BLOB",
    "text": "TEXT",
}

MYSQL_TABLE = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
"""utf8mb4_bin is the exact collation that MySQL and MariaDB share; it ignores blanks at the end, so
names are trimmed before they come here."""

_INDEX = re.compile(r"^\s*(INDEX|UNIQUE) (\w+) (\([^)]*\))", re.MULTILINE)


def create_table(name: str, columns: str, *, clustered: bool = False) -> None:
    """Create a table unless it exists: on MySQL one statement, which commits by itself.

    ``clustered`` lets SQLite store the rows in the order of their primary key, as InnoDB always
    does; good for short rows.
    """
    for statement in statements(op.get_bind().dialect.name, name, columns, clustered=clustered):
        op.execute(statement)


def add_columns(table: str, *columns: str) -> None:
    """Give a table the columns that it has not got yet: on MySQL in one statement."""
    known = {column["name"] for column in inspect(op.get_bind()).get_columns(table)}
    sqlite = op.get_bind().dialect.name == "sqlite"
    missing = [
        f"ADD COLUMN {column.format(**(SQLITE if sqlite else MYSQL))}"
        for column in columns
        if column.split()[0] not in known
    ]
    for change in missing if sqlite else filter(None, [", ".join(missing)]):
        op.execute(f"ALTER TABLE {table} {change}")


def add_index(table: str, column: str) -> None:
    """Index a column under its own name, unless that is done already."""
    name = f"{table}_{column}" if op.get_bind().dialect.name == "sqlite" else column
    if name not in {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}:
        op.execute(f"CREATE INDEX {name} ON {table} ({column})")


def rename_column(table: str, before: str, after: str) -> None:
    """Give a column another name, unless it has it already."""
    if before in {column["name"] for column in inspect(op.get_bind()).get_columns(table)}:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}")


def create_search_table() -> None:
    """The search index: which messages of a block of a log have a token, as a keyed hash.

    ``block`` is a message's number divided by 4096; ``messages`` is a packed set (``postings.py``).
    """
    create_table(
        "search",
        """
        conversation_id BIGINT NOT NULL,
        block INTEGER NOT NULL,
        token {bytes8} NOT NULL,
        messages VARBINARY(512) NOT NULL,
        PRIMARY KEY (conversation_id, block, token)
        """,
        clustered=True,
    )


def statements(dialect: str, name: str, columns: str, *, clustered: bool = False) -> list[str]:
    """The statements that make a table and its indexes."""
    body = textwrap.dedent(columns).strip()
    if dialect != "sqlite":
        body = _INDEX.sub(
            lambda found: (
                f"{found[1].replace('INDEX', 'KEY').replace('UNIQUE', 'UNIQUE KEY')} "
                f"{found[2]} {found[3]}"
            ),
            body,
        )
        body = body.format(**MYSQL)
        return [f"CREATE TABLE IF NOT EXISTS {name} (\n{body}\n) {MYSQL_TABLE}"]
    made = []
    for kind, index, on in _INDEX.findall(body):
        unique = "UNIQUE " if kind == "UNIQUE" else ""
        made.append(f"CREATE {unique}INDEX IF NOT EXISTS {name}_{index} ON {name} {on}")
    body = re.sub(r",?\n?" + _INDEX.pattern.lstrip("^"), "", body, flags=re.MULTILINE)
    end = " WITHOUT ROWID" if clustered else ""
    table = f"CREATE TABLE IF NOT EXISTS {name} (\n{body.format(**SQLITE)}\n){end}"
    return [table, *made]
