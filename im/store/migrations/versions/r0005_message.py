"""The log: messages and events, numbered per conversation without gaps.

No foreign keys: people are made anonymous and entries become tombstones, numbers stay.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_table(
        "message",
        """
        conversation_id BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        ordinal BIGINT NOT NULL,
        sender_id BIGINT NOT NULL,
        client_key {bytes16} NOT NULL,
        kind SMALLINT NOT NULL DEFAULT 0,
        media VARCHAR(16) NOT NULL DEFAULT '',
        content {text} NULL,
        extra {text} NULL,
        target_seq BIGINT NULL,
        fingerprint {bytes16} NULL,
        media_id BIGINT NULL,
        created_at BIGINT NOT NULL,
        edited_at BIGINT NULL,
        recalled_at BIGINT NULL,
        PRIMARY KEY (conversation_id, seq),
        UNIQUE sender_id_client_key (sender_id, client_key)
        """,
    )
