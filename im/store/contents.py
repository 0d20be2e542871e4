"""What files contain, each once however often it was uploaded: table ``media_content``.

A content gets its hash, and with it its owners, when all its bytes are stored. One without a hash
belongs to nobody and is removed after a while: an upload that a crash cut short, or what was erased
and whose bytes lie outside the database.

Whoever looks a content up in order to use or to drop it holds its row until the end of the
transaction, so that nothing is dropped that someone has just begun to use.
"""

from __future__ import annotations

from collections.abc import Collection

from im.errors import Unavailable
from im.store.cursor import Cursor

ERASED = 0
"""``touched_at`` of what was erased."""


def begin(cursor: Cursor) -> int:
    """A new content without bytes, a hash or an owner; its id."""
    cursor.execute(f"INSERT INTO media_content (touched_at) VALUES ({cursor.dialect.now_ms})")
    return cursor.lastrowid


def settle(cursor: Cursor, content: int, sha256: bytes) -> int | None:
    """Give a content its hash; the id of what is dropped because the same is stored already.

    Raises ``DuplicateKey`` if another transaction has just stored the same, or ``Unavailable`` if
    the content is gone.
    """
    row = cursor.execute(
        f"SELECT id FROM media_content WHERE sha256 = %s{cursor.dialect.for_update}", (sha256,)
    ).one()
    if row is None:
        cursor.execute(
            "UPDATE media_content SET sha256 = %s WHERE id = %s AND touched_at > %s",
            (sha256, content, ERASED),
        )
        if cursor.rowcount == 0:
            raise Unavailable("the upload was removed before its end")
        return None
    if row[0] == content:
        return None
    _erase(cursor, [content])
    return content


def drop_unused(cursor: Cursor, hashes: Collection[bytes]) -> tuple[int, ...]:
    """Erase those of these contents that no file has any more; their ids."""
    gone = []
    # In order, so that two who drop the same don't wait for each other in a circle.
    for sha256 in sorted(hashes):
        row = cursor.execute(
            f"SELECT id FROM media_content WHERE sha256 = %s{cursor.dialect.for_update}", (sha256,)
        ).one()
        used = cursor.execute("SELECT 1 FROM media WHERE sha256 = %s LIMIT 1", (sha256,)).one()
        if row is not None and used is None:
            gone.append(int(row[0]))
    if gone:
        _erase(cursor, gone)
    return tuple(gone)


def claim_nobodys(cursor: Cursor, older_than_ms: int, limit: int) -> list[int]:
    """Contents without a hash, erased ones and those begun so long ago; none can be settled now."""
    rows = cursor.execute(
        "SELECT id FROM media_content WHERE sha256 IS NULL"
        f" AND touched_at < {cursor.dialect.now_ms} - %s ORDER BY id LIMIT %s"
        + cursor.dialect.for_update,
        (older_than_ms, limit),
    ).all()
    found = [int(row[0]) for row in rows]
    if found:
        _erase(cursor, found)
    return found


def discard(cursor: Cursor, contents: Collection[int]) -> list[int]:
    """Erase those of these contents that have no hash and so no owner; their ids."""
    if not contents:
        return []
    rows = cursor.execute(
        f"SELECT id FROM media_content WHERE id IN ({cursor.dialect.marks(len(contents))})"
        f" AND sha256 IS NULL ORDER BY id{cursor.dialect.for_update}",
        sorted(contents),
    ).all()
    found = [int(row[0]) for row in rows]
    if found:
        _erase(cursor, found)
    return found


def forget(cursor: Cursor, contents: Collection[int]) -> None:
    """Remove the rows of erased contents, once no bytes of theirs are left anywhere."""
    if contents:
        cursor.execute(
            f"DELETE FROM media_content WHERE id IN ({cursor.dialect.marks(len(contents))})"
            " AND sha256 IS NULL",
            sorted(contents),
        )


def _erase(cursor: Cursor, contents: Collection[int]) -> None:
    marks = cursor.dialect.marks(len(contents))
    cursor.execute(f"DELETE FROM media_chunk WHERE content_id IN ({marks})", sorted(contents))
    cursor.execute(
        f"UPDATE media_content SET sha256 = NULL, touched_at = %s WHERE id IN ({marks})",
        (ERASED, *sorted(contents)),
    )
