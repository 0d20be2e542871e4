"""What a group's note, category and announcement may be."""

from __future__ import annotations

from im.errors import invalid

MAX_NOTE = 500
MAX_CATEGORY = 32
MAX_ANNOUNCEMENT = 2000


def check_length(field: str, text: str, most: int) -> str:
    """``text``, unless it is too long. Raises ``Invalid``."""
    if len(text) > most:
        raise invalid(field, "too_long", limit=most)
    return text
