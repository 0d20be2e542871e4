"""Logged-in devices. The token itself is nowhere, only its SHA-256."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    create_table(
        "session",
        """
        id {serial},
        token_hash {bytes32} NOT NULL,
        user_id BIGINT NOT NULL,
        device VARCHAR(200) NOT NULL DEFAULT '',
        address VARCHAR(64) NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        revoked_at BIGINT NULL,
        UNIQUE token_hash (token_hash),
        INDEX user_id (user_id),
        INDEX revoked_at (revoked_at),
        INDEX expires_at (expires_at)
        """,
    )
