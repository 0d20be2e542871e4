"""Runs Alembic on a connection of the store's own, under a lock that all nodes respect."""

from __future__ import annotations

import hashlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from im.store.backend import Backend
from im.store.errors import OutOfService

LOCK_SECONDS = 600
"""How long to wait while another node migrates a large database."""


def upgrade(backend: Backend, last: str = "head") -> None:
    """Apply the revisions that are missing, up to ``last``. Blocks. Raises ``DatabaseFault``."""
    sqlite = backend.dialect.name == "sqlite"
    engine = create_engine(
        "sqlite://" if sqlite else "mysql+pymysql://", creator=backend.driver, poolclass=NullPool
    )
    if sqlite:
        # The driver leaves transactions to us.
        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.connect() as connection:
            if sqlite:
                # One transaction from reading the version on, so that it is still true at its end.
                with connection.begin():
                    _run(connection, last)
            else:
                _lock(connection)
                _run(connection, last)
    except DBAPIError as error:
        fault = backend.fault_of(error.orig) if isinstance(error.orig, Exception) else None
        raise fault or error from error
    finally:
        engine.dispose()


def _run(connection: Connection, last: str) -> None:
    folder = Path(__file__).parent
    config = Config()
    # Config fills in %(…)s.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, last)


def _lock(connection: Connection) -> None:
    """Take the lock; it is the session's, so closing the connection lets it go."""
    name = connection.exec_driver_sql("SELECT DATABASE()").scalar_one()
    # GET_LOCK is the server's, not the database's, and MySQL takes at most 64 characters.
    lock = "im.migrate." + hashlib.sha256(str(name).encode()).hexdigest()[:32]
    taken = connection.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (lock, LOCK_SECONDS)).scalar()
    connection.commit()
    if taken != 1:
        raise OutOfService("another node has been migrating the database for very long")
