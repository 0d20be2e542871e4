"""Pictures, made anew from what was uploaded.

What is stored was written by us from pixels alone: no position, no camera, no comment, no second
file hidden behind the picture. The orientation that a camera noted is applied first, and colours
are brought to sRGB, which is what browsers take for granted.
"""

from __future__ import annotations

import io
import logging
import queue
from asyncio import wrap_future
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageCms, ImageOps

from im.errors import Overloaded, TooLarge, TypeRefused
from im.store.workers import Workers

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")
"""Those whose decoders may see what strangers send; of Pillow's many others none."""

THUMBNAIL_EDGE = 640
"""Longest edge of a thumbnail: a bubble is at most 320 wide, on screens with two dots for one."""
SMALL_BYTES = 64 * 1024
"""A picture that fits in a thumbnail's edges and in this needs none."""
SQUARE_EDGE = 512
MAX_EDGE = 16_383
"""What WebP can hold (RFC 9649)."""
MAX_FRAMES = 1000
MAX_PROFILE = 1024 * 1024
"""Bytes of a colour profile that are still looked at."""

JPEG_QUALITY = 88
WEBP_QUALITY = 85
THUMBNAIL_QUALITY = 75
PNG_LEVEL = 2
WEBP_METHOD = 1
"""Of zlib's 9 and libwebp's 6. 12 megapixels of a camera take 2 s as PNG and 0.5 s as WebP; with 4
and 4 it would be 4 s and 1.5 s for a tenth less room."""

MAX_WAITING = 32
"""Pictures that may wait for a thread."""

log = logging.getLogger("im.pictures")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew; ``thumbnail`` is WebP, or None if the picture itself is small or moves.

    ``width`` and ``height`` are in pixels.
    """

    data: bytes
    type: str
    width: int
    height: int
    thumbnail: bytes | None


class Pictures:
    """Makes pictures anew in ``threads`` threads; each may take 8 bytes of memory for each pixel.

    Args:
        pixels: of one picture, or of all frames of a moving one together.
    """

    def __init__(self, pixels: int, threads: int) -> None:
        self._pixels = pixels
        self._workers = Workers("pictures", threads, MAX_WAITING)

    async def remake(self, source: BinaryIO, *, square: bool) -> Picture:
        """A picture made anew; with ``square`` its middle, unmoving, as for an avatar.

        Raises ``TypeRefused`` (it cannot be read), ``TooLarge`` (too many pixels) or
        ``Overloaded``.
        """
        try:
            future = self._workers.submit(lambda: remake(source, self._pixels, square=square))
        except queue.Full:
            raise Overloaded("too many pictures wait", retry_after=2000) from None
        return await wrap_future(future)

    def close(self) -> None:
        """Finish what was begun."""
        self._workers.close(1)


def remake(source: BinaryIO, pixels: int, *, square: bool = False) -> Picture:
    """A picture made anew. Blocks; raises ``TypeRefused`` or ``TooLarge``."""
    source.seek(0)
    try:
        with Image.open(source, formats=FORMATS) as image:
            _check_size(image, pixels)
            frames = 1 if square else _frames(image, pixels)
            return _moving(image) if frames > 1 else _still(image, square)
    except Image.DecompressionBombError as error:
        raise _too_many(pixels) from error
    except TooLarge:
        raise
    except Exception as error:
        # Decoders of broken files raise nearly anything.
        log.info("a picture cannot be read: %r", error)
        raise TypeRefused(str(error), field="file", values={"reason": "picture"}) from error


def _check_size(image: Image.Image, pixels: int) -> None:
    if image.width * image.height > pixels or max(image.size) > MAX_EDGE:
        raise _too_many(pixels)


def _too_many(pixels: int) -> TooLarge:
    return TooLarge("pixels", field="file", values={"limit": f"{pixels // 1_000_000} MP"})


def _frames(image: Image.Image, pixels: int) -> int:
    """How many frames there are, without looking at more than are allowed."""
    if not getattr(image, "is_animated", False):
        return 1
    most = min(MAX_FRAMES, pixels // (image.width * image.height))
    count = 1
    while True:
        try:
            image.seek(count)
        except EOFError:
            break
        count += 1
        if count > most:
            raise _too_many(pixels)
    image.seek(0)
    return count


def _moving(image: Image.Image) -> Picture:
    out = io.BytesIO()
    # The plugin writes neither EXIF nor XMP nor a profile unless it is told to.
    image.save(out, "WEBP", save_all=True, quality=THUMBNAIL_QUALITY, method=WEBP_METHOD)
    return Picture(out.getvalue(), "image/webp", image.width, image.height, None)


def _still(image: Image.Image, square: bool) -> Picture:
    written = image.format
    image.load()
    plain = _plain(image)
    if square:
        edge = min(*plain.size, SQUARE_EDGE)
        plain = ImageOps.fit(plain, (edge, edge), Image.Resampling.LANCZOS)
    data, type_ = _encoded(plain, written)
    small = max(plain.size) <= THUMBNAIL_EDGE and len(data) <= SMALL_BYTES
    return Picture(data, type_, *plain.size, None if small else _thumbnail(plain))


def _plain(image: Image.Image) -> Image.Image:
    """Upright pixels in sRGB, with transparency if there is any, and nothing else."""
    profile = image.info.get("icc_profile")
    # No copy beside the original, which may take 200 MB.
    ImageOps.exif_transpose(image, in_place=True)
    turned = image
    if turned.mode.startswith("I"):
        # 16 bits of grey, of which a conversion would cut the upper half.
        turned = turned.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    see_through = "A" in turned.mode or "a" in turned.mode or "transparency" in turned.info
    mode = "RGBA" if see_through else "L" if turned.mode in ("1", "L") else "RGB"
    plain = _in_srgb(turned, mode, profile)
    plain.info = {}
    return plain


def _in_srgb(image: Image.Image, mode: str, profile: bytes | None) -> Image.Image:
    if profile and len(profile) <= MAX_PROFILE and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            wanted = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(image, own, wanted, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            log.info("a colour profile cannot be used: %s", error)
        else:
            if turned is not None:
                return turned
    return image.convert(mode) if image.mode != mode else image


def _encoded(image: Image.Image, written: str | None) -> tuple[bytes, str]:
    """The picture in the format that suits it as it was written: photographs, or sharp edges."""
    out = io.BytesIO()
    if written == "JPEG":
        image.save(out, "JPEG", quality=JPEG_QUALITY)
        return out.getvalue(), "image/jpeg"
    if written in ("WEBP", "AVIF"):
        image.save(out, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
        return out.getvalue(), "image/webp"
    image.save(out, "PNG", compress_level=PNG_LEVEL)
    return out.getvalue(), "image/png"


def _thumbnail(image: Image.Image) -> bytes:
    scale = min(1.0, THUMBNAIL_EDGE / max(image.size))
    edges = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(edges, Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=THUMBNAIL_QUALITY, method=WEBP_METHOD)
    return out.getvalue()
