"""The relay's key ring. Nodes send with the key whose ``sending_at`` is the latest.

A deleted key's number is free again 24 h after ``deleted_at``.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    create_table(
        "cluster_key",
        """
        number SMALLINT NOT NULL PRIMARY KEY,
        secret {bytes32} NOT NULL,
        created_at BIGINT NOT NULL,
        sending_at BIGINT NULL,
        deleted_at BIGINT NULL
        """,
    )
