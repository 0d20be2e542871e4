"""A person's settings; ``value`` is JSON."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    create_table(
        "user_setting",
        """
        user_id BIGINT NOT NULL,
        name VARCHAR(64) NOT NULL,
        value {text} NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, name)
        """,
        clustered=True,
    )
