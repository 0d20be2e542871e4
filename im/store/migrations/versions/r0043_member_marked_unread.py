"""A person may mark a conversation as unread, to come back to it."""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    add_columns("member", "marked_unread SMALLINT NOT NULL DEFAULT 0")
