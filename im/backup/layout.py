"""What a backup looks like: a gzipped tar file (POSIX.1-2001) with these members, in this order.

``backup.json``
    What it is (``Header``), so that what cannot be restored is refused at its first bytes.
``tables/NAME/00001.jsonl``, …
    The rows of a table, some megabytes a piece. The first line names the columns, each further one
    is a row, both as JSON arrays; bytes are Base64. Numbers, texts and bytes are the same for every
    kind of database.
``files/SHA256``
    The bytes of an uploaded file, each once, named by their hash.
``contents.json``
    What must have come before (``Contents``): a backup that was cut short has none.
"""

from __future__ import annotations

import msgspec

FORMAT = 1
"""Raised when a program of before could not read it any more."""

HEADER = "backup.json"
CONTENTS = "contents.json"
TABLES = "tables/"
FILES = "files/"

PIECE_BYTES = 4 * 1024 * 1024
"""A piece of a table ends with the row that passes this."""
MOST_PIECE_BYTES = 64 * 1024 * 1024
"""No piece that we write is longer: a row is at most some 16 MiB."""
READ_BYTES = 1024 * 1024


class Refused(ValueError):
    """It is not done; says why, for people."""


class BadBackup(Refused):
    """The file is no backup, is damaged, or is not for this program; says which."""


class Header(msgspec.Struct, frozen=True):
    """What a backup is.

    Attributes:
        format: see ``FORMAT``.
        program: the version of the program that wrote it.
        schema: the database's revision.
        made_at: of which moment it is, UTC ms by the database's clock.
        database: ``sqlite`` or ``mysql``; it can be restored into either.
    """

    format: int
    program: str
    schema: int
    made_at: int
    database: str


class TableContents(msgspec.Struct, frozen=True):
    """Rows of a table, and the SHA-256 (hex) of all its pieces joined."""

    rows: int
    sha256: str


class Contents(msgspec.Struct, frozen=True):
    """All that a backup has.

    Attributes:
        header: SHA-256 (hex) of ``backup.json``.
        tables: by name.
        files: how many.
        file_bytes: of all of them.
        lost: hashes (hex) of files that were not whole where they were read.
    """

    header: str
    tables: dict[str, TableContents]
    files: int
    file_bytes: int
    lost: list[str]
