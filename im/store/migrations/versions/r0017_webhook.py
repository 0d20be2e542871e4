"""Addresses at which a program posts into one conversation, in the name of a bot."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    create_table(
        "webhook",
        """
        id {serial},
        token_hash {bytes32} NOT NULL,
        conversation_id BIGINT NOT NULL,
        user_id BIGINT NOT NULL,
        name VARCHAR(64) NOT NULL,
        created_by BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        seen_at BIGINT NULL,
        revoked_at BIGINT NULL,
        UNIQUE token_hash (token_hash),
        INDEX conversation_id (conversation_id)
        """,
    )
