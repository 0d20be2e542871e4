"""Search tokens of messages, as keyed hashes.

On SQLite the row's number is conversation_id * 2^32 + seq.
"""

from __future__ import annotations

from im.store.migrations.ddl import create_search_table

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    create_search_table()
