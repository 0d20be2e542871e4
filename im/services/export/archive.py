"""A ZIP archive that is made while it is sent; holds no more than what was not taken yet."""

from __future__ import annotations

import zipfile
from typing import IO, cast

NEVER_CHANGED = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a ZIP entry can have."""


class Archive:
    """Files packed one after the other; each call returns bytes that follow those before.

    Not for several threads at a time, but for one after the other.
    """

    def __init__(self) -> None:
        self._made = _Made()
        self._zip = zipfile.ZipFile(cast(IO[bytes], self._made), "w", zipfile.ZIP_DEFLATED)
        self._open: IO[bytes] | None = None

    def begin(self, name: str, *, size: int | None = None, pack: bool = True) -> None:
        """Begin a file.

        ``size``: bytes, if known; unknown ones may be of any size. ``pack``: make it smaller, which
        does nothing for pictures and recordings.
        """
        entry = zipfile.ZipInfo(name, NEVER_CHANGED)
        entry.compress_type = zipfile.ZIP_DEFLATED if pack else zipfile.ZIP_STORED
        entry.external_attr = 0o600 << 16
        entry.file_size = size or 0
        self._open = self._zip.open(entry, "w", force_zip64=size is None)

    def write(self, data: bytes) -> bytes:
        """More of the file that was begun."""
        if self._open is None:
            raise ValueError("no file was begun")
        self._open.write(data)
        return self._made.taken()

    def end(self) -> bytes:
        """The file is whole."""
        if self._open is not None:
            self._open.close()
            self._open = None
        return self._made.taken()

    def add(self, name: str, data: bytes) -> bytes:
        """A whole file."""
        self.begin(name, size=len(data))
        return self.write(data) + self.end()

    def close(self) -> bytes:
        """The table of contents, with which the archive ends; after it nothing can be added."""
        last = self.end()
        self._zip.close()
        return last + self._made.taken()


class _Made:
    """Where ``zipfile`` writes to: a stream that cannot go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
