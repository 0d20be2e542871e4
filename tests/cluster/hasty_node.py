"""A node whose SQLite flushes at checkpoints only, as many programs have it: ``run.py`` with that.

What else a test of power cuts would find lost, were it not for one line of the messenger.
"""

from __future__ import annotations

import functools
import runpy
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RUN = Path(__file__).resolve().parents[2] / "run.py"


class Hasty(sqlite3.Connection):
    """A connection that is told to flush at each commit, and doesn't."""

    def execute(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Cursor:
        sql = sql.replace("PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL")
        return super().execute(sql, tuple(parameters))


sys.path.insert(0, str(RUN.parent))
sqlite3.connect = functools.partial(sqlite3.connect, factory=Hasty)
runpy.run_path(str(RUN), run_name="__main__")
