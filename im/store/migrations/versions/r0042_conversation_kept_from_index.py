"""The conversations with the oldest content are found without a look at the others."""

from __future__ import annotations

from im.store.migrations.ddl import add_index

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    add_index("conversation", "kept_from")
