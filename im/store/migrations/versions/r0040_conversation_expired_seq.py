"""How far a conversation's content has expired, and since when it may still have some.

The entries up to ``expired_seq`` have no content any more; none of the others is older than
``kept_from``.
"""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    add_columns(
        "conversation",
        "expired_seq BIGINT NOT NULL DEFAULT 0",
        "kept_from BIGINT NOT NULL DEFAULT 0",
    )
