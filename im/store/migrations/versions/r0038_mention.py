"""Which messages name whom, so that who was away is told.

Filled with what was said before, a part of the log at a time; what is there already stays, so that
it can be taken up again after a crash.
"""

from __future__ import annotations

from typing import Any

import msgspec
from alembic import op
from sqlalchemy import Connection, text

from im.store.migrations.ddl import create_table

revision = "0038"
down_revision = "0037"

PART = 1000
"""Messages looked at in one statement."""


def upgrade() -> None:
    create_table(
        "mention",
        """
        conversation_id BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        user_id BIGINT NOT NULL,
        PRIMARY KEY (conversation_id, seq, user_id),
        INDEX user_id (user_id, conversation_id, seq)
        """,
        clustered=True,
    )
    connection = op.get_bind()
    ignore = "INSERT OR IGNORE" if connection.dialect.name == "sqlite" else "INSERT IGNORE"
    for conversation, last in connection.execute(
        text("SELECT id, last_seq FROM conversation WHERE last_seq > 0 ORDER BY id")
    ).all():
        for first in range(1, last + 1, PART):
            named = _named(connection, conversation, first)
            if named:
                connection.execute(
                    text(f"{ignore} INTO mention VALUES (:conversation, :seq, :user)"), named
                )


def _named(connection: Connection, conversation: int, first: int) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT seq, extra FROM message WHERE conversation_id = :conversation"
            " AND seq BETWEEN :first AND :last AND extra LIKE '%\"mentions\"%'"
        ),
        {"conversation": conversation, "first": first, "last": first + PART - 1},
    ).all()
    return [
        {"conversation": conversation, "seq": seq, "user": user}
        for seq, extra in rows
        for user in msgspec.json.decode(extra).get("mentions", ())
    ]
