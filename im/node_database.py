"""The database of a node's settings."""

from __future__ import annotations

from im.settings import Settings
from im.store.database import Database, DatabaseSettings, open_database


def open_node_database(settings: Settings, patience: float | None = None) -> Database:
    """The database of the settings. Raises ``ValueError`` for a bad address.

    ``patience``: seconds for an answer, where nobody waits for it; None: as the settings say.
    """
    url = settings.database_url
    if url.startswith("sqlite:"):
        settings.node.data_dir.mkdir(parents=True, exist_ok=True)
    seconds = patience or settings.database.timeout_seconds
    return open_database(
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
