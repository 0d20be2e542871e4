"""Whether a member sees what was before they joined: as the group had it then.

Who is a member already sees what they saw before.
"""

from __future__ import annotations

from im.store.migrations.ddl import add_columns

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    add_columns("member", "sees_past SMALLINT NOT NULL DEFAULT 0")
