"""All that a person has here and may see, as one ZIP archive that is sent while it is made.

Nothing is put down anywhere: an export that is broken off leaves nothing behind.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from im.errors import NotFound, Overloaded, RateLimited, Unauthorized, Unavailable
from im.i18n import Catalogue, Language
from im.protocol.encoding import encode
from im.protocol.server import Entry, User
from im.services.export.archive import Archive
from im.services.export.contents import Contents, Sources
from im.services.export.words import Words
from im.services.history import HistoryPage
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.store import leases, users
from im.store.byte_store import in_thread
from im.store.cursor import Cursor
from im.store.media import FileRow
from im.store.visible import Visible
from im.store.workers import Workers

AT_ONCE = 8
"""Exports that one node makes at a time; each takes a few megabytes of memory."""
THREADS = 1
"""Packing takes a processor; so all exports together take at most one."""
LEASE_MS = 120_000
"""After a node died, its person waits so long; longer than a slow reader is waited for."""
KEEP_SECONDS = 20.0
MOST_OTHERS = 100_000
"""Files of others in one export, whatever they weigh: their numbers are remembered meanwhile."""
UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
"""What a file's name cannot have on some system."""

T = TypeVar("T")


class Exports:
    """Makes exports.

    Args:
        rate: how often one person may.
        others_bytes: what files that others sent may weigh in one export, bytes.
        clock: UTC ms.
    """

    def __init__(
        self,
        sources: Sources,
        limits: SharedLimits,
        catalogue: Catalogue,
        rate: str,
        others_bytes: int,
        clock: Callable[[], int],
    ) -> None:
        self._from = sources
        self._limits = limits
        self._catalogue = catalogue
        self._rate = rate
        self._others_bytes = others_bytes
        self._clock = clock
        self._threads = Workers("export", THREADS, AT_ONCE)
        self.open = 0
        """Exports that have begun and not ended."""

    async def begin(self, who: Identity, language: Language, *, counted: bool = True) -> Export:
        """Begin an export; it must be closed. Not ``counted``: only to see whether one may begin.

        Raises ``RateLimited`` (too often, or another of this person is under way, at whichever
        node), ``Overloaded`` or ``Unavailable``.
        """
        if self.open >= AT_ONCE:
            raise Overloaded("too many exports", retry_after=LEASE_MS)
        self.open += 1
        export = Export(
            Contents(self._from, who),
            Words(self._catalogue, language),
            self._from,
            who,
            self._threads,
            self._clock(),
            self._others_bytes,
            self._ended,
        )
        try:
            await export.keep()
            ask = self._limits.hit if counted else self._limits.check
            await ask(self._rate, "export", str(who.user))
        except BaseException:
            await export.close()
            raise
        return export

    def close(self) -> None:
        """Take no more; what is under way breaks off."""
        self._threads.close(1)

    def _ended(self) -> None:
        self.open -= 1


class Export:
    """One person's export, from ``begin`` to ``close``."""

    def __init__(
        self,
        contents: Contents,
        words: Words,
        sources: Sources,
        who: Identity,
        threads: Workers,
        now: int,
        others_bytes: int,
        ended: Callable[[], None],
    ) -> None:
        self._contents = contents
        self._words = words
        self._from = sources
        self._who = who
        self._threads = threads
        self._now = now
        self._ended = ended
        self._archive = Archive()
        self._holder = secrets.token_hex(8)
        self._kept = 0.0
        self._room = others_bytes
        self._others: set[int] = set()
        self._left_out = False

    async def keep(self) -> None:
        """Keep others of this person away, and see that they may still look.

        Raises ``RateLimited``, ``Unauthorized`` or ``Unavailable``.
        """
        now = time.monotonic()
        if self._kept and now - self._kept < KEEP_SECONDS:
            return
        await self._from.database.write(self._keep)
        self._kept = now

    def _keep(self, cursor: Cursor) -> None:
        row = users.by_id(cursor, self._who.user)
        if row is None or not row.active:
            raise Unauthorized("no such person any more")
        if not leases.take(cursor, self._lease, self._holder, LEASE_MS):
            raise RateLimited(
                "another is under way",
                retry_after=LEASE_MS,
                values={"reason": "export", "seconds": LEASE_MS // 1000},
            )

    @property
    def _lease(self) -> str:
        return f"export.{self._who.user}"

    async def close(self) -> None:
        """Let the person begin another one; whatever is not taken is gone."""
        self._ended()
        with suppress(Unavailable):
            await self._from.database.write(leases.release, self._lease, self._holder)
        with suppress(Unavailable):
            await self._in_thread(self._archive.close)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The archive from its beginning to its end, the next piece when it is asked for.

        Raises ``Unauthorized`` (the account ended meanwhile) or ``Unavailable``; then it is not
        whole, and cannot be read as if it were.
        """
        async with aclosing(self._everything()) as pieces:
            async for piece in pieces:
                await self.keep()
                if piece:
                    yield piece

    # Inside

    async def _everything(self) -> AsyncGenerator[bytes, None]:
        words, name = self._words, self._who.name
        yield await self._add("README.txt", words.readme(name, self._now))
        async for list_, value in self._contents.lists():
            yield await self._add(f"{list_}.json", _json(value))
        pages: list[tuple[str, str]] = []
        async for seen, of in self._contents.conversations():
            title = words.title(of, seen.name)
            # Their titles alone are kept, for the page that leads to them.
            pages.append((title, f"{_folder(seen)}/{_page_name(1)}"))
            async for piece in self._conversation(seen, title):
                yield piece
        async for piece in self._files():
            yield piece
        yield await self._add(
            "index.html", words.index(name, self._now, pages, whole=not self._left_out)
        )
        yield await self._in_thread(self._archive.close)

    async def _conversation(self, seen: Visible, title: str) -> AsyncGenerator[bytes, None]:
        """Once for programs and once for people: only one file of an archive grows at a time."""
        archive, folder = self._archive, _folder(seen)
        archive.begin(f"{folder}/messages.jsonl")
        async for page in self._contents.log(seen):
            yield await self._in_thread(partial(self._write_lines, page))
        yield await self._in_thread(archive.end)
        number = 1
        async for page in self._contents.log(seen):
            shown = await self._contents.shown_on(page)
            new = self._take(shown)
            last = not page.more or (page.last or seen.last) >= seen.last
            yield await self._add(
                f"{folder}/{_page_name(number)}",
                self._words.log(
                    title,
                    page.entries,
                    {user.id: user for user in page.users},
                    {
                        file.id: f"../../{_file_name(file)}"
                        for file in shown
                        if file.owner == self._who.user or file.id in self._others
                    },
                    before=_page_name(number - 1) if number > 1 else None,
                    after=None if last else _page_name(number + 1),
                ),
            )
            number += 1
            for file in new:
                async for piece in self._file(file):
                    yield piece

    def _take(self, shown: list[FileRow]) -> list[FileRow]:
        """Others' files that come into the archive with a page, while there is room for them.

        One's own come all, at the end.
        """
        new = []
        for file in shown:
            if file.owner == self._who.user or file.id in self._others:
                continue
            if file.size > self._room or len(self._others) >= MOST_OTHERS:
                self._left_out = True
                continue
            self._room -= file.size
            self._others.add(file.id)
            new.append(file)
        return new

    def _write_lines(self, page: HistoryPage) -> bytes:
        return self._archive.write(_lines(page))

    async def _files(self) -> AsyncGenerator[bytes, None]:
        async for file in self._contents.files():
            async for piece in self._file(file):
                yield piece

    async def _file(self, file: FileRow) -> AsyncGenerator[bytes, None]:
        archive = self._archive
        begun = False
        async with aclosing(self._contents.pieces(file)) as pieces:
            try:
                async for data in pieces:
                    if not begun:
                        archive.begin(_file_name(file), size=file.size, pack=False)
                        begun = True
                    yield await self._in_thread(partial(archive.write, data))
            except NotFound:
                # Erased a moment ago: nothing more of it is there.
                pass
        if begun:
            yield await self._in_thread(archive.end)

    async def _add(self, name: str, data: str | bytes) -> bytes:
        plain = data.encode() if isinstance(data, str) else data
        return await self._in_thread(partial(self._archive.add, name, plain))

    async def _in_thread(self, job: Callable[[], T]) -> T:
        return await in_thread(self._threads, job)


def _json(value: Any) -> bytes:
    return msgspec.json.format(encode(value), indent=1)


def _lines(page: HistoryPage) -> bytes:
    """A line for each entry, as the HTTP API shows it, with its sender's name."""
    people = {user.id: user for user in page.users}
    return b"".join(encode(_named(entry, people)) + b"\n" for entry in page.entries)


def _named(entry: Entry, people: Mapping[int, User]) -> dict[str, Any]:
    sender = people.get(entry.sender)
    shown: dict[str, Any] = msgspec.to_builtins(entry)
    return {**shown, "from_name": sender.name if sender is not None else ""}


def _folder(seen: Visible) -> str:
    return f"conversations/{seen.name.replace(':', '-')}"


def _page_name(number: int) -> str:
    return f"{number:05}.html"


def _file_name(file: FileRow) -> str:
    """Where a file is in the archive: its number first, as people give the same name twice."""
    name = UNSAFE.sub("_", file.name)
    return f"files/{file.id}{'-' + name if name else ''}"
