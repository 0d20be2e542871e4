"""Files as people send them, small, made here."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

POSITION = b"\x00\x01\x02position-of-a-home"
"""Stands in metadata, and must not be found in what is stored."""


def picture(
    format: str = "JPEG", size: tuple[int, int] = (64, 48), *, colour: Any = "teal", **options: Any
) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new(options.pop("mode", "RGB"), size, colour).save(out, format, **options)
    return out.getvalue()


def photograph(orientation: int = 1) -> bytes:
    """A photograph, 64 wide and 48 high as stored, left half red, with all kinds of metadata."""
    image = Image.new("RGB", (64, 48), "blue")
    image.paste("red", (0, 0, 32, 48))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "camera " + POSITION.decode("latin-1")
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 50.0), 3: "E", 4: (121.0, 28.0, 20.0)}
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif, comment=POSITION, xmp=b"<x>" + POSITION)
    return out.getvalue()


def moving(frames: int = 3, size: tuple[int, int] = (40, 30)) -> bytes:
    """A GIF that moves."""
    images = [Image.new("RGB", size, (index * 60 % 256, 40, 90)) for index in range(frames)]
    out = io.BytesIO()
    images[0].save(
        out, "GIF", save_all=True, append_images=images[1:], duration=80, loop=0, comment=POSITION
    )
    return out.getvalue()


def huge_png(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def webm() -> bytes:
    """The beginning of what browsers record, as Chromium and Firefox write it."""
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(200)


def mp4() -> bytes:
    """The beginning of what Safari records."""
    return b"\x00\x00\x00\x1cftypiso5\x00\x00\x02\x00iso5iso6mp41" + bytes(200)


def heic() -> bytes:
    """The beginning of what a phone's camera writes."""
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
