"""The version of each of a person's small lists: who has the same needs no list."""

from __future__ import annotations

from im.store.cursor import Cursor


def version(cursor: Cursor, user: int, name: str) -> int:
    """The version of a list; 0 if it was never begun."""
    row = cursor.execute(
        "SELECT version FROM state_version WHERE user_id = %s AND list = %s", (user, name)
    ).one()
    return int(row[0]) if row is not None else 0


def begin(cursor: Cursor, user: int, name: str) -> bool:
    """Give a list its first version, unless it has one; of several at once one gets True.

    Until the transaction ends nobody else changes the list. Runs in a ``write``.
    """
    cursor.execute(
        f"{cursor.dialect.insert_ignore} state_version (user_id, list, version) VALUES (%s, %s, 1)",
        (user, name),
    )
    return cursor.rowcount > 0


def raised(cursor: Cursor, user: int, name: str) -> int:
    """The next version of a list, for a change of it.

    Until the transaction ends nobody else changes the list. Runs in a ``write``.
    """
    begin(cursor, user, name)
    cursor.execute(
        "UPDATE state_version SET version = version + 1 WHERE user_id = %s AND list = %s",
        (user, name),
    )
    return version(cursor, user, name)


def remove(cursor: Cursor, user: int) -> None:
    """Forget a person's versions."""
    cursor.execute("DELETE FROM state_version WHERE user_id = %s", (user,))
