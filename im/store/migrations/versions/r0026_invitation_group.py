"""An invitation may lead into a group; ``uses`` counts who came by it."""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    add_columns("invitation", "group_id BIGINT NULL", "uses INTEGER NOT NULL DEFAULT 0")
