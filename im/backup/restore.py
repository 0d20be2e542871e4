"""Restores a backup into an empty database, or only looks whether it is whole."""

from __future__ import annotations

import asyncio
import binascii
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from im.backup import layout
from im.backup.layout import BadBackup, Contents, Header, Refused
from im.backup.reader import File, Part, Rows, parts
from im.backup.take import Say, megabytes
from im.errors import Unavailable
from im.services.files import byte_store, files_folder
from im.store import restoring, tables
from im.store.bootstrap import bootstrap
from im.store.byte_store import ByteStore
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.errors import DatabaseFault
from im.store.migrations import HEAD, migrate_to
from im.store.restoring import NotEmpty
from im.store.workers import Workers

STATEMENT_BYTES = 1024 * 1024
"""Of texts and bytes in one statement; far below MySQL's largest packet."""
SESSIONS = "session"


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that is whole."""

    header: Header
    contents: Contents
    table_bytes: int


def check(path: Path, say: Say) -> Checked:
    """Read all of a backup and compare it with its hashes. Blocks.

    Raises ``BadBackup`` or ``OSError``.
    """
    header: Header | None = None
    read = 0
    with path.open("rb") as source:
        for part in parts(source):
            if isinstance(part, Header):
                header = part
                _refuse_newer(part)
            elif isinstance(part, Contents) and header is not None:
                return Checked(header, part, read)
            elif isinstance(part, File):
                while part.source.read(layout.READ_BYTES):
                    pass
            elif isinstance(part, Rows):
                read += sum(_size(row) for row in part.rows)
            say(f"looking: {megabytes(source.tell())} of the backup")
    raise BadBackup("it is incomplete: its end is missing")


def _refuse_newer(header: Header) -> None:
    if header.schema > HEAD:
        raise BadBackup(
            f"it is of a newer version of the program ({header.program}, schema {header.schema};"
            f" this one knows {HEAD}): restore it with that version or a later one"
        )


async def restore(database: Database, path: Path, say: Say, *, sessions: bool) -> Checked:
    """Restore a backup into a database that holds nothing yet.

    First all of it is checked. What is cut short leaves a database that no node uses, and into
    which it can be restored again. ``sessions``: whether people and programs stay logged in. Raises
    ``Refused``, ``ImError`` or ``OSError``.
    """
    try:
        checked = await asyncio.to_thread(check, path, say)
        folder = files_folder(database)
        if folder is not None:
            folder.parent.mkdir(parents=True, exist_ok=True)
        await database.read(restoring.refuse_used)
        unfinished = await database.read(restoring.is_unfinished)
        if folder is not None:
            await asyncio.to_thread(_make_room, folder, checked, unfinished=unfinished)
        await _load(database, path, checked.header, say, sessions=sessions)
    except NotEmpty as error:
        raise Refused(
            f"the database is not empty: {error}. A backup is restored into a new one only."
        ) from error
    except DatabaseFault as fault:
        raise Unavailable(str(fault)) from fault
    return checked


def _make_room(folder: Path, checked: Checked, *, unfinished: bool) -> None:
    if unfinished:
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and any(path.is_file() for path in folder.rglob("*")):
        raise Refused(f"{folder} holds files of another database: move it elsewhere first")
    wanted = checked.contents.file_bytes + 2 * checked.table_bytes
    free = shutil.disk_usage(folder.parent).free
    if free < wanted:
        raise OSError(
            f"there is not enough room: {megabytes(wanted)} are needed, {megabytes(free)} are free"
        )


async def _load(
    database: Database, path: Path, header: Header, say: Say, *, sessions: bool
) -> None:
    token = secrets.token_hex(16)
    threads = Workers("files", 1, 1)
    try:
        await database.write(restoring.begin, token)
        await migrate_to(database, header.schema)
        loader = _Loader(database, byte_store(database, threads), token, say, sessions=sessions)
        with path.open("rb") as source:
            found = parts(source)
            while (part := await asyncio.to_thread(next, found, None)) is not None:
                await loader.take(part)
        await database.write(tables.settle)
        say("bringing the schema to this version")
        await migrate_to(database, HEAD)
        await bootstrap(database)
        # Still ours?
        await loader.advance()
        await database.write(restoring.end)
    finally:
        threads.close(1)


class _Loader:
    """Puts the parts of a backup where they belong."""

    def __init__(
        self, database: Database, store: ByteStore, token: str, say: Say, *, sessions: bool
    ) -> None:
        self._database = database
        self._store = store
        self._token = token
        self._say = say
        self._sessions = sessions
        self._part = 0
        self._rows: dict[str, int] = {}
        self._bytes = 0

    async def take(self, part: Part) -> None:
        """Store one."""
        if isinstance(part, Rows):
            if part.table != SESSIONS or self._sessions:
                await self._take_rows(part)
        elif isinstance(part, File):
            await self.advance()
            content = await self._database.read(tables.content_of, part.sha256)
            if content is None:
                raise BadBackup("it is damaged: it has a file that nothing refers to")
            await self._store.write(content, part.source)
            self._bytes += part.size
            self._say(f"files: {megabytes(self._bytes)}")

    async def advance(self) -> None:
        """Go on to the next part. Raises ``Unavailable`` if somebody else restores here."""
        self._part += 1
        await self._database.write(restoring.advance, self._token, self._part)

    async def _take_rows(self, part: Rows) -> None:
        columns = await self._database.read(_columns, part.table, part.columns)
        for rows in _statements(part.rows):
            self._part += 1
            await self._database.write(
                _insert, self._token, self._part, part.table, columns, _values(columns, rows)
            )
            self._rows[part.table] = self._rows.get(part.table, 0) + len(rows)
            self._say(f"{part.table}: {self._rows[part.table]:,} rows")


def _columns(cursor: Cursor, table: str, names: Sequence[str]) -> list[tables.Column]:
    known = {column.name: column for column in tables.columns(cursor, table)}
    if table not in tables.TABLES or not tables.TABLES[table].kept or known.keys() != set(names):
        raise BadBackup(f"it does not fit its schema: table {table}")
    return [known[name] for name in names]


def _insert(
    cursor: Cursor,
    token: str,
    part: int,
    table: str,
    columns: Sequence[tables.Column],
    rows: Sequence[Sequence[Any]],
) -> None:
    if restoring.advance(cursor, token, part):
        tables.insert(cursor, table, columns, rows)


def _statements(rows: Sequence[list[Any]]) -> Iterator[list[list[Any]]]:
    """The rows in groups that fit into a statement."""
    group: list[list[Any]] = []
    size = 0
    for row in rows:
        own = _size(row)
        if group and size + own > STATEMENT_BYTES:
            yield group
            group, size = [], 0
        group.append(row)
        size += own
    if group:
        yield group


def _size(row: Sequence[Any]) -> int:
    return sum(len(value) if isinstance(value, str) else 8 for value in row)


def _values(columns: Sequence[tables.Column], rows: Sequence[list[Any]]) -> list[list[Any]]:
    binary = [number for number, column in enumerate(columns) if column.binary]
    try:
        for row in rows:
            if len(row) != len(columns):
                raise BadBackup("it is damaged: a row has another length")
            for number in binary:
                if row[number] is not None:
                    row[number] = binascii.a2b_base64(row[number], strict_mode=True)
    except (binascii.Error, TypeError) as error:
        raise BadBackup("it is damaged: bytes are not Base64") from error
    return list(rows)
