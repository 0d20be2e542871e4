"""The search index (``ddl.create_search_table``)."""

from __future__ import annotations

from im.store.migrations.ddl import create_search_table

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    create_search_table()
