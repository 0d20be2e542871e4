"""What a phone's camera reads: the QR code in a picture, and a picture of a terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageDraw

FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
WIDE, HIGH = 4, 8
"""Pixels of a terminal's character: two modules, one above the other."""
COLOURS = {16: "black", 231: "white"}
"""Those of the 256 that a QR code needs; a theme changes only the first 16."""
SEQUENCE = re.compile(r"\x1b\[([\d;]*)m")


def scan(picture: Image.Image) -> str:
    """The text of the one QR code in a picture, which has to be dark on light.

    Many phones do not read the opposite.
    """
    codes = zxingcpp.read_barcodes(picture.convert("L"), formats=FORMATS, try_invert=False)
    assert len(codes) == 1, f"{len(codes)} QR codes"
    return codes[0].text


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal's colours."""

    ink: str
    paper: str

    def picture(self, printed: str) -> Image.Image:
        """What it shows of block characters; all others are left blank."""
        lines = printed.splitlines()
        columns = max(len(SEQUENCE.sub("", line)) for line in lines)
        image = Image.new("L", (columns * WIDE, len(lines) * HIGH), self.paper)
        draw = ImageDraw.Draw(image)
        for row, line in enumerate(lines):
            ink, paper, column = self.ink, self.paper, 0
            for number, part in enumerate(SEQUENCE.split(line)):
                if number % 2:
                    ink, paper = self._colours(part, ink, paper)
                    continue
                for character in part:
                    place = column * WIDE, row * HIGH
                    _draw(draw, place, ink if character in "▀█" else paper)
                    _draw(
                        draw, (place[0], place[1] + HIGH // 2), ink if character in "▄█" else paper
                    )
                    column += 1
        return image

    def _colours(self, codes: str, ink: str, paper: str) -> tuple[str, str]:
        """Ink and paper after a sequence that sets colours (ECMA-48, ISO 8613-6)."""
        if codes in ("", "0"):
            return self.ink, self.paper
        for which, colour in re.findall(r"([34])8;5;(\d+)", codes):
            ink, paper = (
                (COLOURS[int(colour)], paper) if which == "3" else (ink, COLOURS[int(colour)])
            )
        return ink, paper


DARK, LIGHT = Terminal("white", "black"), Terminal("black", "white")


def _draw(draw: ImageDraw.ImageDraw, place: tuple[int, int], colour: str) -> None:
    x, y = place
    draw.rectangle((x, y, x + WIDE - 1, y + HIGH // 2 - 1), fill=colour)
