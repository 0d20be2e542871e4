"""A part of a file (RFC 9110, section 14) and the name under which it is saved (RFC 6266)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

_RANGE = re.compile(r"bytes=\s*([0-9]{0,19})-([0-9]{0,19})\s*\Z", re.ASCII | re.IGNORECASE)
_ATTRIBUTE = "!#$&+-.^_`|~"
"""What needs no percent besides letters and digits (RFC 8187, section 3.2.1)."""


class Unsatisfiable(Exception):
    """No byte of the file is in the range."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a file, both ends included."""

    first: int
    last: int


def wanted_range(header: str | None, size: int) -> Range | None:
    """The part that a ``Range`` header asks for; None for the whole file.

    Several ranges at once, other units and what is malformed count as no range, as the RFC allows.
    Raises ``Unsatisfiable``.
    """
    match = _RANGE.match(header.strip()) if header is not None else None
    if match is None or match[0].strip().endswith("=-"):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        if not length or not size:
            raise Unsatisfiable
        return Range(max(0, size - length), size - 1)
    start = int(first)
    end = int(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Range(start, min(end, size - 1))


def disposition(kind: str, name: str) -> str:
    """``inline`` or ``attachment`` with a file's name, for old readers in ASCII too."""
    plain = "".join(
        character
        if character.isascii() and character.isprintable() and character not in '"\\%'
        else "_"
        for character in name
    )
    header = f'{kind}; filename="{plain}"'
    if plain != name:
        header += f"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE)}"
    return header
