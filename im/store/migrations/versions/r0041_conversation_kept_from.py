"""No content is older than its conversation."""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.execute("UPDATE conversation SET kept_from = created_at WHERE kept_from = 0")
