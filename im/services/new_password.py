"""What a new password must be: long enough, and not one that is soon guessed."""

from __future__ import annotations

from collections.abc import Iterable

from im.errors import invalid
from im.services.guesses import withstands
from im.services.passwords import Passwords
from im.services.profile_rules import MAX_PASSWORD


class NewPassword:
    """The rules for passwords that people choose, or that are given to them.

    Args:
        least: characters.
        guesses: how many it withstands; 0: this is not looked at.
        words: what everybody here knows, names of the server for example.
    """

    def __init__(
        self, passwords: Passwords, least: int, guesses: int, words: Iterable[str]
    ) -> None:
        self._passwords = passwords
        self._least = least
        self._guesses = guesses
        self._words = tuple(words)

    async def check(self, field: str, password: str, *known: str | None) -> None:
        """Refuse what breaks a rule.

        ``known`` is what others know of whose password it becomes: name, phone number, e-mail.
        Raises ``Invalid``, or ``RateLimited`` when too many wait.
        """
        if len(password) < self._least:
            raise invalid(field, "password_short", limit=self._least)
        if len(password) > MAX_PASSWORD:
            raise invalid(field, "password_long", limit=MAX_PASSWORD)
        words = (*self._words, *(text for text in known if text))
        if not await self._passwords.run(withstands, password, self._guesses, words):
            raise invalid(field, "password_guessed")
