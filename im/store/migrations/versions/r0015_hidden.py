"""Entries that a person deleted for themselves only."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    create_table(
        "hidden",
        """
        user_id BIGINT NOT NULL,
        conversation_id BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, conversation_id, seq)
        """,
        clustered=True,
    )
