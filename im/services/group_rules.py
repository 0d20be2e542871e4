"""What a group's name, note, category and announcement may be."""

from __future__ import annotations

import unicodedata

from im.errors import Invalid

MAX_NAME = 32
MAX_NOTE = 500
MAX_CATEGORY = 32
MAX_ANNOUNCEMENT = 2000


def clean_name(name: str) -> str:
    """A name as it is stored. Raises ``Invalid``."""
    cleaned = unicodedata.normalize("NFC", " ".join(name.split()))
    if not 1 <= len(cleaned) <= MAX_NAME:
        raise Invalid(
            "name",
            field="name",
            values={"reason": "name_length", "limit": MAX_NAME, "field": "name"},
        )
    if any(unicodedata.category(character)[0] == "C" for character in cleaned):
        raise Invalid("name", field="name", values={"reason": "name_characters", "field": "name"})
    return cleaned


def check_length(field: str, text: str, most: int) -> str:
    """``text``, unless it is too long. Raises ``Invalid``."""
    if len(text) > most:
        raise Invalid(
            field, field=field, values={"reason": "too_long", "limit": most, "field": field}
        )
    return text
