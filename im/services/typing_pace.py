"""Who is told as writing: each person seldom, of each conversation few people at once."""

from __future__ import annotations

from collections import OrderedDict

from im.services.limits import Pace, TokenBucket

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
_PACE = Pace(1 / PAUSE_SECONDS, MAX_AT_ONCE)


class TypingPace:
    """Remembers who was told as writing. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, dict[int, TokenBucket]] = OrderedDict()

    def admits(self, conversation: str, user: int, now: float) -> bool:
        """Whether a note is passed on; then it is counted."""
        told = _still_shown(self._told.pop(conversation, {}), now)
        self._told[conversation] = told
        self._forget(now)
        if user not in told and len(told) >= MAX_PEOPLE:
            return False
        return told.setdefault(user, TokenBucket(_PACE)).take(now) == 0

    def _forget(self, now: float) -> None:
        """Let go of those in which nobody writes any more, and of the oldest of too many."""
        while len(self._told) > 1:
            oldest = next(iter(self._told))
            if len(self._told) <= MAX_CONVERSATIONS and _still_shown(self._told[oldest], now):
                return
            del self._told[oldest]


def _still_shown(told: dict[int, TokenBucket], now: float) -> dict[int, TokenBucket]:
    return {
        other: notes
        for other, notes in told.items()
        if now - notes.full_at < SHOWN_SECONDS - PAUSE_SECONDS
    }
