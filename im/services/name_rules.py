"""What a name of a person or group may be: all of it is seen, and no letter passes for another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from im.errors import invalid

MAX_NAME = 32
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that show nothing (``Default_Ignorable_Code_Point``, and the empty
Braille pattern); what is of the category "other" is refused anyway."""
_COLOURED, _KEYCAP = "\ufe0f", "\u20e3"
"""Shows nothing by itself either, but makes a coloured emoji of the sign before it."""
_EMOJI_MARKS = "\u203c\u2049\u3030\u303d"
"""Emoji that are no signs but punctuation."""
_ALIKE = frozenset({"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN", "LISU"})
"""Alphabets in which many letters look like another one's (Unicode Technical Standard 39)."""


def readable_name(name: str) -> str:
    """A name as it is stored. Raises ``Invalid``."""
    cleaned = unicodedata.normalize("NFC", " ".join(name.split()))
    if not 1 <= len(cleaned) <= MAX_NAME:
        raise invalid("name", "name_length", limit=MAX_NAME)
    if any(unicodedata.category(character)[0] == "C" for character in cleaned):
        raise invalid("name", "name_characters")
    if _INVISIBLE.search(cleaned) or not all(_colours(cleaned, at) for at in _colourings(cleaned)):
        raise invalid("name", "name_characters")
    if any(len(_alphabets(word)) > 1 for word in re.split(r"[\W_]+", cleaned)):
        raise invalid("name", "name_alphabets")
    return cleaned


def _colourings(name: str) -> Iterator[int]:
    return (at for at, character in enumerate(name) if character == _COLOURED)


def _colours(name: str, at: int) -> bool:
    """Whether a selector makes an emoji of what stands before it."""
    before, after = name[max(0, at - 1) : at], name[at + 1 : at + 2]
    if not before:
        return False
    return after == _KEYCAP or unicodedata.category(before)[0] == "S" or before in _EMOJI_MARKS


def _alphabets(word: str) -> set[str]:
    """Of those in which letters look alike: the ones that a word has letters of."""
    letters = (c for c in unicodedata.normalize("NFKC", word) if c.isalpha())
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & _ALIKE
