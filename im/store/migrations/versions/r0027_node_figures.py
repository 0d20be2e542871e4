"""What a node measured of itself since its last heartbeat, as JSON."""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    add_columns("node", "figures VARCHAR(1000) NOT NULL DEFAULT ''")
