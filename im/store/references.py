"""Where uploaded files are shown: entries, avatars, icons. With the last reference the bytes go.

A reference is a row that says who may see the file, and is counted in the file's own row, so that
what nobody shows is found without looking at all files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from im.store import contents
from im.store.cursor import Cursor
from im.store.steps import Executes


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a file is shown.

    Attributes:
        kind: ``entry`` (``place`` is a conversation, ``seq`` the number in it), ``avatar``
            (``place`` is a person) or ``icon`` (``place`` is a group).
    """

    kind: Literal["entry", "avatar", "icon"]
    place: int
    seq: int = 0


def existing(cursor: Cursor, ids: Collection[int]) -> set[int]:
    """Which of these files are there; they stay while the transaction lasts."""
    if not ids:
        return set()
    rows = cursor.execute(
        f"SELECT id FROM media WHERE id IN ({cursor.dialect.marks(len(ids))})"
        f" AND state = 'stored' ORDER BY id{cursor.dialect.for_update}",
        sorted(ids),
    ).all()
    return {row[0] for row in rows}


def add(cursor: Executes, shown: Sequence[tuple[int, Reference]]) -> None:
    """Files are now shown at these places; each file must be one of ``existing``."""
    if not shown:
        return
    for media, count in sorted(Counter(media for media, _ in shown).items()):
        cursor.execute(
            "UPDATE media SET reference_count = reference_count + %s WHERE id = %s", (count, media)
        )
    cursor.execute(
        "INSERT INTO media_reference (media_id, kind, place, seq) VALUES "
        + cursor.dialect.rows(len(shown), 4),
        [
            value
            for media, reference in shown
            for value in (media, reference.kind, reference.place, reference.seq)
        ],
    )


def release(cursor: Cursor, media: int, reference: Reference) -> tuple[int, ...]:
    """A file is not shown at a place any more; was it the last, the file and thumbnail are erased.

    Returns the contents that are gone, for ``ByteStore.remove`` after the commit.
    """
    row = cursor.execute(
        f"SELECT reference_count FROM media WHERE id = %s{cursor.dialect.for_update}", (media,)
    ).one()
    cursor.execute(
        "DELETE FROM media_reference WHERE media_id = %s AND kind = %s AND place = %s AND seq = %s",
        (media, reference.kind, reference.place, reference.seq),
    )
    if row is None or cursor.rowcount == 0:
        return ()
    if row[0] > 1:
        cursor.execute(
            "UPDATE media SET reference_count = reference_count - 1 WHERE id = %s", (media,)
        )
        return ()
    return erase(cursor, media)


def replace(
    cursor: Cursor, reference: Reference, before: int | None, after: int | None
) -> tuple[int, ...]:
    """Show another file, or none, at a place; returns the contents that are gone.

    ``after`` must be one of ``existing``.
    """
    if before == after:
        return ()
    if after is not None:
        add(cursor, [(after, reference)])
    return () if before is None else release(cursor, before, reference)


def erase(cursor: Cursor, media: int) -> tuple[int, ...]:
    """Erase a file whose row is locked, with its thumbnail; returns the contents that are gone."""
    rows = cursor.execute(
        "SELECT thumbnail.id, media.sha256, thumbnail.sha256 FROM media"
        " LEFT JOIN media thumbnail ON thumbnail.id = media.thumbnail_id WHERE media.id = %s",
        (media,),
    ).all()
    files = [media, *(row[0] for row in rows if row[0] is not None)]
    cursor.execute(f"DELETE FROM media WHERE id IN ({cursor.dialect.marks(len(files))})", files)
    hashes = {value for row in rows for value in row[1:] if value is not None}
    return contents.drop_unused(cursor, hashes)
