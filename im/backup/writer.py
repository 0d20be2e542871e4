"""Writes a backup's file; knows nothing of databases."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import msgspec

from im.backup import layout
from im.backup.layout import Contents, Header, TableContents

LEVEL = 1
"""zlib's quickest: higher ones take three times as long for a tenth less."""


class BackupWriter:
    """Writes one part after the other, in constant memory; ``finish`` makes it whole.

    All raise ``OSError``.
    """

    def __init__(self, target: BinaryIO, header: Header) -> None:
        self._gzip = gzip.GzipFile("", "wb", LEVEL, target, header.made_at / 1000)
        self._tar = tarfile.open(  # noqa: SIM115
            fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT
        )
        self._time = header.made_at // 1000
        self._tables: dict[str, TableContents] = {}
        self._files = 0
        self._file_bytes = 0
        self._lost: list[str] = []
        encoded = msgspec.json.encode(header)
        self._header = hashlib.sha256(encoded).hexdigest()
        self._add(layout.HEADER, encoded)

    def table(
        self, name: str, columns: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]]
    ) -> int:
        """Write a table; how many rows it has."""
        running = hashlib.sha256()
        first = msgspec.json.encode(columns) + b"\n"
        piece = bytearray(first)
        rows = number = 0

        def flush() -> None:
            nonlocal number, piece
            number += 1
            running.update(piece)
            self._add(f"{layout.TABLES}{name}/{number:05}.jsonl", bytes(piece))
            piece = bytearray(first)

        for page in pages:
            for row in page:
                piece += msgspec.json.encode(row)
                piece += b"\n"
                if len(piece) >= layout.PIECE_BYTES:
                    flush()
            rows += len(page)
        if number == 0 or len(piece) > len(first):
            flush()
        self._tables[name] = TableContents(rows, running.hexdigest())
        return rows

    def file(self, sha256: bytes, size: int, pieces: Iterable[bytes]) -> bool:
        """Write a file of exactly so many bytes; False if they are others than its hash says."""
        source = _Pieces(pieces)
        self._add_stream(layout.FILES + sha256.hex(), size, source)
        self._files += 1
        self._file_bytes += size
        whole = source.running.digest() == sha256
        if not whole:
            self.lost(sha256)
        return whole

    def lost(self, sha256: bytes) -> None:
        """Note a file that is not whole where it was read."""
        self._lost.append(sha256.hex())

    def finish(self) -> Contents:
        """Write what was written, and close the file's formats; not the file."""
        contents = Contents(self._header, self._tables, self._files, self._file_bytes, self._lost)
        self._add(layout.CONTENTS, msgspec.json.encode(contents))
        self._tar.close()
        self._gzip.close()
        return contents

    def _add(self, name: str, data: bytes) -> None:
        self._add_stream(name, len(data), io.BytesIO(data))

    def _add_stream(self, name: str, size: int, source: Any) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, self._time
        self._tar.addfile(member, source)
        # It would remember all members, of which there may be very many.
        self._tar.members = []  # type: ignore[attr-defined]


class _Pieces:
    """Pieces of bytes as a file to read from, hashed on their way."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""
        self.running = hashlib.sha256()

    def read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            if not self._left:
                self._left = next(self._pieces, b"")
                if not self._left:
                    break
            part, self._left = self._left[: size - len(found)], self._left[size - len(found) :]
            found += part
        self.running.update(found)
        return bytes(found)
