"""The database of a node's settings."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from im.services.files import files_folder
from im.settings import Settings
from im.store.database import Database, DatabaseSettings, open_database
from im.store.url import SqliteAddress, parse_url

BESIDE = ("", "-wal", "-shm")
"""Ends the names of an embedded database's files; all that was written may be in any of them."""
OTHERS = 0o007
"""What others on the machine may do with a file; whoever is in its group was let into that."""


def open_node_database(settings: Settings, patience: float | None = None) -> Database:
    """The database of the settings. Raises ``ValueError`` for a bad address.

    Of an embedded one that others on the machine could read, they no longer can.
    ``patience``: seconds for an answer, where nobody waits for it; None: as the settings say.
    """
    url = settings.database_url
    address = parse_url(url)
    if isinstance(address, SqliteAddress):
        settings.node.data_dir.mkdir(parents=True, exist_ok=True)
    seconds = patience or settings.database.timeout_seconds
    database = open_database(
        DatabaseSettings(
            url=url,
            pool_size=settings.database.pool,
            call_timeout=seconds,
            connect_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
            slow_ms=settings.database.slow_ms,
            ssl_ca=str(settings.database.tls_ca) if settings.database.tls_ca else None,
        )
    )
    if isinstance(address, SqliteAddress):
        files = [address.path.with_name(address.path.name + ending) for ending in BESIDE]
        folder = files_folder(database)
        _close_to_others([*files, *([] if folder is None else [folder])])
    return database


def _close_to_others(paths: Iterable[Path]) -> None:
    for path in paths:
        # What is not there yet is made so (``run.py``); what is another's is theirs to close.
        with suppress(FileNotFoundError, PermissionError):
            path.chmod(path.stat().st_mode & ~OTHERS)
