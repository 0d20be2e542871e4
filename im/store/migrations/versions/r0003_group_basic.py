"""Groups (the tutorial's communities).

A dissolved group gives its name free: ``name_folded`` becomes NULL.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_table(
        "group_basic",
        """
        id {serial},
        name VARCHAR(64) NOT NULL,
        name_folded VARCHAR(191) NULL,
        owner_id BIGINT NOT NULL,
        icon_id BIGINT NULL,
        category VARCHAR(64) NOT NULL DEFAULT '',
        note VARCHAR(1000) NOT NULL DEFAULT '',
        announcement {text} NULL,
        announcement_at BIGINT NULL,
        announcement_by BIGINT NULL,
        approval SMALLINT NOT NULL DEFAULT 0,
        history_from_join SMALLINT NOT NULL DEFAULT 0,
        muted_at BIGINT NULL,
        invite_hash {bytes32} NULL,
        invite_expires_at BIGINT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        dissolved_at BIGINT NULL,
        UNIQUE name_folded (name_folded),
        UNIQUE invite_hash (invite_hash),
        INDEX owner_id (owner_id)
        """,
    )
