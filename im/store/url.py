"""Where the database is: ``mysql://…`` or ``sqlite:///…``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

MYSQL_PORT = 3306
"""IANA's port for MySQL, used when the address has none."""


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A database in one file.

    Attributes:
        path: the file; made at first use, its folder must exist.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """A database on a MySQL or MariaDB server.

    Attributes:
        unix_socket: path of the server's socket; None to use host and port.
    """

    host: str
    port: int
    user: str
    password: str
    name: str
    unix_socket: str | None = None

    @property
    def on_this_machine(self) -> bool:
        """Whether no network lies between, so that TLS would protect nothing."""
        loopback = self.host in {"localhost", "::1"} or self.host.startswith("127.")
        return self.unix_socket is not None or loopback


def parse_url(url: str) -> MysqlAddress | SqliteAddress:
    """Read a database address.

    ``sqlite:///file.db`` is relative to the working directory, ``sqlite:////srv/file.db`` absolute;
    ``mysql://user:password@host:3306/name`` has user and password percent-encoded (RFC 3986) and
    takes ``?unix_socket=/path``. Raises ``ValueError`` with a sentence that never shows a password.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        if parts.netloc or len(parts.path) < 2:
            raise ValueError("A SQLite address is sqlite:///file or sqlite:////absolute/file.")
        return SqliteAddress(Path(unquote(parts.path[1:])))
    if parts.scheme not in {"mysql", "mariadb", "mysql+pymysql"}:
        raise ValueError("A database address begins with mysql:// or sqlite:///.")
    name = unquote(parts.path.lstrip("/"))
    if not name or "/" in name:
        raise ValueError("A MySQL address ends with /name of the database.")
    try:
        port = parts.port or MYSQL_PORT
    except ValueError as error:
        raise ValueError("The port of the MySQL address is not a number up to 65535.") from error
    options = parse_qs(parts.query)
    unknown = set(options) - {"unix_socket"}
    if unknown:
        raise ValueError(f"Unknown option in the MySQL address: {', '.join(sorted(unknown))}.")
    return MysqlAddress(
        host=parts.hostname or "127.0.0.1",
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        name=name,
        unix_socket=options.get("unix_socket", [None])[0],
    )
