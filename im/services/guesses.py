"""How many guesses a password withstands, for someone who knows whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

PIECE = 12
"""Characters that are judged together. The time grows fast with the ways in which signs can be read
as letters (``@`` for a): 13 ms at the worst for 12, 160 ms for 16 and 7 s for 72."""
LEAST_WORD = 2
WORDS = ("im", "woaini", "aini", "woai", "mima", "5201314", "1314520", "1314", "520", "7758521")
"""What anybody tries here: the product's name, and, as the library's lists are of English words,
what Chinese passwords are made of ("I love you", "password", numbers that sound like it): Li, Han,
Xu, "A Large-Scale Empirical Analysis of Chinese Web Passwords", USENIX Security 2014."""


def withstands(password: str, guesses: int, known: Iterable[str]) -> bool:
    """Whether someone with so many guesses is unlikely to find a password.

    The most used passwords, words, names, dates, keys in a row and repetitions count for as few as
    it takes to try them. A password is judged as it is, and once more without what is ``known``
    (names, in any case and by their words), which costs no guess.
    """
    if guesses == 0:
        return True
    # 65 ms and 15 MB, which a node where nobody chooses a password does without.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    if password.lower() in FREQUENCY_LISTS["passwords"]:
        return False
    both = {password, _without(password, (*WORDS, *known))}
    return all(_one_withstands(_pieces(each), guesses) for each in both)


def _one_withstands(pieces: Iterable[str], guesses: int) -> bool:
    """One is enough; and what takes long to look at has many guesses, so it is the last."""
    from zxcvbn import zxcvbn

    return any(zxcvbn(piece)["guesses"] >= guesses for piece in pieces)


def _pieces(password: str) -> Iterable[str]:
    return dict.fromkeys(password[at : at + PIECE] for at in range(0, len(password), PIECE))


def _without(password: str, known: Iterable[str]) -> str:
    words = {word for text in known for word in (text, *re.split(r"[\W_]+", text))}
    longest_first = sorted((word for word in words if len(word) >= LEAST_WORD), key=len)[::-1]
    return re.sub("|".join(map(re.escape, longest_first)), "", password, flags=re.IGNORECASE)
