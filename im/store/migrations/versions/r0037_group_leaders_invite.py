"""Whether only those who lead a group bring others in."""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    add_columns("group_basic", "leaders_invite SMALLINT NOT NULL DEFAULT 0")
