"""What files contain, each once: rows of ``media`` with the same hash share it.

Without a hash it belongs to nobody: not whole yet, or erased. ``touched_at`` says since when, 0 for
erased.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    create_table(
        "media_content",
        """
        id {serial},
        sha256 {bytes32} NULL,
        touched_at BIGINT NOT NULL,
        UNIQUE sha256 (sha256)
        """,
    )
