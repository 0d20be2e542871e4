"""The form in which texts are compared when something is looked for: case and width don't tell.

Unicode's compatibility caseless matching (Unicode Standard, section 3.13), with what is invisible
left out, and with a way back to the places in the text as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import combining, is_normalized, normalize

_FORM: Final = "NFKC"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]")
"""Soft hyphen, joiners and variation selectors: typed by keyboards, not by people."""

_HANGUL_TAILS = range(0x1160, 0x1200)
"""Vowels and final consonants that join what stands before them though they don't combine."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared.

    Attributes:
        text: folded.
        starts, ends: for each of its characters where what it comes from begins and ends in the
            text as written, in code points; None when each stands where it stood.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def written(self, start: int, end: int) -> tuple[int, int]:
        """The range of the written text from which a range (not empty) of the folded one comes."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """A text as it is compared."""
    folded = text.casefold()
    if text.isascii():
        return Folded(folded)
    if (
        len(folded) == len(text)
        and is_normalized(_FORM, text)
        and is_normalized(_FORM, folded)
        and not _INVISIBLE.search(text)
    ):
        return Folded(folded)
    return fold_by_parts(text)


def fold_by_parts(text: str) -> Folded:
    """``fold``, for any text: part by part, so that each character's origin is known."""
    found: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _parts(text):
        part = _INVISIBLE.sub("", text[start:end])
        folded = normalize(_FORM, normalize(_FORM, part).casefold())
        found.append(folded)
        starts += [start] * len(folded)
        ends += [end] * len(folded)
    return Folded("".join(found), starts, ends)


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """The smallest parts that can be normalised each by itself: a character and what joins it."""
    start = 0
    for place in range(1, len(text)):
        if not _joins(text[place]):
            yield start, place
            start = place
    if text:
        yield start, len(text)


def _joins(character: str) -> bool:
    if character < "\u0300":
        return False
    first = normalize("NFKD", character)[0]
    return bool(
        combining(first) or ord(first) in _HANGUL_TAILS or _INVISIBLE.match(character) is not None
    )
