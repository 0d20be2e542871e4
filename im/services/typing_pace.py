"""Who is told as writing: each person seldom, of each conversation few people at once."""

from __future__ import annotations

from collections import OrderedDict

SHOWN_SECONDS = 6.0
"""So long clients show a note."""
PAUSE_SECONDS = 1.0
"""Between two notes of one person in a conversation; clients send one in 3 s."""
MAX_PEOPLE = 10
"""People of a conversation who are told as writing at once; nobody reads more names."""
MAX_CONVERSATIONS = 10_000


class TypingPace:
    """Remembers who was told as writing. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, dict[int, float]] = OrderedDict()

    def admits(self, conversation: str, user: int, now: float) -> bool:
        """Whether a note is passed on; then it is counted."""
        told = self._told.pop(conversation, {})
        told = {other: at for other, at in told.items() if now - at < SHOWN_SECONDS}
        self._told[conversation] = told
        if len(self._told) > MAX_CONVERSATIONS:
            self._told.popitem(last=False)
        last = told.get(user)
        if len(told) >= MAX_PEOPLE if last is None else now - last < PAUSE_SECONDS:
            return False
        told[user] = now
        return True
