"""A program's token is a session with ``scopes``: words separated by blanks; NULL for people."""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    add_columns("session", "scopes VARCHAR(200) NULL")
