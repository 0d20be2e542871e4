"""The schema, made once: to make it is most of what a new node's start takes."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate

SQLITE = "sqlite:///"


def make_schema(url: str) -> None:
    """Bring a database to the newest schema, with no people and no cluster in it yet."""

    async def make() -> None:
        database = open_database(DatabaseSettings(url))
        try:
            await migrate(database)
        finally:
            await database.close()

    with asyncio.Runner() as runner:
        runner.run(make())


class Schema:
    """An SQLite database with the schema and nothing else, to copy from."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "schema.db"
        make_schema(f"{SQLITE}{self._file}")

    def copy(self, to: Path) -> None:
        """Put a copy there, unless there is a database or no folder for it."""
        if to.parent.is_dir() and not to.exists():
            shutil.copyfile(self._file, to)
