"""Whether a group shows its past to those who join. The column was there, unused: 0 everywhere."""

from __future__ import annotations

from im.store.migrations.ddl import rename_column

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    rename_column("group_basic", "history_from_join", "shows_past")
