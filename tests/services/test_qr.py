"""The reader of QR codes reads what phones read, and nothing else."""

from __future__ import annotations

import io

import pytest
import segno
from PIL import Image, ImageOps

from tests.services.qr import DARK, LIGHT, scan

ADDRESS = "http://192.168.7.20:8888/trust"


def test_dark_on_light_is_read_and_the_opposite_is_not() -> None:
    file = io.BytesIO()
    segno.make(ADDRESS).save(file, kind="png", scale=4)
    picture = Image.open(file).convert("L")
    assert scan(picture) == ADDRESS
    with pytest.raises(AssertionError, match="0 QR codes"):
        scan(ImageOps.invert(picture))


def test_without_colours_of_its_own_a_code_is_read_in_a_dark_terminal_alone() -> None:
    printed = io.StringIO()
    segno.make(ADDRESS).terminal(printed, compact=True)
    assert scan(DARK.picture(printed.getvalue())) == ADDRESS
    with pytest.raises(AssertionError, match="0 QR codes"):
        scan(LIGHT.picture(printed.getvalue()))
