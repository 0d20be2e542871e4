"""QR codes as pictures that may stand in a page: an address for a camera instead of a keyboard."""

from __future__ import annotations

import segno


def qr_picture(text: str) -> str:
    """A QR code as a ``data:`` address of an SVG, black on white in any theme."""
    return segno.make(text, error="m", micro=False).svg_data_uri(
        scale=6, border=2, light="#fff", omitsize=True
    )
