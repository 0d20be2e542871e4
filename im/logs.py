"""What the node writes to standard error: one line an event, for people or as JSON.

Bodies, texts, passwords and tokens are never written.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

Format = Literal["auto", "console", "json"]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_logs(form: Format, level: str, node: str = "") -> None:
    """Log to standard error from now on; ``auto`` is for people on a terminal, else JSON."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "console" or (form == "auto" and sys.stderr.isatty()):
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    else:
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
                static_fields={"node": node} if node else {},
                json_ensure_ascii=False,
            )
        )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if level == "debug" else LEVELS[level])
    logging.getLogger("im").setLevel(LEVELS[level])
    logging.getLogger("relay").setLevel(LEVELS[level])
    # A line for each step of a migration is for those who write migrations.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Tornado's own lines for requests repeat ours.
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
