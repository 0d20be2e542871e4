"""What one person (owner) has noted about another (target): two rows for two people.

``state`` is ``none``, ``outgoing`` (the owner asked the target), ``incoming`` (the target asked) or
``accepted``; ``blocked_at`` says that the owner blocked the target, whatever the state.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_table(
        "contact",
        """
        owner_id BIGINT NOT NULL,
        target_id BIGINT NOT NULL,
        state VARCHAR(12) NOT NULL,
        remark VARCHAR(64) NOT NULL DEFAULT '',
        note VARCHAR(255) NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        blocked_at BIGINT NULL,
        PRIMARY KEY (owner_id, target_id),
        INDEX target_id (target_id)
        """,
        clustered=True,
    )
