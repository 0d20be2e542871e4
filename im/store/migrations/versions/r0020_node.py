"""The nodes of the cluster; live is one whose heartbeat is under 15 s old by the database's clock.

``key_numbers`` are the numbers of the relay keys that it holds, joined by commas.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    create_table(
        "node",
        """
        name VARCHAR(64) NOT NULL PRIMARY KEY,
        address VARCHAR(255) NOT NULL,
        port INTEGER NOT NULL,
        metrics_port INTEGER NULL,
        relay_address VARCHAR(255) NOT NULL DEFAULT '',
        key_numbers VARCHAR(255) NOT NULL DEFAULT '',
        version VARCHAR(32) NOT NULL,
        process BIGINT NULL,
        connections INTEGER NOT NULL DEFAULT 0,
        started_at BIGINT NOT NULL,
        heartbeat_at BIGINT NOT NULL,
        INDEX heartbeat_at (heartbeat_at)
        """,
    )
