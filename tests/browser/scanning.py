"""QR codes on a page, read as a phone in front of the screen reads them."""

from __future__ import annotations

import io
from typing import Literal

from PIL import Image
from playwright.sync_api import Locator

from tests.services.qr import scan

NARROW = 360
"""CSS pixels of a small phone's width."""
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


def scanned(code: Locator, *, narrow: int = NARROW) -> str:
    """The text of a picture on the page: the same in dark and light, and on a narrow screen.

    ``narrow``: the narrowest that shows it.
    """
    page = code.page
    size = page.viewport_size
    assert size is not None
    code.evaluate("image => image.decode()")
    texts = set()
    for width in (narrow, size["width"]):
        page.set_viewport_size({"width": width, "height": size["height"]})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            shown = code.screenshot(animations="disabled")
            texts.add(scan(Image.open(io.BytesIO(shown))))
    [text] = texts
    return text
