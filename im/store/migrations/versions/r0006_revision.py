"""Which entries change which earlier one: recalls and edits, a few among many messages.

A table of its own because an index in ``message`` would cost each message.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_table(
        "revision",
        """
        conversation_id BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        target_seq BIGINT NOT NULL,
        kind SMALLINT NOT NULL,
        PRIMARY KEY (conversation_id, seq),
        INDEX target (conversation_id, target_seq)
        """,
        clustered=True,
    )
