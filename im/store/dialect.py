"""The few places where the SQL of MySQL, MariaDB and SQLite differs, each by its name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TypeVar

T = TypeVar("T")

TRANSLATIONS = 512
"""Most statement texts whose translation is remembered; past that the memory starts anew."""

LONGEST_TRANSLATION = 4096
"""Characters up to which a statement's translation is remembered."""


def _assignments(columns: Sequence[str], value: str) -> str:
    return ", ".join(f"{column} = {value.format(column)}" for column in columns)


class Dialect:
    """SQL as MySQL and MariaDB speak it; ``SqliteDialect`` overrides what differs.

    Attributes:
        name: ``mysql`` or ``sqlite``.
        insert_ignore: begins an INSERT that does nothing when the key exists. On MySQL it also
            cuts values that are too long for their column, so only for values known to fit.
        for_update: ends a SELECT whose rows stay locked until the transaction ends. SQLite locks
            the whole file from the transaction's beginning, so there it is empty.
        now_ms: an expression for the database's clock, UTC milliseconds since 1970; within one
            statement always the same.
        has_table: a SELECT that has a row if there is a table of the name ``%s``.
        tables: a SELECT of the names of all tables.
        columns: a SELECT of name and type of the columns of the table ``%s``, in their order.
    """

    name = "mysql"
    insert_ignore = "INSERT IGNORE INTO"
    for_update = " FOR UPDATE"
    now_ms = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"
    has_table = (
        "SELECT 1 FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_name = %s"
    )
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    columns = (
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position"
    )

    def translate(self, sql: str) -> str:
        """The text with ``%s`` for parameters as the driver wants it."""
        return sql

    def marks(self, count: int) -> str:
        """``%s, %s, …``: the inside of an IN list. ``count`` must be at least 1."""
        return ", ".join(["%s"] * count)

    def listed(self, values: Collection[T]) -> tuple[str, tuple[T, ...]]:
        """The inside of an IN list of so many, and its parameters; ``values`` is not empty."""
        return self.marks(len(values)), tuple(values)

    def rows(self, count: int, width: int) -> str:
        """``(%s, %s), (%s, %s)``: the rows of a multi-row INSERT."""
        return ", ".join([f"({self.marks(width)})"] * count)

    def picked(self, table: str, columns: Sequence[str], count: int, join: str = "") -> str:
        """``FROM …`` for the rows of a table whose ``columns`` are one of ``count`` tuples.

        The tuples' values are the first parameters; ``" AND …"`` may follow. ``join`` is a
        ``JOIN … ON …`` with another table. Each tuple is looked up in the index on these columns,
        for which each database has its own best way; give each tuple once.
        """
        keys = f"({', '.join(columns)}) IN ({self.rows(count, len(columns))})"
        return f"FROM {table} {join} WHERE {keys}"

    def upsert(self, key: Sequence[str], columns: Sequence[str]) -> str:
        """Ends an INSERT: where ``key`` exists, ``columns`` take the new values instead."""
        return f" ON DUPLICATE KEY UPDATE {_assignments(columns, 'VALUES({})')}"

    def greatest(self, first: str, second: str) -> str:
        """The greater of two expressions."""
        return f"GREATEST({first}, {second})"

    def least(self, first: str, second: str) -> str:
        """The lesser of two expressions."""
        return f"LEAST({first}, {second})"

    def size(self, text: str) -> str:
        """The length of a text in bytes."""
        return f"LENGTH({text})"

    def begin_ids(self, table: str, first: int) -> list[str]:
        """Statements after which the next id that a table draws is ``first`` or higher."""
        return [f"ALTER TABLE {table} AUTO_INCREMENT = {first}"]


class SqliteDialect(Dialect):
    """SQL as SQLite 3.35 and later speaks it."""

    name = "sqlite"
    insert_ignore = "INSERT OR IGNORE INTO"
    for_update = ""
    # unixepoch('subsec') would need 3.42; ROUND because a day number is a binary fraction.
    now_ms = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"
    has_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s"
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND SUBSTR(name, 1, 7) <> 'sqlite_'"
    )
    columns = "SELECT name, type FROM pragma_table_info(%s) ORDER BY cid"

    def __init__(self) -> None:
        self._translated: dict[str, str] = {}

    def translate(self, sql: str) -> str:
        known = self._translated.get(sql)
        if known is None:
            if "%%" in sql:
                known = re.sub(r"%([s%])", lambda mark: "?" if mark[1] == "s" else "%", sql)
            else:
                known = sql.replace("%s", "?")
            if len(sql) <= LONGEST_TRANSLATION:
                if len(self._translated) >= TRANSLATIONS:
                    self._translated.clear()
                self._translated[sql] = known
        return known

    def listed(self, values: Collection[T]) -> tuple[str, tuple[T, ...]]:
        # Each text is compiled, and kept by each connection; one for each number of values would
        # take milliseconds of work and megabytes. So the last value is repeated up to a power of 2.
        listed = tuple(values)
        listed += listed[-1:] * ((1 << (len(listed) - 1).bit_length()) - len(listed))
        return self.marks(len(listed)), listed

    def picked(self, table: str, columns: Sequence[str], count: int, join: str = "") -> str:
        # A row value IN (VALUES …) would scan the table.
        equal = " AND ".join(
            f"{column} = wanted.column{number}" for number, column in enumerate(columns, 1)
        )
        values = f"(VALUES {self.rows(count, len(columns))}) AS wanted"
        return f"FROM {values} CROSS JOIN {table} ON {equal} {join}"

    def upsert(self, key: Sequence[str], columns: Sequence[str]) -> str:
        return (
            f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {_assignments(columns, 'excluded.{}')}"
        )

    def greatest(self, first: str, second: str) -> str:
        return f"MAX({first}, {second})"

    def least(self, first: str, second: str) -> str:
        return f"MIN({first}, {second})"

    def size(self, text: str) -> str:
        return f"LENGTH(CAST({text} AS BLOB))"

    def begin_ids(self, table: str, first: int) -> list[str]:
        return [
            f"DELETE FROM sqlite_sequence WHERE name = '{table}'",
            f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {first - 1})",
        ]
