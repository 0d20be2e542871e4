"""Taking files in: piece by piece, counted and hashed, and whole or not at all.

An upload lies in a file without a name, which the system removes with the process, until all of it
has come. Then it is looked at, pictures are made anew, and what is to be kept is stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from im.errors import (
    ImError,
    Invalid,
    QuotaReached,
    RateLimited,
    TooLarge,
    TypeRefused,
    Unavailable,
)
from im.protocol.server import File
from im.services import views
from im.services.file_types import HEAD_BYTES, FileType, Kind, recognise
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.pictures import Pictures
from im.store import contents, media
from im.store.byte_store import ByteStore, in_thread
from im.store.database import Database
from im.store.errors import DuplicateKey
from im.store.faults import Faults
from im.store.media import NewFile
from im.store.workers import Workers

BUFFER_BYTES = 256 * 1024
"""Bytes that are gathered before they are written: one visit to a thread instead of many."""
MAX_NAME = 200
"""Characters of a file's name."""
COLLISIONS = 5
"""How often to try when others store the same content at the same moment."""
BUSY_RETRY_MS = 1000
MEGABYTE = 1024 * 1024
ENDINGS = {"image/jpeg": ("jpg", "jpeg"), "image/png": ("png",), "image/webp": ("webp",)}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about uploads: bytes, and how often and how many at a time."""

    kinds: tuple[Kind, ...]
    max_bytes: int
    quota_bytes: int
    guest_quota_bytes: int
    rate: str
    at_once: int


@dataclass(frozen=True, slots=True)
class Description:
    """What a client says of its file.

    Attributes:
        type: the media type; decides only between a recording and a film.
        size: bytes, if known beforehand.
        square: make a square of a picture, for an avatar or icon.
        duration_ms, waveform: of a recording.
    """

    name: str = ""
    type: str = ""
    size: int | None = None
    square: bool = False
    duration_ms: int | None = None
    waveform: bytes | None = None


class Uploads:
    """Begins uploads.

    Args:
        spool: folder of this machine for what has not come whole yet.
        threads: where files are written and read.
        faults: told at each step, for tests.
    """

    def __init__(
        self,
        database: Database,
        store: ByteStore,
        pictures: Pictures,
        limits: SharedLimits,
        rules: Rules,
        spool: Path,
        threads: Workers,
        faults: Faults,
    ) -> None:
        self.database = database
        self.store = store
        self.pictures = pictures
        self.rules = rules
        self.spool = spool
        self.threads = threads
        self.faults = faults
        self._limits = limits
        self._open: Counter[int] = Counter()
        self.stored = 0
        """Files taken in so far."""
        self.stored_bytes = 0
        """Bytes of them, without thumbnails."""
        self.refused: Counter[str] = Counter()
        """Uploads refused so far, by the name of the refusal; what was broken off is not one."""

    @property
    def open(self) -> int:
        """Uploads that have begun and not ended."""
        return self._open.total()

    async def begin(self, who: Identity, description: Description) -> Upload:
        """Begin an upload; it must be finished or aborted.

        Raises ``TypeRefused`` (nothing is taken here), ``TooLarge``, ``QuotaReached``,
        ``RateLimited`` or ``Unavailable``.
        """
        with self.counting():
            return await self._begin(who, description)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count what is refused."""
        try:
            yield
        except ImError as error:
            self.refused[error.code] += 1
            raise

    async def _begin(self, who: Identity, description: Description) -> Upload:
        if not self.rules.kinds:
            raise TypeRefused("no files here", field="file")
        if description.size is not None and description.size > self.rules.max_bytes:
            raise self.too_large()
        if self._open[who.user] >= self.rules.at_once:
            raise RateLimited(
                "too many uploads at once",
                retry_after=BUSY_RETRY_MS,
                values={"seconds": BUSY_RETRY_MS // 1000},
            )
        self._open[who.user] += 1
        try:
            await self._limits.hit(self.rules.rate, "upload", str(who.user))
            quota = self.quota(who)
            if await self.database.read(media.used, who.user) >= quota:
                raise QuotaReached(field="file", values={"limit": quota // MEGABYTE})
            return Upload(self, who, description, await self._spool_file())
        except BaseException:
            self.ended(who.user)
            raise

    def quota(self, who: Identity) -> int:
        """Bytes that all files of a person may have."""
        rules = self.rules
        return rules.guest_quota_bytes if who.kind == "guest" else rules.quota_bytes

    def too_large(self) -> TooLarge:
        """The refusal of a file over the limit."""
        limit = f"{self.rules.max_bytes // MEGABYTE} MB"
        return TooLarge("file", field="file", values={"limit": limit})

    def ended(self, user: int) -> None:
        """An upload is over, in one way or another."""
        self._open[user] -= 1
        if not self._open[user]:
            del self._open[user]

    async def _spool_file(self) -> BinaryIO:
        def make() -> BinaryIO:
            self.spool.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryFile(dir=self.spool)

        return await on_disk(self.threads, make)


class Upload:
    """One file on its way in. After ``finish`` or ``abort`` nothing of it is left but the file."""

    def __init__(
        self, uploads: Uploads, who: Identity, description: Description, spool: BinaryIO
    ) -> None:
        self._uploads = uploads
        self._who = who
        self._description = description
        self._spool = spool
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._size = 0
        self._using = asyncio.Lock()
        self._ended = False

    async def write(self, data: bytes) -> None:
        """The next bytes; returns when more may come. Raises ``TooLarge`` or ``Unavailable``."""
        with self._uploads.counting():
            self._size += len(data)
            if self._size > self._uploads.rules.max_bytes:
                raise self._uploads.too_large()
            self._buffer += data
            if len(self._buffer) >= BUFFER_BYTES:
                await self._flush()

    async def finish(self) -> File:
        """All has come: store it.

        Raises ``Invalid`` (empty), ``TypeRefused``, ``TooLarge`` (pixels), ``QuotaReached``,
        ``Overloaded`` or ``Unavailable``.
        """
        with self._uploads.counting():
            return await self._finish()

    async def _finish(self) -> File:
        stored: list[int] = []
        try:
            await self._flush()
            if not self._size:
                raise Invalid("empty", field="file", values={"reason": "empty_file"})
            async with self._using:
                head = await self._on_disk(self._read_head)
                kind = self._recognise(head)
                file, thumbnail = await self._store(kind, stored)
            return await self._add(file, thumbnail)
        except BaseException:
            await self._discard(stored)
            raise
        finally:
            await self.abort()

    async def abort(self) -> None:
        """Forget what has come; does nothing after the end."""
        if self._ended:
            return
        self._ended = True
        self._uploads.ended(self._who.user)
        # Never under the hands of a thread that still writes.
        async with self._using:
            await asyncio.to_thread(self._spool.close)

    # Inside

    async def _flush(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()

        def write() -> None:
            self._spool.write(data)
            self._hash.update(data)

        async with self._using:
            if self._ended:
                raise Unavailable("the upload has ended")
            await self._on_disk(write)

    async def _on_disk(self, job: Callable[[], T]) -> T:
        return await on_disk(self._uploads.threads, job)

    def _read_head(self) -> bytes:
        self._spool.seek(0)
        return self._spool.read(HEAD_BYTES)

    def _recognise(self, head: bytes) -> FileType:
        said = self._description
        kind = recognise(head, said.type)
        if kind.kind not in self._uploads.rules.kinds:
            raise TypeRefused(kind.type, field="file")
        if said.square and kind.kind != "picture":
            raise TypeRefused(kind.type, field="file", values={"reason": "picture"})
        if (said.duration_ms is not None or said.waveform) and kind.kind != "audio":
            raise TypeRefused(kind.type, field="file", values={"reason": "audio"})
        return kind

    async def _store(self, kind: FileType, stored: list[int]) -> tuple[NewFile, NewFile | None]:
        """Store what is to be kept as contents that nobody owns yet; their ids go to ``stored``."""
        said = self._description
        name = clean_name(said.name)
        if kind.kind != "picture":
            file = await self._keep(
                *(self._spool, self._hash.digest(), self._size, kind.type, stored),
                name=name,
                duration_ms=said.duration_ms,
                waveform=said.waveform,
            )
            return file, None
        picture = await self._uploads.pictures.remake(self._spool, square=said.square)
        file = await self._keep_bytes(
            *(picture.data, picture.type, stored),
            name=named_for(name, picture.type),
            width=picture.width,
            height=picture.height,
        )
        if picture.thumbnail is None:
            return file, None
        return file, await self._keep_bytes(picture.thumbnail, "image/webp", stored)

    async def _keep_bytes(self, data: bytes, type_: str, stored: list[int], **more: Any) -> NewFile:
        sha256 = await self._on_disk(lambda: hashlib.sha256(data).digest())
        return await self._keep(io.BytesIO(data), sha256, len(data), type_, stored, **more)

    async def _keep(
        self,
        source: BinaryIO,
        sha256: bytes,
        size: int,
        type_: str,
        stored: list[int],
        **more: Any,
    ) -> NewFile:
        content = await self._uploads.database.write(contents.begin)
        stored.append(content)
        self._uploads.faults.hit("file_begun")
        # Also when the same is stored already: the time that it takes tells nobody.
        await self._uploads.store.write(content, source)
        self._uploads.faults.hit("file_stored")
        return NewFile(content, sha256, type_, size, **more)

    async def _add(self, file: NewFile, thumbnail: NewFile | None) -> File:
        uploads = self._uploads
        quota = uploads.quota(self._who)
        for _ in range(COLLISIONS):
            try:
                made, dropped = await uploads.database.write(
                    media.add, self._who.user, quota, file, thumbnail
                )
            except DuplicateKey:
                continue
            uploads.faults.hit("file_settled")
            uploads.stored += 1
            uploads.stored_bytes += file.size
            if dropped:
                with suppress(Unavailable):
                    await uploads.store.remove(dropped)
            return views.new_file(made, file, thumbnail is not None)
        raise Unavailable("others store the same all the time")

    async def _discard(self, stored: list[int]) -> None:
        """Remove what was stored in vain; what cannot be removed now is left to the sweeper."""
        if stored:
            with suppress(Unavailable):
                unowned = await self._uploads.database.write(contents.discard, tuple(stored))
                await self._uploads.store.remove(unowned)


async def on_disk(threads: Workers, job: Callable[[], T]) -> T:
    """What ``job`` returns, run in a thread. Raises ``Unavailable`` when the disk fails."""
    try:
        return await in_thread(threads, job)
    except OSError as error:
        raise Unavailable(f"the disk: {error}") from error


def named_for(name: str, type_: str) -> str:
    """A picture's name with an ending that fits what it was made into."""
    stem, dot, ending = name.rpartition(".")
    fitting = ENDINGS[type_]
    if not name or (dot and ending.lower() in fitting):
        return name
    return f"{stem if dot else name}.{fitting[0]}"


def clean_name(name: str) -> str:
    """A file's name without folders, and without characters that cannot be seen or turn the text.

    It is shown to people and told to browsers, and is never a part of a path here.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(character for character in last if character.isprintable())
    return " ".join(shown.split()).lstrip(".")[-MAX_NAME:]
