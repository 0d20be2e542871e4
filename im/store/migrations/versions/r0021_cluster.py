"""What all nodes share, by name: the cluster's id, secrets, its certificate authority."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    create_table(
        "cluster",
        """
        name VARCHAR(64) NOT NULL PRIMARY KEY,
        value {blob} NOT NULL,
        created_at BIGINT NOT NULL
        """,
    )
