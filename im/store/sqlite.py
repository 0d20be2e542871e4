"""SQLite in one file: several processes of one host, whose writers take turns."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from im.store.cursor import Cursor, Statistics
from im.store.dialect import Dialect, SqliteDialect
from im.store.errors import DatabaseFault, DuplicateKey, OutOfService, Retryable
from im.store.steps import Begin, Commit, Step

OLDEST = (3, 35, 0)
"""The first version with all the SQL that the store uses."""

PAUSE = (0.0002, 0.001)
"""Seconds between two tries to become the writer, drawn at random. SQLite's own busy handler waits
longer and longer, so that one process can starve another."""

PATIENCE = 3.0
"""Seconds after which a file that stays locked counts as away."""

MIGRATION_PATIENCE = 600.0
"""Seconds for which a migration waits until another process has done its own."""

CACHE_KIB = 16 * 1024
"""Pages that a connection keeps; SQLite's own 2 MiB hold too little of the indexes."""

CHECKPOINT_PAGES = 4000
"""Pages of 4 KiB after which the write-ahead log is copied back: fewer copy the same ones often."""

NETWORK_FILESYSTEMS = frozenset(
    {
        *("9p", "afs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"),
        *("gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb2", "smb3", "smbfs"),
    }
)
"""Types in /proc/mounts on which locks or shared memory can't be trusted."""

_FULL = 0xFF
_OUT_OF_SERVICE = frozenset(
    {
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOTADB),
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY),
    }
)
_DUPLICATE = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    }
)

T = TypeVar("T")


def fault_of(error: Exception) -> DatabaseFault | None:
    """The store's name for a driver's error; None if it isn't one."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", 0)
    message = str(error)
    primary = code & _FULL
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Retryable(message, code)
    if primary in _OUT_OF_SERVICE:
        return OutOfService(message, code)
    if code in _DUPLICATE:
        key = "PRIMARY"
        if code == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            # "UNIQUE constraint failed: table.a, table.b"
            columns = message.rpartition(": ")[2].split(", ")
            key = "_".join(column.rpartition(".")[2] for column in columns)
        return DuplicateKey(message, code, key)
    return DatabaseFault(message, code)


class SqliteConnection:
    """A ``Connection`` to the file.

    Args:
        give_back: where ``close`` puts it; None closes it.
    """

    def __init__(
        self,
        driver: sqlite3.Connection,
        dialect: Dialect,
        statistics: Statistics,
        give_back: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        self._driver = driver
        self._dialect = dialect
        self._statistics = statistics
        self._give_back = give_back

    def cursor(self) -> Cursor:
        return Cursor(self._driver.cursor(), self._dialect, self._statistics, fault_of)

    def begin(self, timeout: float) -> None:
        try:
            patiently(lambda: self._driver.execute("BEGIN IMMEDIATE"), timeout)
        except Retryable as busy:
            raise OutOfService(f"another process kept the file locked: {busy}", busy.code) from busy

    def run(self, steps: Sequence[Step]) -> list[list[tuple[Any, ...]]]:
        found: list[list[tuple[Any, ...]]] = []
        with closing(self.cursor()) as cursor:
            for step in steps:
                rows: list[tuple[Any, ...]] = []
                if isinstance(step, Begin):
                    self.begin(step.patience)
                elif isinstance(step, Commit):
                    self.commit()
                else:
                    rows = cursor.execute(step.sql, step.params).all()
                found.append(rows)
        return found

    def commit(self) -> None:
        self._execute("COMMIT")

    def rollback(self) -> None:
        # SQLite may have rolled back by itself, as it does when the disk is full.
        if self._driver.in_transaction:
            self._execute("ROLLBACK")

    def ping(self) -> None:
        """Nothing to do: a file doesn't hang up."""

    def wipe(self) -> bool:
        """Empty the write-ahead log, where erased content stays readable until it is reused."""
        with closing(self.cursor()) as cursor:
            row = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return row is not None and row[0] == 0

    def close(self) -> None:
        if self._give_back is not None and not self._driver.in_transaction:
            self._give_back(self._driver)
        else:
            self._driver.close()

    def _execute(self, sql: str) -> None:
        try:
            self._driver.execute(sql)
        except sqlite3.Error as error:
            raise fault_of(error) or error from error


class SqliteBackend:
    """A ``Backend`` for one file: ``readers`` connections to read and one to write.

    Raises ``OutOfService`` with a sentence if the file can't be used; a connection must not be
    used after a fork, so each process makes its own backend.
    """

    def __init__(self, path: Path, statistics: Statistics, *, readers: int) -> None:
        self.dialect: Dialect = SqliteDialect()
        self.read_threads = readers
        self.write_threads = 1
        self._path = path
        self._statistics = statistics
        self._lock = threading.Lock()
        self._idle: dict[bool, list[sqlite3.Connection]] = {False: [], True: []}
        self._closed = False

    def borrow(self, *, writable: bool) -> SqliteConnection:
        with self._lock:
            idle = self._idle[writable]
            driver = idle.pop() if idle else None
        if driver is None:
            driver = self._connect(writable=writable)

        def give_back(driver: sqlite3.Connection) -> None:
            with self._lock:
                if not self._closed:
                    self._idle[writable].append(driver)
                    return
            driver.close()

        return SqliteConnection(driver, self.dialect, self._statistics, give_back)

    def own(self) -> SqliteConnection:
        return SqliteConnection(self._connect(writable=True), self.dialect, self._statistics)

    def snapshot(self) -> SqliteConnection:
        driver = self._connect(writable=False)
        driver.execute("BEGIN")
        # The first look at the file is what fixes the view.
        driver.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return SqliteConnection(driver, self.dialect, self._statistics)

    def driver(self) -> sqlite3.Connection:
        # SQLite's own busy handler is good enough for who waits once.
        self._connect(writable=True).close()
        return sqlite3.connect(
            self._path, timeout=MIGRATION_PATIENCE, isolation_level=None, check_same_thread=False
        )

    def fault_of(self, error: Exception) -> DatabaseFault | None:
        return fault_of(error)

    def _connect(self, *, writable: bool) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < OLDEST:
            wanted = ".".join(map(str, OLDEST[:2]))
            raise OutOfService(f"SQLite {sqlite3.sqlite_version} is too old: {wanted} is needed.")
        refuse_network_filesystem(self._path)
        try:
            # timeout=0 turns SQLite's busy handler off; isolation_level=None leaves BEGIN to us.
            driver = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise OutOfService(f"{self._path} cannot be opened: {error}") from error
        try:
            # Changing to WAL needs the file alone, and two processes may start at once.
            patiently(lambda: driver.execute("PRAGMA journal_mode = WAL").fetchone())
            driver.execute("PRAGMA synchronous = FULL")
            driver.execute("PRAGMA secure_delete = ON")
            driver.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            driver.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            driver.execute(f"PRAGMA query_only = {'OFF' if writable else 'ON'}")
        except Exception as error:
            driver.close()
            raise OutOfService(f"{self._path} cannot be used: {error}") from error
        return driver

    def durability(self, cursor: Cursor) -> list[str]:
        sentences = []
        mode = cursor.execute("PRAGMA journal_mode").one()
        if mode != ("wal",):
            sentences.append("SQLite could not turn on its write-ahead log for this file.")
        level = cursor.execute("PRAGMA synchronous").one()
        if level is None or level[0] < 2:
            sentences.append(
                "SQLite does not flush at each commit: a power cut can lose messages that were "
                "acknowledged."
            )
        return sentences

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle = [*self._idle[False], *self._idle[True]]
            self._idle = {False: [], True: []}
        for driver in idle:
            driver.close()


def patiently(action: Callable[[], T], timeout: float = PATIENCE) -> T:
    """Do what others may be in the way of; ``Retryable`` if they still are after ``timeout`` s."""
    end = time.monotonic() + timeout
    while True:
        try:
            return action()
        except sqlite3.Error as error:
            fault = fault_of(error)
            if not isinstance(fault, Retryable) or time.monotonic() > end:
                raise fault or error from error
        time.sleep(random.uniform(*PAUSE))  # noqa: S311


def refuse_network_filesystem(path: Path, mounts: Iterable[str] | None = None) -> None:
    """Raise ``OutOfService`` if the file lies where SQLite's locks don't hold.

    ``mounts`` are lines of /proc/mounts; systems without it are not checked.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return
    folder = path.absolute().parent.resolve()
    deepest, found = -1, ""
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # proc(5) writes blanks in octal.
        mount = Path(fields[1].replace("\\040", " "))
        # Later lines cover earlier ones.
        if folder.is_relative_to(mount) and len(mount.parts) >= deepest:
            deepest, found = len(mount.parts), fields[2]
    if found in NETWORK_FILESYSTEMS:
        raise OutOfService(
            f"{path} lies on a network file system ({found}), where SQLite loses data when "
            "several processes write. Use a local disk, or MySQL for several machines."
        )
