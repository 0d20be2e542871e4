"""Requests to join a group that asks for approval.

``state`` is ``waiting``, ``accepted`` or ``refused``.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    create_table(
        "join_request",
        """
        group_id BIGINT NOT NULL,
        user_id BIGINT NOT NULL,
        state VARCHAR(12) NOT NULL,
        note VARCHAR(255) NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL,
        decided_at BIGINT NULL,
        decided_by BIGINT NULL,
        PRIMARY KEY (group_id, user_id),
        INDEX user_id (user_id)
        """,
        clustered=True,
    )
