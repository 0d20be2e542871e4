"""What a group's note, category and announcement may be."""

from __future__ import annotations

from im.errors import Invalid

MAX_NOTE = 500
MAX_CATEGORY = 32
MAX_ANNOUNCEMENT = 2000


def check_length(field: str, text: str, most: int) -> str:
    """``text``, unless it is too long. Raises ``Invalid``."""
    if len(text) > most:
        raise Invalid(
            field, field=field, values={"reason": "too_long", "limit": most, "field": field}
        )
    return text
