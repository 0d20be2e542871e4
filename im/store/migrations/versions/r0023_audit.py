"""What administrators and security-relevant requests did; ``detail`` is JSON."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    create_table(
        "audit",
        """
        id {serial},
        created_at BIGINT NOT NULL,
        actor_id BIGINT NULL,
        action VARCHAR(64) NOT NULL,
        target VARCHAR(191) NOT NULL DEFAULT '',
        address VARCHAR(64) NOT NULL DEFAULT '',
        detail {text} NULL,
        INDEX created_at (created_at),
        INDEX actor_id (actor_id)
        """,
    )
