"""A person's canned answers, in the order of ``position``."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    create_table(
        "quick_reply",
        """
        id {serial},
        user_id BIGINT NOT NULL,
        position INTEGER NOT NULL,
        text VARCHAR(1000) NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        INDEX user_id (user_id, position)
        """,
    )
