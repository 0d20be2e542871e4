"""Tokens for programs; ``scopes`` are words separated by blanks. Only the hash is stored."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    create_table(
        "api_token",
        """
        id {serial},
        token_hash {bytes32} NOT NULL,
        user_id BIGINT NOT NULL,
        name VARCHAR(64) NOT NULL,
        scopes VARCHAR(500) NOT NULL,
        created_by BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        seen_at BIGINT NULL,
        expires_at BIGINT NULL,
        revoked_at BIGINT NULL,
        UNIQUE token_hash (token_hash),
        INDEX user_id (user_id),
        INDEX revoked_at (revoked_at)
        """,
    )
