"""The search index, where the one before was of another shape."""

from __future__ import annotations

from im.store.migrations.ddl import create_search_table

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    create_search_table()
