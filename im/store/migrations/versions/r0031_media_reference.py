"""Where files are shown, and so who may see them.

``kind`` is ``entry`` (``place`` is a conversation, ``seq`` a number in it), ``avatar`` (``place``
is a person) or ``icon`` (``place`` is a group).
"""

from __future__ import annotations

from im.store.migrations.ddl import create_table

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    create_table(
        "media_reference",
        """
        media_id BIGINT NOT NULL,
        kind VARCHAR(8) NOT NULL,
        place BIGINT NOT NULL,
        seq BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (media_id, kind, place, seq)
        """,
        clustered=True,
    )
