"""A start loads what every server needs, and nothing that only some do."""

from __future__ import annotations

import subprocess
import sys

from tests.services.node import RUN

SELDOM = {"alembic", "jsonschema", "redis", "sqlalchemy", "zeroconf", "zxcvbn"}
"""Libraries for a new schema, for documents, for a Redis, for the LAN, for new passwords."""


def test_what_only_some_servers_need_is_loaded_by_them_alone() -> None:
    ask = "import sys, run; print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", ask]
    done = subprocess.run(command, cwd=RUN.parent, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "im" in loaded
    assert not loaded & SELDOM
