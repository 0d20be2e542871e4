#!/usr/bin/env python3
"""Draws the app's icons from their SVG sources: ``static/icons/*.svg`` to PNG in the sizes needed.

Run it after changing a source, and commit what it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.chromium import ARGUMENTS, executable  # noqa: E402

FOLDER = ROOT / "static" / "icons"
SIZES = {"icon": (192, 512), "maskable": (192, 512)}
"""Edges in pixels; ``maskable`` keeps its mark within the circle that systems may cut out."""


def main() -> None:
    """Write every picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        for name, sizes in SIZES.items():
            source = (FOLDER / f"{name}.svg").read_text("utf-8")
            for size in sizes:
                page = browser.new_page(viewport={"width": size, "height": size})
                page.set_content(source)
                page.add_style_tag(
                    content=f"body {{ margin: 0 }} svg {{ display: block; width: {size}px }}"
                )
                page.screenshot(path=FOLDER / f"{name}-{size}.png", omit_background=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
