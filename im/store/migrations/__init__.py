"""The schema's versions: reading which one a database has is cheap, changing it loads Alembic.

Each revision is one statement that may be repeated, because MySQL commits a DDL statement by
itself: whoever is killed between two of them leaves a database that the next one takes further.
Nodes that start together take turns, under ``GET_LOCK`` or SQLite's write lock.
"""

from __future__ import annotations

import asyncio

from im.errors import Unavailable
from im.store import restoring
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DatabaseFault, NewerSchema, UnfinishedRestore

HEAD = 43
"""The newest revision that this program knows: the highest number in ``versions/``."""


def read_version(cursor: Cursor) -> int:
    """The revision that the database has; 0 if it has none."""
    if not cursor.execute(cursor.dialect.has_table, ("alembic_version",)).one():
        return 0
    row = cursor.execute("SELECT version_num FROM alembic_version").one()
    return int(row[0]) if row else 0


def usable_version(cursor: Cursor) -> int:
    """``read_version`` of a database that this program may use. Raises ``UnusableDatabase``."""
    if restoring.is_unfinished(cursor):
        raise UnfinishedRestore()
    found = read_version(cursor)
    if found > HEAD:
        raise NewerSchema(found, HEAD)
    return found


async def schema_version(database: Database) -> int:
    """The revision that the database has; 0 if it is empty.

    Raises ``UnusableDatabase`` or ``Unavailable``.
    """
    return await database.read(usable_version)


async def needs_migration(database: Database) -> bool:
    """Whether ``migrate`` has something to do. Raises ``UnusableDatabase`` or ``Unavailable``."""
    return await schema_version(database) < HEAD


async def migrate(database: Database) -> int:
    """Bring the database to ``HEAD`` and return that; does nothing if it is there already.

    Waits while another process migrates. Raises ``UnusableDatabase`` or ``Unavailable``; after
    either, and after a crash, it can be called again.
    """
    if await needs_migration(database):
        await migrate_to(database, HEAD)
    return HEAD


async def migrate_to(database: Database, revision: int) -> None:
    """Bring the database to a revision, whatever it holds; does nothing if it has a later one.

    Raises ``Unavailable``.
    """
    # SQLAlchemy and Alembic take longer to import than a node may take to start.
    from im.store.migrations.upgrade import upgrade

    try:
        await asyncio.to_thread(upgrade, database.backend, f"{revision:04}")
    except DatabaseFault as fault:
        raise Unavailable(str(fault)) from fault
