"""Uploaded files: table ``media``. What they contain is in ``media_content``, each content once.

Each upload is a row of its own, with its owner and its name, whoever else has uploaded the same: so
nobody learns from a number what others have, and nobody gets a right by knowing a hash.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from im.errors import QuotaReached
from im.store import contents, references
from im.store.cursor import Cursor
from im.store.members import FIRST_SEQ

STORED = "stored"
THUMBNAIL = "thumbnail"
"""``state`` of a row that is another one's thumbnail, and goes with it."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file whose bytes are stored as a content that has no owner yet.

    Attributes:
        content: the content's id.
        waveform: loudness along the way, a byte of 0 to 100 for each step.
    """

    content: int
    sha256: bytes
    type: str
    size: int
    name: str = ""
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    waveform: bytes | None = None


@dataclass(frozen=True, slots=True)
class FileRow:
    """An uploaded file; ``content`` is where its bytes are."""

    id: int
    content: int
    sha256: bytes
    type: str
    size: int
    name: str
    owner: int
    references: int
    thumbnail: int | None
    width: int | None
    height: int | None
    duration_ms: int | None
    waveform: bytes | None


class Sight(Enum):
    """Why a person may see a file: as its owner, as a reader of a conversation, as anyone may."""

    OWNER = "owner"
    READER = "reader"
    ANYONE = "anyone"


_FILES = (
    "SELECT m.id, c.id, m.sha256, m.type, m.size, m.name, m.owner_id, m.reference_count,"
    " m.thumbnail_id, m.width, m.height, m.duration_ms, m.waveform FROM media m"
    " JOIN media_content c ON c.sha256 = m.sha256"
)
_SELECT = f"{_FILES} WHERE m.id = %s AND m.state = %s"


def add(
    cursor: Cursor, owner: int, quota: int, file: NewFile, thumbnail: NewFile | None
) -> tuple[int, tuple[int, ...]]:
    """Store a file that nobody shows yet.

    Returns its id, and the contents that are dropped because the same were stored already. Raises
    ``QuotaReached`` if the owner's files would take more than ``quota`` bytes, ``DuplicateKey`` if
    another transaction has just stored the same (then try again), or ``Unavailable``.
    """
    # Two uploads of one person at once are counted one after the other.
    cursor.execute(
        f"SELECT id FROM user_basic WHERE id = %s{cursor.dialect.for_update}", (owner,)
    ).one()
    if used(cursor, owner) + file.size > quota:
        raise QuotaReached(values={"limit": quota // (1024 * 1024)})
    parts = [file] if thumbnail is None else [file, thumbnail]
    dropped = [
        contents.settle(cursor, part.content, part.sha256)
        for part in sorted(parts, key=lambda part: part.sha256)
    ]
    below = None if thumbnail is None else _insert(cursor, owner, thumbnail, THUMBNAIL, None)
    made = _insert(cursor, owner, file, STORED, below)
    return made, tuple(content for content in dropped if content is not None)


def used(cursor: Cursor, owner: int) -> int:
    """Bytes of the files that a person has uploaded, without thumbnails."""
    row = cursor.execute(
        "SELECT COALESCE(SUM(size), 0) FROM media WHERE owner_id = %s AND state = %s",
        (owner, STORED),
    ).one()
    return int(row[0]) if row is not None else 0


def total(cursor: Cursor) -> int:
    """Bytes of all files of all people, thumbnails too; what several have counts for each."""
    row = cursor.execute("SELECT COALESCE(SUM(size), 0) FROM media").one()
    return int(row[0]) if row is not None else 0


def by_id(cursor: Cursor, media: int, state: str = STORED) -> FileRow | None:
    """A file; with ``THUMBNAIL`` another one's thumbnail."""
    row = cursor.execute(_SELECT, (media, state)).one()
    return FileRow(*row) if row is not None else None


def owned(cursor: Cursor, owner: int, after: int, limit: int) -> list[FileRow]:
    """A person's own files with higher ids, in the order of the ids."""
    rows = cursor.execute(
        f"{_FILES} WHERE m.owner_id = %s AND m.state = %s AND m.id > %s ORDER BY m.id LIMIT %s",
        (owner, STORED, after, limit),
    ).all()
    return [FileRow(*row) for row in rows]


def among(cursor: Cursor, files: Collection[int]) -> list[FileRow]:
    """Those of these files that are kept here, in the order of their ids."""
    if not files:
        return []
    marks, listed = cursor.dialect.listed(files)
    rows = cursor.execute(
        f"{_FILES} WHERE m.state = %s AND m.id IN ({marks}) ORDER BY m.id", (STORED, *listed)
    ).all()
    return [FileRow(*row) for row in rows]


def sight(cursor: Cursor, file: FileRow, user: int) -> Sight | None:
    """Why a person may see a file now; None if they may not.

    A file that is shown nowhere is its owner's. Else it is for those who can see an entry that
    shows it, and, as an avatar or icon, for everyone.
    """
    if file.references == 0:
        return Sight.OWNER if file.owner == user else None
    row = cursor.execute(
        "SELECT MIN(CASE r.kind WHEN 'entry' THEN 1 ELSE 0 END) FROM media_reference r"
        " LEFT JOIN conversation c ON r.kind = 'entry' AND c.id = r.place"
        " LEFT JOIN member m ON m.conversation_id = c.id AND m.user_id = %s"
        " WHERE r.media_id = %s AND (r.kind <> 'entry' OR c.kind = 'all'"
        " OR (c.kind = 'private' AND %s IN (c.user_a, c.user_b))"
        f" OR (c.kind = 'group' AND r.seq >= {FIRST_SEQ}"
        " AND (m.left_seq IS NULL OR r.seq <= m.left_seq)))",
        (user, file.id, user),
    ).one()
    if row is None or row[0] is None:
        return None
    return Sight.READER if row[0] else Sight.ANYONE


def unused(cursor: Cursor, older_than_ms: int, limit: int) -> list[int]:
    """Files that nobody shows, uploaded longer ago."""
    rows = cursor.execute(
        "SELECT id FROM media WHERE reference_count = 0 AND state = %s"
        f" AND updated_at < {cursor.dialect.now_ms} - %s ORDER BY updated_at LIMIT %s",
        (STORED, older_than_ms, limit),
    ).all()
    return [int(row[0]) for row in rows]


def erase_unused(cursor: Cursor, media: int) -> tuple[int, ...]:
    """Erase a file if still nobody shows it; returns the contents that are gone."""
    row = cursor.execute(
        "SELECT id FROM media WHERE id = %s AND reference_count = 0 AND state = %s"
        + cursor.dialect.for_update,
        (media, STORED),
    ).one()
    return () if row is None else references.erase(cursor, media)


def _insert(cursor: Cursor, owner: int, file: NewFile, state: str, thumbnail: int | None) -> int:
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO media (sha256, type, size, name, owner_id, state, thumbnail_id, width, height,"
        " duration_ms, waveform, created_at, updated_at)"
        f" VALUES ({cursor.dialect.marks(11)}, {now}, {now})",
        (
            *(file.sha256, file.type, file.size, file.name, owner, state, thumbnail),
            *(file.width, file.height, file.duration_ms, file.waveform),
        ),
    )
    return cursor.lastrowid
