"""Pictures to show the page with, drawn here."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

SIZE = (1280, 840)


def harbour() -> bytes:
    """A ship at a quay in the evening, as a JPEG."""
    width, height = SIZE
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    horizon = 520
    for y in range(horizon):
        share = y / horizon
        draw.line(
            (0, y, width, y),
            fill=(int(36 + 214 * share), int(70 + 110 * share), int(110 + 20 * share)),
        )
    for y in range(horizon, height):
        share = (y - horizon) / (height - horizon)
        draw.line((0, y, width, y), fill=(int(60 - 40 * share), int(104 - 50 * share), 120))
    draw.ellipse((860, 380, 1020, 540), fill=(255, 226, 150))
    draw.rectangle((0, horizon, width, horizon + 3), fill=(90, 120, 130))
    draw.polygon([(180, 470), (900, 470), (840, 590), (240, 590)], fill=(16, 44, 52))
    for number, colour in enumerate(("#B25A38", "#2A7A86", "#8A6A1C", "#3C6FA8", "#A3486F")):
        left = 300 + number * 92
        draw.rectangle((left, 400, left + 84, 468), fill=colour)
    draw.rectangle((780, 330, 860, 468), fill=(232, 238, 238))
    draw.rectangle((800, 290, 826, 330), fill=(190, 70, 50))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
