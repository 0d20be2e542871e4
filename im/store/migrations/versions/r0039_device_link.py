"""Links by which someone who is logged in brings another device into their account."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    create_table(
        "device_link",
        """
        session_id BIGINT NOT NULL PRIMARY KEY,
        user_id BIGINT NOT NULL,
        token_hash {bytes32} NOT NULL,
        expires_at BIGINT NOT NULL,
        opened_id BIGINT,
        UNIQUE token_hash (token_hash),
        INDEX user_id (user_id)
        """,
    )
