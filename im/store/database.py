"""The database as the services see it: ``read`` and ``write`` with a function that takes a cursor.

Example::

    database = open_database(DatabaseSettings("sqlite:///var/im.db"))
    row = await database.read(users.by_name, "小红")
    await database.write(contacts.accept, 1, 2)
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import random
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from im.errors import Unavailable
from im.store.backend import Backend, Connection
from im.store.cursor import Cursor, Statistics
from im.store.errors import ConnectionLost, OutOfService, Retryable
from im.store.mysql import MysqlBackend
from im.store.sqlite import SqliteBackend
from im.store.url import SqliteAddress, parse_url
from im.store.workers import Workers

PAUSE = (0.001, 0.01)
"""Seconds before a transaction is run again, drawn at random, so that two don't meet again."""

LOG_PAUSE = 1.0
"""Seconds between two warnings that the database is away."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

log = logging.getLogger("im.store")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """How to reach the database.

    Attributes:
        url: see ``im.store.url.parse_url``.
        pool_size: connections for ``read`` and ``write``, and as many threads; ``LogWriter`` has
            one more of its own. SQLite has one more for writing.
        call_timeout: seconds in which ``read`` and ``write`` answer, or raise ``Unavailable``.
        connect_timeout: seconds for connecting to MySQL.
        read_timeout: seconds for an answer of MySQL.
        write_timeout: seconds for sending to MySQL.
        slow_ms: statements that take longer are logged on ``im.sql``.
        max_waiting: calls that may wait for a thread; one more is refused at once.
        ssl_ca: file with the authority that signed MySQL's certificate; None leaves it unchecked.
    """

    url: str
    pool_size: int = 8
    call_timeout: float = 3.0
    connect_timeout: float = 3.0
    read_timeout: float = 3.0
    write_timeout: float = 3.0
    slow_ms: int = 1000
    max_waiting: int = 1000
    ssl_ca: str | None = None


def open_database(settings: DatabaseSettings) -> Database:
    """A database that connects at its first use. Raises ``ValueError`` for a bad address."""
    statistics = Statistics(settings.slow_ms)
    address = parse_url(settings.url)
    backend: Backend
    if isinstance(address, SqliteAddress):
        backend = SqliteBackend(address.path, statistics, readers=settings.pool_size)
    else:
        backend = MysqlBackend(
            address,
            statistics,
            pool_size=settings.pool_size,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            write_timeout=settings.write_timeout,
            ssl_ca=settings.ssl_ca,
        )
    return Database(settings, backend, statistics)


class Database:
    """Runs functions on connections, off the event loop.

    When the database is away, calls raise ``Unavailable`` within ``call_timeout``; when it is back
    they succeed again, with nothing to be done. A function that is running when its time is up
    goes on in its thread, so after ``Unavailable`` the outcome of a write is unknown.

    It belongs to the process that made it: open it after forking.

    Attributes:
        settings: as given.
        backend: the kind of database.
        dialect: its SQL.
        statistics: counters.
    """

    def __init__(
        self, settings: DatabaseSettings, backend: Backend, statistics: Statistics
    ) -> None:
        self.settings = settings
        self.backend = backend
        self.dialect = backend.dialect
        self.statistics = statistics
        self._process = os.getpid()
        self._readers = Workers("database", backend.read_threads, settings.max_waiting)
        self._writers = self._readers
        if backend.write_threads:
            self._writers = Workers("database-write", backend.write_threads, settings.max_waiting)
        self._next_log = 0.0

    async def read(self, fn: Callable[[Cursor, *Ts], T], *args: *Ts) -> T:
        """What ``fn(cursor, *args)`` returns; each of its statements sees what is committed then.

        It may be run twice, so it must do nothing but read. Raises ``Unavailable``, or what ``fn``
        raises.
        """
        end = time.monotonic() + self.settings.call_timeout

        def attempt() -> T:
            # An open cursor would keep SQLite's snapshot, so it is closed as well.
            with (
                closing(self.backend.borrow(writable=False)) as connection,
                closing(connection.cursor()) as cursor,
            ):
                return fn(cursor, *args)

        return await self._run(self._readers, lambda: self._repeat(attempt, 3, end))

    async def write(self, fn: Callable[[Cursor, *Ts], T], *args: *Ts, attempts: int = 3) -> T:
        """What ``fn(cursor, *args)`` returns, after its transaction was committed.

        The whole of ``fn`` is run again, up to ``attempts`` times in all, after a deadlock, a lock
        wait or a lost connection, even one that was lost while committing: so it must be harmless
        to repeat, and quick, for the server gives up on a transaction that is idle for 2 s.
        Raises ``Unavailable``, or what ``fn`` raises; then nothing was written.
        """
        end = time.monotonic() + self.settings.call_timeout

        def attempt() -> T:
            with closing(self.backend.borrow(writable=True)) as connection:
                return transact(connection, lambda cursor: fn(cursor, *args), end)

        return await self._run(self._writers, lambda: self._repeat(attempt, attempts, end))

    async def wipe(self) -> bool:
        """Let erased content leave the database's files, as far as that can be done from here.

        False if something was in the way; then call it again later. Raises ``Unavailable``.
        """

        def attempt() -> bool:
            with closing(self.backend.borrow(writable=True)) as connection:
                return connection.wipe()

        return await self._run(self._writers, attempt)

    async def healthy(self) -> bool:
        """Whether the database answers."""
        try:
            await self.read(lambda cursor: cursor.execute("SELECT 1").one())
        except Unavailable:
            return False
        return True

    async def check_durability(self) -> list[str]:
        """Sentences about settings that break the promise of a commit; empty if there are none."""
        return await self.read(self.backend.durability)

    async def close(self) -> None:
        """Finish what was begun and close the connections."""
        pools = {self._readers, self._writers}
        timeout = self.settings.call_timeout
        await asyncio.gather(*(asyncio.to_thread(pool.close, timeout) for pool in pools))
        self.backend.close()

    def connection(self) -> Connection:
        """A new connection for a thread that keeps it. Blocks; raises ``DatabaseFault``."""
        self._check_process()
        return self.backend.own()

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("This database was opened before a fork: open it in each process.")

    def _repeat(self, attempt: Callable[[], T], attempts: int, end: float) -> T:
        """Run ``attempt`` until it succeeds; in a worker's thread."""
        while True:
            attempts -= 1
            try:
                return attempt()
            except Retryable:
                if attempts <= 0 or time.monotonic() >= end:
                    raise
            self.statistics.count("retries")
            time.sleep(random.uniform(*PAUSE))  # noqa: S311

    async def _run(self, workers: Workers, job: Callable[[], T]) -> T:
        self._check_process()
        try:
            future = workers.submit(job)
        except queue.Full:
            raise self._unavailable("too many calls wait for the database") from None
        try:
            async with asyncio.timeout(self.settings.call_timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise self._unavailable("no answer in time") from error
        except (Retryable, OutOfService) as fault:
            raise self._unavailable(str(fault)) from fault

    def _unavailable(self, reason: str) -> Unavailable:
        self.statistics.count("unavailable")
        now = time.monotonic()
        if now >= self._next_log:
            self._next_log = now + LOG_PAUSE
            log.warning("the database is unavailable: %s", reason)
        return Unavailable(reason)


def transact(connection: Connection, fn: Callable[[Cursor], T], end: float) -> T:
    """Run ``fn`` in one transaction that commits, or is undone when anything fails.

    ``end`` is the time (``time.monotonic``) until which to wait for the right to write.
    """
    connection.begin(max(0.0, end - time.monotonic()))
    try:
        with closing(connection.cursor()) as cursor:
            result = fn(cursor)
        connection.commit()
    except BaseException:
        with suppress(ConnectionLost):  # Then the server undoes it.
            connection.rollback()
        raise
    return result
