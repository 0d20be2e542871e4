"""MySQL and MariaDB: PyMySQL connections, lent by DBUtils' pool."""

from __future__ import annotations

import contextlib
import math
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

import pymysql
from dbutils.pooled_db import PooledDB  # type: ignore[import-untyped]
from pymysql.constants import CLIENT, CR, ER
from pymysql.cursors import SSCursor

from im.store.cursor import Cursor, Statistics
from im.store.dialect import Dialect
from im.store.errors import (
    ConnectionLost,
    DatabaseFault,
    DuplicateKey,
    OutOfService,
    Retryable,
)
from im.store.steps import Begin, Commit, Step
from im.store.url import MysqlAddress

LOCK_WAIT_SECONDS = 2
"""How long a statement waits for another transaction's row; less than a call's 3 s."""

IDLE_TRANSACTION_SECONDS = 2
"""After this the server undoes what a stalled node left open, so that others can go on."""

MYSQL_WAIT_SECONDS = 5
"""MySQL has no limit for idle transactions; its limit for idle connections comes nearest."""

SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""Strict: a value that is too long is refused, not cut."""

TRUST_SECONDS = 1.0
"""A connection that has answered within it is lent without asking whether it is still there: that
takes as long as a short statement, and nobody else can borrow meanwhile."""

RETRYABLE = frozenset({ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK})

LOST = frozenset(
    {
        CR.CR_SERVER_GONE_ERROR,
        CR.CR_SERVER_LOST,
        ER.SERVER_SHUTDOWN,
        1927,  # MariaDB: connection was killed
        4031,  # MySQL: disconnected for inactivity
    }
)

OUT_OF_SERVICE = frozenset(
    {
        CR.CR_CONNECTION_ERROR,
        CR.CR_CONN_HOST_ERROR,
        CR.CR_UNKNOWN_HOST,
        ER.CON_COUNT_ERROR,
        ER.HOST_IS_BLOCKED,
        ER.USER_LIMIT_REACHED,
        ER.TOO_MANY_USER_CONNECTIONS,
        ER.ACCESS_DENIED_ERROR,
        ER.DBACCESS_DENIED_ERROR,
        ER.BAD_DB_ERROR,
        ER.DISK_FULL,
        ER.RECORD_FILE_FULL,
        ER.OPTION_PREVENTS_STATEMENT,  # read-only
        1047,  # Galera: the node is not ready
        1836,  # MySQL: read-only mode
    }
)


FaultOf = Callable[[Exception], DatabaseFault | None]


class _Never(Exception):
    """Given to DBUtils as the one error after which it may run a statement again."""


def fault_of(error: Exception) -> DatabaseFault | None:
    """The store's name for a driver's error; None if it isn't one."""
    if not isinstance(error, pymysql.MySQLError):
        return None
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    message = str(error.args[1]) if len(error.args) > 1 else str(error)
    message = message or "the connection was lost"
    if code in RETRYABLE:
        return Retryable(message, code)
    # InterfaceError(0, …) is PyMySQL's word for a connection that it closed before.
    if code in LOST or isinstance(error, pymysql.InterfaceError) or type(error) is pymysql.Error:
        return ConnectionLost(message, code)
    if code in OUT_OF_SERVICE:
        return OutOfService(message, code)
    if code == ER.DUP_ENTRY:
        # "Duplicate entry '…' for key 'name'", in MySQL 8 'table.name'.
        return DuplicateKey(message, code, message.rsplit("'", 2)[-2].rsplit(".", 1)[-1])
    return DatabaseFault(message, code)


class _RowByRow(SSCursor):
    """Takes rows from the server as they are asked for."""

    def execute(self, query: str, args: Any = None) -> int:
        # What is left of the statement before is in the way, if only its end.
        if self.description is not None:
            self.fetchall()
        return super().execute(query, args)


class _Driver(pymysql.connections.Connection):
    """Knows when the server has last answered a statement (``time.monotonic``)."""

    answered = -math.inf

    def query(self, sql: Any, unbuffered: bool = False) -> int:
        rows = super().query(sql, unbuffered)
        self.answered = time.monotonic()
        return rows


class MysqlConnection:
    """A ``Connection`` over a PyMySQL connection, borrowed or owned."""

    def __init__(
        self, driver: Any, dialect: Dialect, statistics: Statistics, fault_of: FaultOf
    ) -> None:
        self._driver = driver
        self._dialect = dialect
        self._statistics = statistics
        self._fault_of = fault_of

    def cursor(self) -> Cursor:
        return Cursor(self._driver.cursor(), self._dialect, self._statistics, self._fault_of)

    def begin(self, timeout: float) -> None:
        self._call(self._driver.begin)

    def run(self, steps: Sequence[Step]) -> list[list[tuple[Any, ...]]]:
        texts = []
        shown = []
        for step in steps:
            if isinstance(step, Begin):
                texts.append("BEGIN")
            elif isinstance(step, Commit):
                texts.append("COMMIT")
            else:
                texts.append(step.sql % tuple(map(self._literal, step.params)))
                shown.append(step.sql)
        start = time.perf_counter()
        try:
            with contextlib.closing(self._driver.cursor()) as cursor:
                cursor.execute("; ".join(texts))
                found = [list(cursor.fetchall())]
                while cursor.nextset():
                    found.append(list(cursor.fetchall()))
        except pymysql.MySQLError as error:
            raise self._fault_of(error) or error from error
        finally:
            seconds = time.perf_counter() - start
            self._statistics.statement("; ".join(shown), seconds, len(shown))
        return found

    def commit(self) -> None:
        self._call(self._driver.commit)

    def rollback(self) -> None:
        self._call(self._driver.rollback)

    def ping(self) -> None:
        self._call(self._driver.ping, False)

    def wipe(self) -> bool:
        """Nothing to do: the server's purge removes what was overwritten."""
        return True

    def close(self) -> None:
        # It may have been closed already.
        with contextlib.suppress(pymysql.MySQLError):
            self._driver.close()

    def _literal(self, value: object) -> object:
        # Most are numbers, which PyMySQL takes 1 us to find out.
        return value if type(value) is int else self._driver.escape(value)

    def _call(self, method: Any, *args: object) -> None:
        try:
            method(*args)
        except pymysql.MySQLError as error:
            raise self._fault_of(error) or error from error


class MysqlBackend:
    """A ``Backend`` for one database on a server.

    Args:
        ssl_ca: file of the authority that signed the server's certificate, which is then checked;
            without it, TLS over a network is used unchecked if the server has it.
    """

    def __init__(
        self,
        address: MysqlAddress,
        statistics: Statistics,
        *,
        pool_size: int,
        connect_timeout: float,
        read_timeout: float,
        write_timeout: float,
        ssl_ca: str | None,
    ) -> None:
        self.dialect = Dialect()
        self.read_threads = pool_size
        self.write_threads = 0
        self._statistics = statistics
        self._arguments: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password,
            "database": address.name,
            "unix_socket": address.unix_socket,
            "charset": "utf8mb4",
            "collation": "utf8mb4_bin",
            "autocommit": True,
            "connect_timeout": connect_timeout,
            "read_timeout": read_timeout,
            "write_timeout": write_timeout,
            "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            **_tls(address, ssl_ca),
        }
        # Never fail over: DBUtils would run a statement again outside its lost transaction.
        self._pool = PooledDB(
            self._connect,
            maxconnections=pool_size,
            maxcached=pool_size,
            reset=False,
            failures=(_Never,),
            isfatal=lambda error: False,
            ping=self._is_there,
        )
        self._lost_at = -math.inf

    def borrow(self, *, writable: bool) -> MysqlConnection:
        try:
            driver = self._pool.connection(shareable=False)
        except pymysql.MySQLError as error:
            raise self.fault_of(error) or error from error
        return MysqlConnection(driver, self.dialect, self._statistics, self.fault_of)

    def own(self) -> MysqlConnection:
        try:
            driver = self._connect(CLIENT.MULTI_STATEMENTS)
        except pymysql.MySQLError as error:
            raise self.fault_of(error) or error from error
        return MysqlConnection(driver, self.dialect, self._statistics, self.fault_of)

    def snapshot(self) -> MysqlConnection:
        try:
            driver = self._unhurried(cursorclass=_RowByRow)
            with contextlib.closing(driver.cursor()) as cursor:
                # Galera: what another server has acknowledged is waited for; MySQL has none.
                cursor.execute("SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'")
                if cursor.fetchall():
                    cursor.execute("SET SESSION wsrep_sync_wait = 1")
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        except pymysql.MySQLError as error:
            raise self.fault_of(error) or error from error
        return MysqlConnection(driver, self.dialect, self._statistics, self.fault_of)

    def driver(self) -> pymysql.connections.Connection[Any]:
        return self._unhurried(client_flag=CLIENT.FOUND_ROWS)

    def _unhurried(self, **arguments: Any) -> pymysql.connections.Connection[Any]:
        unlimited = {"read_timeout": None, "write_timeout": None, "autocommit": False}
        return pymysql.connect(**{**self._arguments, **unlimited, **arguments})

    def fault_of(self, error: Exception) -> DatabaseFault | None:
        fault = fault_of(error)
        if isinstance(fault, ConnectionLost):
            self._lost_at = time.monotonic()
        return fault

    def _is_there(self, driver: _Driver) -> bool:
        """Whether a connection of the pool may be lent. When one is lost, so may be all."""
        if driver.answered <= max(self._lost_at, time.monotonic() - TRUST_SECONDS):
            driver.ping(reconnect=False)
        return True

    def _connect(self, flags: int = 0) -> _Driver:
        # An UPDATE counts the rows it matched, as SQLite does.
        connection = _Driver(**self._arguments, client_flag=CLIENT.FOUND_ROWS | flags)
        cursor = connection.cursor()
        session = (
            f"SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00', "
            f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}, "
        )
        server: str = connection.get_server_info()  # type: ignore[no-untyped-call]
        # The version may be "5.5.5-10.11…" with a proxy between; the word is always there.
        if "mariadb" in server.lower():
            session += f"idle_transaction_timeout = {IDLE_TRANSACTION_SECONDS}"
        else:
            session += f"wait_timeout = {MYSQL_WAIT_SECONDS}"
        try:
            cursor.execute(session)
        except BaseException:
            connection.close()
            raise
        return connection

    def durability(self, cursor: Cursor) -> list[str]:
        found = dict(
            cursor.execute(
                "SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s, %s, %s, %s)",
                ("innodb_flush_log_at_trx_commit", "log_bin", "sync_binlog", "innodb_doublewrite"),
            ).all()
        )
        sentences = []
        if found.get("innodb_flush_log_at_trx_commit") != "1":
            sentences.append(
                "innodb_flush_log_at_trx_commit is not 1: a power cut at the database server can "
                "lose messages that were acknowledged."
            )
        if found.get("log_bin") == "ON" and found.get("sync_binlog") != "1":
            sentences.append(
                "The server keeps a binary log and sync_binlog is not 1: after a power cut its "
                "replicas can miss messages that were acknowledged."
            )
        return sentences

    def close(self) -> None:
        self._pool.close()


def _tls(address: MysqlAddress, ssl_ca: str | None) -> dict[str, Any]:
    """PyMySQL's arguments; one context for all connections, as making one takes 16 ms."""
    if ssl_ca is not None:
        return {"ssl": ssl.create_default_context(cafile=ssl_ca)}
    # Without an authority there is nothing to check; PyMySQL then uses TLS if the server has it.
    return {"ssl_disabled": True} if address.on_this_machine else {}
