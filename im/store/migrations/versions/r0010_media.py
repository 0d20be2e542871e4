"""Uploaded files. ``reference_count`` counts the messages, avatars and icons that show one.

``state`` is ``uploading`` or ``stored``; ``thumbnail_id`` is another row, which goes with this one.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    create_table(
        "media",
        """
        id {serial},
        sha256 {bytes32} NOT NULL,
        type VARCHAR(100) NOT NULL,
        size BIGINT NOT NULL,
        name VARCHAR(255) NOT NULL DEFAULT '',
        owner_id BIGINT NOT NULL,
        state VARCHAR(12) NOT NULL,
        reference_count BIGINT NOT NULL DEFAULT 0,
        thumbnail_id BIGINT NULL,
        width INTEGER NULL,
        height INTEGER NULL,
        duration_ms BIGINT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        INDEX sha256 (sha256),
        INDEX owner_id (owner_id),
        INDEX unused (reference_count, updated_at)
        """,
    )
