"""Who belongs to a conversation, from which number to which, and their marks in it.

``joined_seq`` is the number of the entry with which they joined, ``left_seq`` that with which they
left; ``hidden_seq`` hides the conversation from their list until something later arrives.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_table(
        "member",
        """
        conversation_id BIGINT NOT NULL,
        user_id BIGINT NOT NULL,
        role VARCHAR(8) NOT NULL DEFAULT 'member',
        joined_seq BIGINT NOT NULL DEFAULT 0,
        left_seq BIGINT NULL,
        delivered_seq BIGINT NOT NULL DEFAULT 0,
        read_seq BIGINT NOT NULL DEFAULT 0,
        read_ordinal BIGINT NOT NULL DEFAULT 0,
        hidden_seq BIGINT NOT NULL DEFAULT 0,
        muted SMALLINT NOT NULL DEFAULT 0,
        pinned_at BIGINT NULL,
        muted_until BIGINT NULL,
        changed_at BIGINT NOT NULL,
        PRIMARY KEY (conversation_id, user_id),
        INDEX user_id (user_id)
        """,
        clustered=True,
    )
