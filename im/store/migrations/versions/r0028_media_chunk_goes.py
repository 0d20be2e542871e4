"""The bytes of files, of which there were none yet, belong to contents that files share."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("DROP TABLE IF EXISTS media_chunk")
