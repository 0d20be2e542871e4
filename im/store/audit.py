"""Who did what: table ``audit``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from im.store.cursor import Cursor

PRUNED = 1000
"""Rows that one call deletes at most, so that it stays quick."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An act; ``at`` UTC ms, ``actor`` None for the person at the machine or nobody known."""

    id: int
    at: int
    actor: int | None
    action: str
    target: str
    address: str
    detail: dict[str, Any]


def add(
    cursor: Cursor,
    actor: int | None,
    action: str,
    target: str,
    address: str,
    detail: Mapping[str, Any],
) -> None:
    """Note an act."""
    cursor.execute(
        "INSERT INTO audit (created_at, actor_id, action, target, address, detail)"
        f" VALUES ({cursor.dialect.now_ms}, %s, %s, %s, %s, %s)",
        (actor, action, target, address, msgspec.json.encode(detail).decode() if detail else None),
    )


def page(
    cursor: Cursor, before: int, limit: int, action: str = "", actor: int | None = None
) -> list[AuditRow]:
    """Acts with a lower id, the newest first.

    ``action``: only those whose name begins so; ``actor``: only those of this person.
    """
    wanted, given = "", []
    if action:
        wanted += " AND action LIKE %s ESCAPE '|'"
        given.append(action.replace("|", "||").replace("%", "|%").replace("_", "|_") + "%")
    if actor is not None:
        wanted += " AND actor_id = %s"
        given.append(str(actor))
    rows = cursor.execute(
        "SELECT id, created_at, actor_id, action, target, address, detail FROM audit"
        f" WHERE id < %s{wanted} ORDER BY id DESC LIMIT %s",
        (before, *given, limit),
    ).all()
    return [
        AuditRow(
            id=row[0],
            at=row[1],
            actor=row[2],
            action=row[3],
            target=row[4],
            address=row[5],
            detail=msgspec.json.decode(row[6]) if row[6] else {},
        )
        for row in rows
    ]


def prune(cursor: Cursor, older_than_ms: int) -> int:
    """Delete acts older than this, some at a time; how many."""
    rows = cursor.execute(
        f"SELECT id FROM audit WHERE created_at < {cursor.dialect.now_ms} - %s"
        " ORDER BY created_at LIMIT %s",
        (older_than_ms, PRUNED),
    ).all()
    if rows:
        cursor.execute(
            f"DELETE FROM audit WHERE id IN ({cursor.dialect.marks(len(rows))})",
            [row[0] for row in rows],
        )
    return len(rows)
