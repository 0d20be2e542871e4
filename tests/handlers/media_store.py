"""What a node has stored of files, for tests."""

from __future__ import annotations

from typing import Any

from im.app import Messenger
from im.store.cursor import Cursor
from tests.handlers.api import eventually


async def rows(messenger: Messenger, sql: str) -> list[tuple[Any, ...]]:
    """All rows."""

    def read(cursor: Cursor) -> list[tuple[Any, ...]]:
        return cursor.execute(sql).all()

    return await messenger.database.read(read)


async def stored(messenger: Messenger) -> list[int]:
    """Contents that are in the database or in the folder, and those that are still in tables."""
    if messenger.database.dialect.name == "mysql":
        found = await rows(messenger, "SELECT DISTINCT content_id FROM media_chunk")
    else:
        folder = messenger.settings.node.data_dir / "media"
        found = [(int(path.name),) for path in folder.glob("*/*")]
    ids = {row[0] for row in found}
    ids |= {row[0] for row in await rows(messenger, "SELECT id FROM media_content")}
    return sorted(ids)


async def nothing_left(messenger: Messenger) -> None:
    """Return once no file, content, byte or open upload is left."""

    async def nothing() -> bool:
        files = await rows(messenger, "SELECT id FROM media")
        uploads = messenger.files.uploads
        folder = uploads.spool
        return not (files or uploads.open or await stored(messenger)) and not (
            folder.exists() and list(folder.iterdir())
        )

    await eventually(nothing, "nothing left")


async def everything(messenger: Messenger) -> list[bytes]:
    """All bytes of all contents."""
    if messenger.database.dialect.name == "mysql":
        return [bytes(row[0]) for row in await rows(messenger, "SELECT data FROM media_chunk")]
    folder = messenger.settings.node.data_dir / "media"
    return [path.read_bytes() for path in folder.glob("*/*")]
