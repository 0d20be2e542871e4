#!/usr/bin/env python3
"""The documents' pictures of the page: ``make pictures`` writes ``docs/images/<name>.webp``."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from shots import OUT, take  # noqa: E402

IMAGES = ROOT / "docs" / "images"
PICTURES = {
    "chat": "talk-en-light-desktop",
    "phone": "talk-zh-dark-phone",
    "group": "details-en-light-desktop",
    "admin": "admin-en-light-desktop",
}
QUALITY = 80
"""Letters stay sharp, and none is larger than 80 KB."""


def main() -> None:
    """Take the pictures and keep them small."""
    take(frozenset(PICTURES.values()))
    for name, shot in PICTURES.items():
        path = IMAGES / f"{name}.webp"
        with Image.open(OUT / f"{shot}.png") as picture:
            picture.convert("RGB").save(path, quality=QUALITY, method=6)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
