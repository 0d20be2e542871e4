"""What an uploaded file is: told by its first bytes, never by its name or by whoever sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import filetype  # type: ignore[import-untyped]

from im.errors import TypeRefused

Kind = Literal["picture", "audio", "file"]
"""How a message shows it."""

HEAD_BYTES = 8192
"""Bytes of the beginning that are looked at."""

OTHER = "application/octet-stream"

PICTURES = frozenset(
    {
        *("image/jpeg", "image/png", "image/apng", "image/gif", "image/webp", "image/avif"),
        "image/bmp",
    }
)
"""What ``pictures`` reads. All of it is written anew, so nothing of the original is ever served."""

PHONE_PICTURES = frozenset({"image/heic", "image/heif"})
"""What phones take and few browsers show; it would carry a position, so it is not even a file."""

AUDIO = {
    "audio/aac": "audio/aac",
    "audio/mp4": "audio/mp4",
    "audio/mpeg": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
}
"""What browsers play, by the name that ``filetype`` has for it."""

CONTAINERS = {
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/webm",
    "video/mp4": "audio/mp4",
    "video/quicktime": "audio/mp4",
}
"""Recordings of browsers lie in containers that may also hold pictures; who sends it says which."""

DOWNLOADS = frozenset(
    {
        *("application/pdf", "application/zip", "application/gzip", "application/x-tar"),
        *("application/x-7z-compressed", "application/x-rar-compressed", "application/epub+zip"),
        *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        *("video/mp4", "video/webm", "video/quicktime"),
    }
)
"""Types that are told to whoever downloads such a file; no browser runs anything of them."""


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of content, and the type under which it is served."""

    kind: Kind
    type: str


def recognise(head: bytes, declared: str) -> FileType:
    """What a file is that begins with these bytes and is said to be of a type.

    What is said decides only between a recording and a film in the same container. What is not
    known, pages and scripts among them, is a file of no type, which browsers only save. Raises
    ``TypeRefused`` for a picture that could neither be shown nor be freed of its position.
    """
    guessed = filetype.guess(head[:HEAD_BYTES])
    found: str = guessed.mime if guessed is not None else ""
    if found in PICTURES:
        return FileType("picture", found)
    if found in PHONE_PICTURES:
        raise TypeRefused(found, field="file", values={"reason": "heic"})
    if found in AUDIO:
        return FileType("audio", AUDIO[found])
    if found in CONTAINERS and declared.strip().lower().startswith("audio/"):
        return FileType("audio", CONTAINERS[found])
    return FileType("file", found if found in DOWNLOADS else OTHER)
