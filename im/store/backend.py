"""What ``Database`` and ``LogWriter`` need of a database; ``mysql.py`` and ``sqlite.py`` are it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from im.store.cursor import Cursor
from im.store.dialect import Dialect
from im.store.errors import DatabaseFault
from im.store.steps import Step


class Connection(Protocol):
    """One connection, used by one thread at a time. All raise ``DatabaseFault`` and its kinds."""

    def cursor(self) -> Cursor:
        """A cursor; outside ``begin`` … ``commit`` each of its statements commits by itself."""

    def begin(self, timeout: float) -> None:
        """Open a transaction: READ COMMITTED, or on SQLite the one writer, within ``timeout`` s."""

    def run(self, steps: Sequence[Step]) -> list[list[tuple[Any, ...]]]:
        """Take steps in their order, together where the server can; the rows that each found.

        The first that fails is the last that is taken. Only for a connection of one's own.
        """

    def commit(self) -> None:
        """Make the transaction durable. After ``ConnectionLost`` nobody knows whether it is."""

    def rollback(self) -> None:
        """Undo the transaction."""

    def ping(self) -> None:
        """Return if the connection is alive."""

    def wipe(self) -> bool:
        """Let erased content leave the database's files, as far as that can be done from here.

        False if something was in the way; then call it again later.
        """

    def close(self) -> None:
        """Close it, or give it back where it was borrowed. Never raises."""


class Backend(Protocol):
    """Opens connections to one database. Safe to use from several threads.

    Attributes:
        dialect: its SQL.
        read_threads: how many connections may be lent for reading at a time.
        write_threads: how many more for writing; 0 if writers use those of the readers.
    """

    dialect: Dialect
    read_threads: int
    write_threads: int

    def borrow(self, *, writable: bool) -> Connection:
        """Lend a connection; its ``close`` gives it back."""

    def own(self) -> Connection:
        """A new connection for a thread that keeps it."""

    def snapshot(self) -> Connection:
        """A new connection that goes on seeing what is committed now, while others write.

        It only reads, row by row as they are asked for, without limits of time; a statement's rows
        are to be taken before the next one.
        """

    def driver(self) -> Any:
        """A driver's connection without limits of time, for the migration tool."""

    def fault_of(self, error: Exception) -> DatabaseFault | None:
        """The store's name for a driver's error; None if it isn't one."""

    def durability(self, cursor: Cursor) -> list[str]:
        """Sentences about settings under which a power cut could lose what was acknowledged."""

    def close(self) -> None:
        """Close what is not lent."""
