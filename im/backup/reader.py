"""Reads a backup's file and holds it against what it says of itself; knows nothing of databases."""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import msgspec

from im.backup import layout
from im.backup.layout import BadBackup, Contents, Header, TableContents

_PIECE = re.compile(r"tables/([a-z_]{1,64})/([0-9]{5,9})\.jsonl")
_FILE = re.compile(r"files/([0-9a-f]{64})")
_LINE = msgspec.json.Decoder(list[Any])

_DAMAGE = (
    gzip.BadGzipFile,
    tarfile.TarError,
    zlib.error,
    msgspec.MsgspecError,
    UnicodeDecodeError,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table."""

    table: str
    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class File:
    """A file; ``source`` is read before the next part is asked for."""

    sha256: bytes
    size: int
    source: BinaryIO


Part = Header | Rows | File | Contents


@dataclass
class _Found:
    """What has come so far."""

    header: str = ""
    running: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, int] = field(default_factory=dict)
    files: int = 0
    file_bytes: int = 0
    wrong: set[str] = field(default_factory=set)

    def contents(self, lost: list[str]) -> Contents:
        tables = {
            name: TableContents(self.rows[name], running.hexdigest())
            for name, running in self.running.items()
        }
        return Contents(self.header, tables, self.files, self.file_bytes, lost)


def parts(source: BinaryIO) -> Iterator[Part]:
    """The parts of a backup: first its ``Header``, at its very end its ``Contents``.

    Once the last has come, everything has been compared with its hash. In constant memory. Raises
    ``BadBackup`` or ``OSError``.
    """
    with _damage_named():
        yield from _parts(source)


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except EOFError as error:
        raise BadBackup("it is incomplete: its end is missing") from error
    except _DAMAGE as error:
        raise BadBackup(f"it is not a backup, or it is damaged: {error}") from error


def _parts(source: BinaryIO) -> Iterator[Part]:
    found = _Found()
    with (
        gzip.GzipFile(fileobj=source, mode="rb") as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as tar,
    ):
        while (member := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]
            data = tar.extractfile(member) if member.isreg() else None
            if data is None:
                raise BadBackup(f"it is damaged: {member.name!r} is not a file")
            if not found.header:
                header, found.header = _header(member, data)
                yield header
            elif match := _PIECE.fullmatch(member.name):
                yield _rows(found, match[1], int(match[2]), _small(member, data))
            elif match := _FILE.fullmatch(member.name):
                yield from _file(found, match[1], member.size, data)
            elif member.name == layout.CONTENTS:
                contents = _contents(found, _small(member, data))
                # What packed it ends in a checksum of all.
                while unpacked.read(layout.READ_BYTES):
                    pass
                yield contents
                return
            else:
                raise BadBackup(f"it is damaged: {member.name!r} is no part of a backup")
    raise BadBackup("it is incomplete: its end is missing")


def _small(member: tarfile.TarInfo, data: Any) -> bytes:
    if member.size > layout.MOST_PIECE_BYTES:
        raise BadBackup(f"it is damaged: {member.name} is too long")
    return bytes(data.read())


def _header(member: tarfile.TarInfo, data: Any) -> tuple[Header, str]:
    if member.name != layout.HEADER:
        raise BadBackup(f"it is not a backup: it begins with {member.name!r}")
    encoded = _small(member, data)
    # Only the format's number is sure to be there in a later one.
    found = msgspec.json.decode(encoded, type=dict[str, Any]).get("format")
    if found != layout.FORMAT:
        raise BadBackup(
            f"it is of a newer version of the program (format {found}, this program reads"
            f" {layout.FORMAT}): restore it with that version"
        )
    return msgspec.json.decode(encoded, type=Header), hashlib.sha256(encoded).hexdigest()


def _rows(found: _Found, table: str, number: int, data: bytes) -> Rows:
    if number != found.pieces.get(table, 0) + 1:
        raise BadBackup(f"it is damaged: a piece of {table} is missing")
    found.pieces[table] = number
    found.running.setdefault(table, hashlib.sha256()).update(data)
    columns, *rows = (_LINE.decode(line) for line in data.splitlines())
    found.rows[table] = found.rows.get(table, 0) + len(rows)
    return Rows(table, columns, rows)


def _file(found: _Found, sha256: str, size: int, data: Any) -> Iterator[File]:
    source = _Hashed(data)
    yield File(bytes.fromhex(sha256), size, source)  # type: ignore[arg-type]
    while source.read(layout.READ_BYTES):
        pass
    found.files += 1
    found.file_bytes += size
    if source.running.hexdigest() != sha256:
        found.wrong.add(sha256)


def _contents(found: _Found, data: bytes) -> Contents:
    contents = msgspec.json.decode(data, type=Contents)
    if contents != found.contents(contents.lost):
        raise BadBackup("it is damaged: a part is not what was written")
    if found.wrong - set(contents.lost):
        raise BadBackup("it is damaged: a file is not what was written")
    return contents


class _Hashed:
    """A file to read once, hashed on its way."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.running = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        with _damage_named():
            data = bytes(self._source.read(size))
        self.running.update(data)
        return data

    def seek(self, place: int) -> int:
        """To its beginning, where it is anyway."""
        if place or self._source.tell():
            raise OSError("a part of a backup is read once")
        return 0
