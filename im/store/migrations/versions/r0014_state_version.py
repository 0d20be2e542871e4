"""The version of each of a person's small lists (``contacts``, ``groups``, …).

A device that has the same version needs no list.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    create_table(
        "state_version",
        """
        user_id BIGINT NOT NULL,
        list VARCHAR(24) NOT NULL,
        version BIGINT NOT NULL,
        PRIMARY KEY (user_id, list)
        """,
        clustered=True,
    )
