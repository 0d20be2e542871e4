"""A private MariaDB server with durable settings."""

from __future__ import annotations

import getpass
import os
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tests.services.folder import ServiceFolder
from tests.services.ports import PortReservations
from tests.services.process import ServiceFailed, ServiceProcess, program

START_TIMEOUT = 60.0
USER = "im"


class MariaDB:
    """One ``mariadbd`` on a free port of 127.0.0.1, its data in a temporary folder.

    A commit is on disk when it returns (``innodb_flush_log_at_trx_commit=1``), so ``kill9`` and
    ``restart`` test durability truly; the server has no binary log and 300 connections.
    ``options`` are further ones of ``mariadbd``, which come after its own; ``data`` is where its
    data are, else with its socket and its log where servers write.
    """

    def __init__(
        self, ports: PortReservations, options: Sequence[str] = (), data: Path | None = None
    ) -> None:
        self._ports = ports
        self._folder = ServiceFolder("mariadb")
        self.host = "127.0.0.1"
        self.port = ports.reserve()
        self.user = USER
        self.password = secrets.token_hex(16)
        self.socket = self._folder.path / "sock"
        self._data = data or self._folder.path / "data"
        self.process = ServiceProcess(
            [
                program("mariadbd", "mysqld", package="mariadb-server"),
                "--no-defaults",
                f"--datadir={self._data}",
                f"--socket={self.socket}",
                f"--pid-file={self._folder.path / 'pid'}",
                f"--tmpdir={self._folder.path}",
                f"--bind-address={self.host}",
                f"--port={self.port}",
                f"--user={getpass.getuser()}",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--performance-schema=OFF",
                "--max-connections=300",
                "--innodb-flush-log-at-trx-commit=1",
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=32M",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_bin",
                *options,
            ],
            log=self._folder.path / "log",
            environment={**os.environ, **self._folder.environment},
        )

    def start(self) -> None:
        """Make the data folder, start the server and return when it answers."""
        made = subprocess.run(
            [
                program("mariadb-install-db", "mysql_install_db", package="mariadb-server"),
                "--no-defaults",
                f"--datadir={self._data}",
                f"--tmpdir={self._folder.path}",
                f"--user={getpass.getuser()}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            capture_output=True,
            text=True,
            check=False,
            env=self.process.environment,
        )
        if made.returncode:
            raise ServiceFailed(f"mariadb-install-db failed:\n{made.stdout}{made.stderr}")
        self._launch()
        # Root has no password, but only this user reaches the folder with the socket.
        with self.connect() as connection, connection.cursor() as cursor:
            for host in ("localhost", "127.0.0.1"):
                cursor.execute("CREATE USER %s@%s IDENTIFIED BY %s", (USER, host, self.password))
                cursor.execute(f"GRANT ALL ON `im\\_%%`.* TO '{USER}'@%s", (host,))
            cursor.execute("DROP USER IF EXISTS root@'127.0.0.1', root@'::1'")

    def connect(self, database: str | None = None) -> Connection[Cursor]:
        """A connection as the administrator, in autocommit; the caller closes it."""
        return pymysql.connect(
            user="root",
            unix_socket=str(self.socket),
            database=database,
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=5,
        )

    def create_database(self) -> str:
        """A new empty database, as ``mysql://im:PASSWORD@127.0.0.1:PORT/NAME``."""
        name = f"im_{secrets.token_hex(6)}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
        return f"mysql://{self.user}:{self.password}@{self.host}:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop what ``create_database`` made; connections to it lose it under their feet."""
        name = urlsplit(url).path.lstrip("/")
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")

    def stop(self) -> None:
        """SIGSTOP: connections stay open, nothing answers. ``cont`` goes on."""
        self.process.stop()

    def cont(self) -> None:
        """SIGCONT: go on after ``stop``."""
        self.process.cont()

    def kill9(self) -> None:
        """SIGKILL; ``restart`` recovers it from its log."""
        self.process.kill9()

    def restart(self) -> None:
        """End it in order if it runs, start it on the same port, return when it answers."""
        if self.process.running:
            self.process.terminate(timeout=60.0)
        self._launch()

    def wait_ready(self) -> None:
        """Return when it answers. Raises ``ServiceFailed``."""
        self.process.wait_ready(self._answers, START_TIMEOUT)

    def ensure_running(self) -> None:
        """Bring it back to life whatever a test did to it."""
        self.cont()
        if not self.process.running:
            self._launch()

    def close(self) -> None:
        """Kill it and remove its files."""
        self.process.kill9()
        self._folder.close()
        self._ports.release(self.port)

    def _launch(self) -> None:
        self.process.start()
        self.wait_ready()

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except pymysql.Error:
            return False
        return True
