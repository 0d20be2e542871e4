"""Three real MariaDB servers in a Galera cluster, and haproxy before them, by ``deploy/galera``."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tests.cluster.book import rows
from tests.deploy.filled import filled
from tests.deploy.proxies import haproxy_process, listens
from tests.services.folder import ServiceFolder
from tests.services.ports import PortReservations
from tests.services.process import ServiceProcess, program, wait_until

ADDRESSES = ("10.0.0.21", "10.0.0.22", "10.0.0.23")
"""Where the files say that the machines are; the first is the writer."""
START_TIMEOUT = 90.0
"""Seconds until a server is in step with the others, all data copied to it."""
USER = "im"
OWNER = "mysql" if os.getuid() == 0 else getpass.getuser()
"""Whom the servers run as. Not root: its rsync takes files as nobody."""


class GaleraServer:
    """One of the servers; its ports outlive its restarts."""

    def __init__(self, number: int, ports: PortReservations, folder: ServiceFolder) -> None:
        self.name = f"db{number + 1}"
        self.own = folder.path / self.name
        self.own.mkdir()
        if os.getuid() == 0:
            folder.path.chmod(0o711)
            shutil.chown(self.own, OWNER)
        self.port, self.group, self.ist, self.sst = (ports.reserve() for _ in range(4))
        self._number = number
        self._environment = {**os.environ, **folder.environment}
        self._environment["PATH"] += (
            ":/usr/sbin:/sbin"  # where the script that copies has its tools
        )
        self.process = self._process()

    def configure(self, servers: list[GaleraServer]) -> None:
        """Write the file of ``deploy``, as its comments say to."""
        groups = ",".join(f"127.0.0.1:{server.group}" for server in servers)
        own = ADDRESSES[0]
        places = {
            ",".join(f"{address}:4567" for address in ADDRESSES): groups,
            "wsrep_node_name = db1": f"wsrep_node_name = {self.name}",
            f"{own}:4567": f"127.0.0.1:{self.group}",
            f"{own}:4568": f"127.0.0.1:{self.ist}",
            f"{own}:4444": f"127.0.0.1:{self.sst}",
            f"bind_address = {own}": "bind_address = 127.0.0.1",
            "gcache.size=1G": "gcache.size=16M",
        }
        (self.own / "galera.cnf").write_text(filled("galera/galera.cnf", places))

    def start(self, *, first: bool = False) -> None:
        """Start it, with ``first`` as ``galera_new_cluster`` does; ``wait`` for it."""
        self.process = self._process("--wsrep-new-cluster" if first else "")
        self.process.start()

    def wait(self) -> None:
        """Return when it is in step with the others."""
        self.process.wait_ready(lambda: self.state() == "Synced", START_TIMEOUT)

    def state(self) -> str:
        """``Synced``, ``Donor/Desynced``, … or nothing when it doesn't answer."""
        try:
            return str(self.ask("SHOW STATUS LIKE 'wsrep_local_state_comment'")[0][1])
        except pymysql.Error:
            return ""

    def ask(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        """The rows of the last statement, as the administrator."""
        with self._connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def _connect(self) -> Connection[Cursor]:
        return pymysql.connect(
            user="root", unix_socket=str(self.own / "sock"), autocommit=True, connect_timeout=5
        )

    def _process(self, *more: str) -> ServiceProcess:
        return ServiceProcess(
            [
                program("mariadbd", package="mariadb-server"),
                f"--defaults-file={self.own / 'galera.cnf'}",
                f"--datadir={self.own / 'data'}",
                f"--socket={self.own / 'sock'}",
                f"--pid-file={self.own / 'pid'}",
                f"--port={self.port}",
                f"--user={OWNER}",
                "--skip-name-resolve",
                "--performance-schema=OFF",
                "--innodb-buffer-pool-size=48M",
                "--innodb-log-file-size=16M",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_bin",
                *filter(None, more),
            ],
            log=self.own / "log",
            environment=self._environment,
        )


class Galera:
    """The three of them behind haproxy.

    Attributes:
        url: the messenger's database, through haproxy.
    """

    def __init__(self, servers: list[GaleraServer], proxy: ServiceProcess, url: str) -> None:
        self.servers = servers
        self.proxy = proxy
        self.url = url

    def contents(self, table: str) -> list[list[tuple[Any, ...]]]:
        """All rows of a table on each server, sorted; waits for what others committed."""
        everything = f"SELECT * FROM `{self.url.rpartition('/')[2]}`.`{table}`"
        return [
            sorted(server.ask("SET SESSION wsrep_sync_wait = 15", everything), key=repr)
            for server in self.servers
        ]


@contextlib.contextmanager
def galera(ports: PortReservations) -> Iterator[Galera]:
    """Three servers in step and haproxy before them; all ended with their folder."""
    folder = ServiceFolder("galera")
    servers = [GaleraServer(number, ports, folder) for number in range(len(ADDRESSES))]
    port = ports.reserve()
    password = secrets.token_hex(16)
    url = f"mysql://{USER}:{password}@127.0.0.1:{port}/im"
    places = {
        "bind 127.0.0.1:3306": f"bind 127.0.0.1:{port}",
        **{
            f"{address}:3306": f"127.0.0.1:{server.port}"
            for address, server in zip(ADDRESSES, servers, strict=True)
        },
    }
    proxy = haproxy_process(folder, "galera/haproxy.cfg", places, "maxconn 2000")
    try:
        _install(servers[0])
        for server in servers:
            server.configure(servers)
        servers[0].start(first=True)
        servers[0].wait()
        servers[0].ask(
            "CREATE DATABASE im",
            f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{password}'",
            f"GRANT ALL ON im.* TO {USER}@'127.0.0.1'",
            "CREATE USER haproxy@'127.0.0.1'",
        )
        for server in servers[1:]:
            data = server.own / "data"
            data.mkdir()
            shutil.chown(data, OWNER)
            server.start()
            server.wait()
        proxy.start()
        proxy.wait_ready(lambda: listens(port), 20)
        wait_until(lambda: _answers(url), timeout=20, what="the database behind haproxy")
        yield Galera(servers, proxy, url)
    finally:
        proxy.kill9()
        for server in servers:
            server.process.kill9()
            print(f"{server.name}:\n{server.process.log[-4000:]}")
        print(proxy.log)
        folder.close()


def _install(server: GaleraServer) -> None:
    subprocess.run(
        [
            program("mariadb-install-db", package="mariadb-server"),
            "--no-defaults",
            f"--datadir={server.own / 'data'}",
            f"--user={OWNER}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        capture_output=True,
        check=True,
    )


def _answers(url: str) -> bool:
    try:
        return bool(rows(url, "SELECT 1"))
    except pymysql.Error:
        return False
