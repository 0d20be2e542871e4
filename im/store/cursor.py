"""One cursor for both drivers: counts, times and translates statements, and names their faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from im.store.dialect import Dialect
from im.store.errors import DatabaseFault

SHOWN_SQL = 2000
"""Characters of a slow statement that the log shows."""

log = logging.getLogger("im.sql")


class DriverCursor(Protocol):
    """What PyMySQL's and sqlite3's cursors have in common."""

    @property
    def rowcount(self) -> int: ...
    @property
    def lastrowid(self) -> int | None: ...
    def execute(self, sql: str, params: Any, /) -> object: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...
    def fetchmany(self, size: int, /) -> Any: ...
    def close(self) -> None: ...


class Statistics:
    """Counters of one ``Database``, for metrics and for tests that count queries.

    Attributes:
        statements: SQL statements sent, those of failed transactions included.
        slow: statements that took longer than the limit.
        retries: transactions and reads that were run again.
        unavailable: calls that were refused or given up.
    """

    def __init__(self, slow_ms: int) -> None:
        self.slow_ms = slow_ms
        self.statements = 0
        self.slow = 0
        self.retries = 0
        self.unavailable = 0
        self._lock = threading.Lock()

    def count(self, name: str) -> None:
        """Add one to a counter; from any thread."""
        with self._lock:
            setattr(self, name, getattr(self, name) + 1)

    def statement(self, sql: str, seconds: float, count: int = 1) -> None:
        """Count what was sent together, and log it without its values when it was slow."""
        slow = seconds * 1000 > self.slow_ms
        with self._lock:
            self.statements += count
            self.slow += slow
        if slow:
            log.warning("slow statement: %d ms: %s", round(seconds * 1000), sql[:SHOWN_SQL])


class Cursor:
    """Runs statements on a borrowed connection; valid only within the function it was given to.

    SQL marks its parameters with ``%s`` on every database; a literal ``%`` is written ``%%``.
    Raises ``DatabaseFault`` or one of its kinds.

    Attributes:
        dialect: what differs between the databases.
    """

    def __init__(
        self,
        driver: DriverCursor,
        dialect: Dialect,
        statistics: Statistics,
        fault: Callable[[Exception], DatabaseFault | None],
    ) -> None:
        self.dialect = dialect
        self._driver = driver
        self._statistics = statistics
        self._fault = fault

    def execute(self, sql: str, params: Sequence[object] = ()) -> Cursor:
        """Run one statement; returns itself, so that ``.one()`` and ``.all()`` may follow."""
        start = time.perf_counter()
        try:
            # Never None: with it PyMySQL would leave %% as it is.
            self._driver.execute(self.dialect.translate(sql), tuple(params))
        except Exception as error:
            fault = self._fault(error)
            if fault is None:
                raise
            raise fault from error
        finally:
            self._statistics.statement(sql, time.perf_counter() - start)
        return self

    def one(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        row: tuple[Any, ...] | None = self._fetch(self._driver.fetchone)
        return row

    def all(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        return list(self._fetch(self._driver.fetchall))

    def some(self, most: int) -> list[tuple[Any, ...]]:
        """The next rows, at most so many; empty at the end."""
        return list(self._fetch(lambda: self._driver.fetchmany(most)))

    def _fetch(self, fetch: Callable[[], Any]) -> Any:
        try:
            return fetch()
        except Exception as error:
            fault = self._fault(error)
            if fault is None:
                raise
            raise fault from error

    @property
    def rowcount(self) -> int:
        """Rows that the last INSERT, UPDATE or DELETE matched, changed or not."""
        return self._driver.rowcount

    @property
    def lastrowid(self) -> int:
        """The id that the last single-row INSERT was given."""
        return self._driver.lastrowid or 0

    def close(self) -> None:
        """Give the driver's cursor back."""
        self._driver.close()
