"""The tests' MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pymysql
import pytest
from pymysql.cursors import Cursor

from tests.services.mariadb import MariaDB


@contextmanager
def cursor(url: str, read_timeout: float = 10) -> Iterator[Cursor]:
    """A cursor of a connection like the program's own, in autocommit."""
    parts = urlsplit(url)
    with (
        pymysql.connect(
            host=parts.hostname,
            port=parts.port or 0,
            user=parts.username,
            password=parts.password or "",
            database=parts.path[1:],
            autocommit=True,
            connect_timeout=5,
            read_timeout=read_timeout,
            ssl_disabled=True,
        ) as connection,
        connection.cursor() as open_cursor,
    ):
        yield open_cursor


def test_each_database_is_new_and_empty(mariadb: MariaDB) -> None:
    first, second = mariadb.create_database(), mariadb.create_database()
    assert first != second
    with cursor(first) as c:
        c.execute("CREATE TABLE t (a INT)")
    with cursor(second) as c:
        assert c.execute("SHOW TABLES") == 0
    mariadb.drop_database(first)
    mariadb.drop_database(second)
    with pytest.raises(pymysql.OperationalError, match=r"Unknown database|denied"), cursor(first):
        pass


def test_a_commit_outlives_a_kill(mariadb: MariaDB, mysql_url: str) -> None:
    with cursor(mysql_url) as c:
        c.execute("SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite")
        assert c.fetchone() == (1, 1)
        c.execute("CREATE TABLE t (a INT) ENGINE=InnoDB")
        c.executemany("INSERT INTO t VALUES (%s)", [(n,) for n in range(100)])
    mariadb.kill9()
    with pytest.raises(pymysql.OperationalError), cursor(mysql_url):
        pass
    mariadb.restart()
    with cursor(mysql_url) as c:
        c.execute("SELECT COUNT(*) FROM t")
        assert c.fetchone() == (100,)


def test_a_stopped_server_answers_nothing_until_it_goes_on(
    mariadb: MariaDB, mysql_url: str
) -> None:
    with cursor(mysql_url) as kept:
        mariadb.stop()
        with pytest.raises(pymysql.OperationalError), cursor(mysql_url, read_timeout=1):
            pass
        mariadb.cont()
        assert kept.execute("SELECT 1") == 1


def test_a_test_finds_it_running_whatever_the_last_one_did(mariadb: MariaDB) -> None:
    mariadb.kill9()
    mariadb.ensure_running()
    mariadb.stop()
    mariadb.ensure_running()
    with mariadb.connect() as connection:
        connection.ping(reconnect=False)
