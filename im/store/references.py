"""How many messages, avatars and icons show an uploaded file; at none left, a recall erases it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from im.store.cursor import Cursor


def existing(cursor: Cursor, ids: Collection[int]) -> set[int]:
    """Which of these files are there; they stay while the transaction lasts."""
    if not ids:
        return set()
    rows = cursor.execute(
        f"SELECT id FROM media WHERE id IN ({cursor.dialect.marks(len(ids))}) ORDER BY id"
        + cursor.dialect.for_update,
        sorted(ids),
    ).all()
    return {row[0] for row in rows}


def add(cursor: Cursor, ids: Collection[int]) -> None:
    """One more reference for each id, as often as it is named."""
    for media, count in sorted(Counter(ids).items()):
        cursor.execute(
            "UPDATE media SET reference_count = reference_count + %s WHERE id = %s", (count, media)
        )


def drop(cursor: Cursor, media: int) -> None:
    """One reference less; the file stays for the sweeper even if it was the last."""
    cursor.execute(
        "UPDATE media SET reference_count = reference_count - 1 "
        "WHERE id = %s AND reference_count > 0",
        (media,),
    )


def release(cursor: Cursor, media: int) -> tuple[int, ...]:
    """One reference less; erases the file and its thumbnail if it was the last.

    Returns the ids that are gone, for files that lie in a folder.
    """
    row = cursor.execute(
        f"SELECT reference_count, thumbnail_id FROM media WHERE id = %s{cursor.dialect.for_update}",
        (media,),
    ).one()
    if row is None:
        return ()
    count, thumbnail = row
    if count > 1:
        drop(cursor, media)
        return ()
    gone = (media,) if thumbnail is None else (media, thumbnail)
    marks = cursor.dialect.marks(len(gone))
    cursor.execute(f"DELETE FROM media_chunk WHERE media_id IN ({marks})", gone)
    cursor.execute(f"DELETE FROM media WHERE id IN ({marks})", gone)
    return gone
