"""People, guests and bots.

``*_folded`` is what is compared: the name or address without differences of case and width.
``deleted_at`` leaves an anonymous row, since messages keep their sender's number. ``all_*`` are the
marks in the broadcast conversation, which has no member rows.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_table(
        "user_basic",
        """
        id {serial},
        kind VARCHAR(8) NOT NULL DEFAULT 'user',
        role VARCHAR(8) NOT NULL DEFAULT 'user',
        name VARCHAR(64) NOT NULL,
        name_folded VARCHAR(191) NOT NULL,
        phone VARCHAR(32) NULL,
        email VARCHAR(254) NULL,
        email_folded VARCHAR(254) NULL,
        password_hash VARCHAR(255) NULL,
        must_change_password SMALLINT NOT NULL DEFAULT 0,
        totp_secret VARCHAR(64) NULL,
        totp_last_step BIGINT NULL,
        totp_recovery {text} NULL,
        avatar_id BIGINT NULL,
        note VARCHAR(1000) NOT NULL DEFAULT '',
        language VARCHAR(16) NOT NULL DEFAULT '',
        theme VARCHAR(16) NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        last_seen_at BIGINT NULL,
        disabled_at BIGINT NULL,
        deleted_at BIGINT NULL,
        all_read_seq BIGINT NOT NULL DEFAULT 0,
        all_read_ordinal BIGINT NOT NULL DEFAULT 0,
        all_delivered_seq BIGINT NOT NULL DEFAULT 0,
        UNIQUE name_folded (name_folded),
        UNIQUE phone (phone),
        UNIQUE email_folded (email_folded)
        """,
    )
