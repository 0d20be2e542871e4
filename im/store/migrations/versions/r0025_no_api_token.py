"""Tokens for programs are sessions, so that they end as sessions do; they need no table."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("DROP TABLE IF EXISTS api_token")
