"""The bytes of contents, in pieces of 1 MiB numbered from 0; with SQLite they lie in a folder."""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    create_table(
        "media_chunk",
        """
        content_id BIGINT NOT NULL,
        number INTEGER NOT NULL,
        data {blob} NOT NULL,
        PRIMARY KEY (content_id, number)
        """,
    )
