"""Conversations: ``p:1:2``, ``g:7`` and ``all``.

The row is what writers lock: it holds the last number given. ``last_ordinal`` counts the messages
among them, ``epoch`` the changes of rights; ``indexed_seq`` is how far the search index has come.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_table(
        "conversation",
        """
        id {serial},
        name VARCHAR(64) NOT NULL,
        kind VARCHAR(8) NOT NULL,
        group_id BIGINT NULL,
        user_a BIGINT NULL,
        user_b BIGINT NULL,
        last_seq BIGINT NOT NULL DEFAULT 0,
        last_ordinal BIGINT NOT NULL DEFAULT 0,
        epoch BIGINT NOT NULL DEFAULT 0,
        indexed_seq BIGINT NOT NULL DEFAULT 0,
        changed_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        UNIQUE name (name),
        UNIQUE group_id (group_id),
        INDEX changed_at (changed_at)
        """,
    )
