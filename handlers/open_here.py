"""``/open.svg``: this server's address as a QR code, for the phone beside the screen."""

from __future__ import annotations

import io

import segno

from handlers.pages import PageHandler

INK, PAPER = "#0E1D20", "#FFFFFF"
"""The same in light and dark: cameras want dark on light."""


def svg_code(text: str) -> bytes:
    """A QR code as an SVG file."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", border=3, dark=INK, light=PAPER, svgclass=None, lineclass=None
    )
    return picture.getvalue()


class OpenCode(PageHandler):
    """``/open.svg``"""

    needs_tls = False

    def get(self) -> None:
        """Nothing (204) where no other device can come."""
        if self.phone_address is None:
            self.set_status(204)
            return
        self.set_header("Content-Type", "image/svg+xml; charset=utf-8")
        self.finish(svg_code(self.phone_address))
