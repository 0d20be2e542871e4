"""Invitations to register, each good for ``uses_left`` more accounts."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    create_table(
        "invitation",
        """
        id {serial},
        token_hash {bytes32} NOT NULL,
        created_by BIGINT NOT NULL,
        note VARCHAR(255) NOT NULL DEFAULT '',
        uses_left INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NULL,
        revoked_at BIGINT NULL,
        UNIQUE token_hash (token_hash)
        """,
    )
