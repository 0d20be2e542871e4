"""The bytes of media, in pieces of 1 MiB numbered from 0; with SQLite they lie in a folder."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    create_table(
        "media_chunk",
        """
        media_id BIGINT NOT NULL,
        number INTEGER NOT NULL,
        data {blob} NOT NULL,
        PRIMARY KEY (media_id, number)
        """,
    )
