"""The relay's keys: table ``cluster_key``. Times are UTC ms of the database's clock.

A key is *open-only* (one may read with it), then *sending*, then *deleted*; two are live at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

from im.store.cursor import Cursor

GRACE_MS = 60_000
"""How long the old key may still be read with after the new one is sent with."""
FREE_MS = 24 * 3600 * 1000
"""How long after its deletion a number stays taken."""
NUMBERS = 255
"""Numbers are 1 to 255: a byte in each datagram."""
MAX_LIVE = 2
ERASED = bytes(32)
"""What a deleted key is overwritten with."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key without its secret."""

    number: int
    created_at: int
    sending_at: int | None
    deleted_at: int | None

    @property
    def state(self) -> str:
        """``open-only``, ``sending`` (or was so before a newer one) or ``deleted``."""
        if self.deleted_at is not None:
            return "deleted"
        return "open-only" if self.sending_at is None else "sending"


def ring(cursor: Cursor) -> tuple[dict[int, bytes], int]:
    """The live keys by number, and the number to send with."""
    rows = cursor.execute(
        "SELECT number, secret FROM cluster_key WHERE deleted_at IS NULL"
        " ORDER BY COALESCE(sending_at, 0) DESC, created_at DESC, number DESC"
    ).all()
    return {number: bytes(secret) for number, secret in rows}, rows[0][0] if rows else 0


def rows(cursor: Cursor) -> list[KeyRow]:
    """All keys, the newest first, also those deleted whose number is not free yet."""
    found = cursor.execute(
        "SELECT number, created_at, sending_at, deleted_at FROM cluster_key"
        f" WHERE deleted_at IS NULL OR deleted_at > {cursor.dialect.now_ms} - %s"
        " ORDER BY created_at DESC, number DESC",
        (FREE_MS,),
    ).all()
    return [KeyRow(*row) for row in found]


def add(cursor: Cursor, secret: bytes) -> KeyRow | None:
    """A new open-only key, or the one that is there already; None while two have been sent with.

    Runs in a ``write``. Of two who add at once both get the same.
    """
    known = rows(cursor)
    live = [row for row in known if row.deleted_at is None]
    waiting = [row for row in live if row.sending_at is None]
    if waiting:
        return waiting[0]
    if len(live) >= MAX_LIVE:
        return None
    number = _free_number(known)
    cursor.execute(
        "DELETE FROM cluster_key WHERE number = %s AND deleted_at IS NOT NULL", (number,)
    )
    cursor.execute(
        f"{cursor.dialect.insert_ignore} cluster_key (number, secret, created_at)"
        f" VALUES (%s, %s, {cursor.dialect.now_ms})",
        (number, secret),
    )
    return next(row for row in rows(cursor) if row.number == number)


def send_with(cursor: Cursor, number: int) -> None:
    """All nodes send with this key from their next reading on."""
    cursor.execute(
        f"UPDATE cluster_key SET sending_at = {cursor.dialect.now_ms}"
        " WHERE number = %s AND deleted_at IS NULL AND sending_at IS NULL",
        (number,),
    )


def retire(cursor: Cursor, grace_ms: int = GRACE_MS) -> list[int]:
    """Delete what was sent with before the present key, once that is old enough; their numbers.

    Their secrets are erased.
    """
    sent = cursor.execute(
        f"SELECT number, {cursor.dialect.now_ms} - sending_at FROM cluster_key"
        " WHERE deleted_at IS NULL AND sending_at IS NOT NULL"
        " ORDER BY sending_at DESC, created_at DESC, number DESC"
    ).all()
    if len(sent) < 2 or sent[0][1] < grace_ms:
        return []
    old = [int(number) for number, _ in sent[1:]]
    for number in old:
        cursor.execute(
            f"UPDATE cluster_key SET deleted_at = {cursor.dialect.now_ms}, secret = %s"
            " WHERE number = %s",
            (ERASED, number),
        )
    return old


def _free_number(known: list[KeyRow]) -> int:
    """The first free number after that of the newest key, so that each rests for long."""
    taken = {row.number for row in known}
    newest = known[0].number if known else 0
    following = (newest + step for step in range(NUMBERS))
    return next(n % NUMBERS + 1 for n in following if n % NUMBERS + 1 not in taken)
