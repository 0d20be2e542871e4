"""A word in each message that is nowhere else, so that what is left of the message can be found."""

from __future__ import annotations

import hashlib
import re

WORD = re.compile(r"w[0-9a-f]{12}w")


def word_of(user: int, key: str) -> str:
    """The word of the message that someone sends under a key."""
    return f"w{hashlib.sha256(f'{user} {key}'.encode()).hexdigest()[:12]}w"


def words_in(value: object) -> list[str]:
    """The words of messages in a field of the database."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return WORD.findall(value) if isinstance(value, str) else []
