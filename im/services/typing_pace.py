"""Who is told as writing: each person seldom, of each conversation few people at once."""

from __future__ import annotations

from collections import OrderedDict

SHOWN_SECONDS = 6.0
"""So long clients show a note."""
PAUSE_SECONDS = 1.0
"""For each note of one person in a conversation; clients send one in 3 s, and with the first letter
of each message."""
MAX_AT_ONCE = 3
"""Notes without a pause: short messages may follow each other quickly."""
MAX_PEOPLE = 10
"""People of a conversation who are told as writing at once; nobody reads more names."""
MAX_CONVERSATIONS = 10_000


class TypingPace:
    """Remembers who was told as writing. Times are seconds of any clock."""

    def __init__(self) -> None:
        # Until when the notes of each person are paid for, as in a leaky bucket.
        self._told: OrderedDict[str, dict[int, float]] = OrderedDict()

    def admits(self, conversation: str, user: int, now: float) -> bool:
        """Whether a note is passed on; then it is counted."""
        told = self._told.pop(conversation, {})
        told = {
            other: paid
            for other, paid in told.items()
            if now - paid < SHOWN_SECONDS - PAUSE_SECONDS
        }
        self._told[conversation] = told
        if len(self._told) > MAX_CONVERSATIONS:
            self._told.popitem(last=False)
        if user not in told and len(told) >= MAX_PEOPLE:
            return False
        paid = max(now, told.get(user, now)) + PAUSE_SECONDS
        if paid > now + MAX_AT_ONCE * PAUSE_SECONDS:
            return False
        told[user] = paid
        return True
