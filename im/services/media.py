"""Uploaded files after their upload: who may send, show and see them, and that they go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from im.errors import Invalid, NotFound, Overloaded, Unavailable
from im.protocol.client import Media as MediaKind
from im.protocol.server import File
from im.services import views
from im.services.file_types import Kind
from im.services.identity import Identity
from im.store import media, references
from im.store.byte_store import CHUNK_BYTES, ByteStore
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.faults import Faults
from im.store.media import FileRow, Sight
from im.store.references import Reference

SHOWN_AS: dict[MediaKind, Kind] = {"picture": "picture", "sticker": "picture", "audio": "audio"}
"""What a file must be for a message of this kind; of any other kind it may be anything."""

RETRY_MS = 2000

log = logging.getLogger("im.media")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that a person may see, and why."""

    file: FileRow
    sight: Sight


class Media:
    """Files of this node's people; the bytes may have come in at any node.

    Args:
        downloads: files that are sent at a time.
        faults: told at each step, for tests.
    """

    def __init__(
        self, database: Database, store: ByteStore, downloads: int, faults: Faults
    ) -> None:
        self._database = database
        self._store = store
        self._downloads = downloads
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self.sending = 0
        """Files that are being sent."""

    async def to_send(self, who: Identity, file: int, kind: MediaKind) -> File:
        """A file that a person may put into a message: their own, or one that they can see.

        Raises ``NotFound`` or ``Invalid`` (it is nothing to show so).
        """
        if kind == "text":
            raise Invalid("a text has no file", field="media", values={"field": "media"})
        opened = await self._database.read(_open, who.user, file)
        shown = SHOWN_AS.get(kind)
        if shown is not None and kind_of(opened.file.type) != shown:
            raise Invalid(f"not a {kind}", field="media", values={"field": "media"})
        return views.file(opened.file)

    async def open(self, who: Identity, file: int, *, thumbnail: bool) -> Opened:
        """A file for a person to see, or its thumbnail (if it has none: the picture itself).

        Raises ``NotFound``, also for who may not know that it exists, or ``Unavailable``.
        """

        def read(cursor: Cursor) -> Opened:
            opened = _open(cursor, who.user, file)
            if not thumbnail:
                return opened
            if opened.file.thumbnail is None:
                if kind_of(opened.file.type) != "picture":
                    raise NotFound("no thumbnail")
                return opened
            small = media.by_id(cursor, opened.file.thumbnail, media.THUMBNAIL)
            if small is None:
                raise NotFound("erased")
            return Opened(small, opened.sight)

        return await self._database.read(read)

    async def pieces(self, file: FileRow, first: int, last: int) -> AsyncGenerator[bytes, None]:
        """Bytes ``first`` to ``last`` of a file, the next piece when it is asked for.

        Raises ``NotFound`` (it was erased meanwhile) or ``Unavailable``.
        """
        for number in range(first // CHUNK_BYTES, last // CHUNK_BYTES + 1):
            data = await self._store.read(file.content, number)
            start = number * CHUNK_BYTES
            yield data[max(0, first - start) : last + 1 - start]

    @contextmanager
    def being_sent(self) -> Iterator[None]:
        """While one file more is sent. Raises ``Overloaded``."""
        if self.sending >= self._downloads:
            raise Overloaded("too many downloads", retry_after=RETRY_MS)
        self.sending += 1
        try:
            yield
        finally:
            self.sending -= 1

    def erased(self, contents: tuple[int, ...]) -> None:
        """A transaction has erased these contents: remove what is left of them, now."""
        if contents:
            task = asyncio.get_running_loop().create_task(self._remove(contents))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish removing."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _remove(self, contents: tuple[int, ...]) -> None:
        self._faults.hit("file_erased")
        try:
            await self._store.remove(contents)
        except Unavailable as error:
            # They belong to nobody any more; the sweeper comes by.
            log.info("erased files are removed later: %s", error)


def kind_of(type_: str) -> Kind:
    """What a file is by the type under which it is served."""
    if type_.startswith("image/"):
        return "picture"
    return "audio" if type_.startswith("audio/") else "file"


def own_picture(cursor: Cursor, user: int, file: int, field: str) -> None:
    """Refuse what a person cannot show to everyone as an avatar or icon. Raises ``NotFound``.

    Only a picture that they have uploaded themselves: what they were shown is not theirs to show.
    """
    row = media.by_id(cursor, file)
    if row is None or row.owner != user or kind_of(row.type) != "picture":
        raise NotFound("no such picture", field=field)


def change_shown(
    cursor: Cursor, user: int, reference: Reference, before: int | None, after: int | None
) -> tuple[int, ...]:
    """Show another picture of one's own at a place, or none; the contents that are gone.

    Raises ``NotFound``.
    """
    if after is not None and after != before:
        own_picture(cursor, user, after, reference.kind)
        if not references.existing(cursor, [after]):
            raise NotFound("no such picture", field=reference.kind)
    return references.replace(cursor, reference, before, after)


def _open(cursor: Cursor, user: int, file: int) -> Opened:
    row = media.by_id(cursor, file)
    sight = media.sight(cursor, row, user) if row is not None else None
    if row is None or sight is None:
        raise NotFound("no such file", field="file")
    return Opened(row, sight)
