"""How loud a voice message is along its way: a byte of 0 to 100 for each step."""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    add_columns("media", "waveform VARBINARY(100) NULL")
