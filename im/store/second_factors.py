"""The second factor of a log-in: columns ``totp_*`` of ``user_basic``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from im.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class FactorRow:
    """Someone's second factor.

    ``secret`` in base32; ``last_step``: the time step of the last code used, 0 for none;
    ``recovery``: SHA-256 of the recovery codes that are left, in hexadecimal.
    """

    secret: str
    last_step: int
    recovery: list[str]


def get(cursor: Cursor, user: int) -> FactorRow | None:
    """Someone's second factor, if they have one."""
    row = cursor.execute(
        "SELECT totp_secret, totp_last_step, totp_recovery FROM user_basic WHERE id = %s", (user,)
    ).one()
    if row is None or row[0] is None:
        return None
    return FactorRow(row[0], row[1] or 0, msgspec.json.decode(row[2] or "[]", type=list[str]))


def put(cursor: Cursor, user: int, secret: str, step: int, recovery: Sequence[str]) -> None:
    """Give someone a second factor, whose code of ``step`` has been used."""
    cursor.execute(
        "UPDATE user_basic SET totp_secret = %s, totp_last_step = %s, totp_recovery = %s"
        " WHERE id = %s",
        (secret, step, msgspec.json.encode(recovery).decode(), user),
    )


def remove(cursor: Cursor, user: int) -> None:
    """Take someone's second factor away."""
    cursor.execute(
        "UPDATE user_basic SET totp_secret = NULL, totp_last_step = NULL, totp_recovery = NULL"
        " WHERE id = %s",
        (user,),
    )


def use_step(cursor: Cursor, user: int, step: int) -> bool:
    """Use the code of a time step; False when it, or a later one, was used before."""
    cursor.execute(
        "UPDATE user_basic SET totp_last_step = %s WHERE id = %s AND totp_secret IS NOT NULL"
        " AND (totp_last_step IS NULL OR totp_last_step < %s)",
        (step, user, step),
    )
    return cursor.rowcount == 1


def use_recovery(cursor: Cursor, user: int, hashed: str) -> bool:
    """Use up a recovery code; False when there is no such code."""
    cursor.execute(f"SELECT id FROM user_basic WHERE id = %s{cursor.dialect.for_update}", (user,))
    row = get(cursor, user)
    if row is None or hashed not in row.recovery:
        return False
    left = [code for code in row.recovery if code != hashed]
    cursor.execute(
        "UPDATE user_basic SET totp_recovery = %s WHERE id = %s",
        (msgspec.json.encode(left).decode(), user),
    )
    return True
