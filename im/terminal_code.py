"""A QR code on a terminal, for the camera of a phone."""

from __future__ import annotations

import io
import sys

import segno

WHITE_ON_BLACK = "\x1b[38;5;231;48;5;16m"
"""Of the 256 colours, those that no terminal's theme changes: the characters draw what is light."""
THEMES_OWN = "\x1b[0m"


def show_code(text: str) -> None:
    """Print it: dark on light in any theme. What is no terminal gets the characters alone."""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True, border=2)
    before, after = (WHITE_ON_BLACK, THEMES_OWN) if sys.stdout.isatty() else ("", "")
    for line in drawn.getvalue().splitlines():
        print(f"{before}{line}{after}")
