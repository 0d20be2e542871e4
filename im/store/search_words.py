"""What a text can be found by, and whether a text has what is looked for.

Chinese, Japanese, Korean and the like are written without blanks, so any part of them can be looked
for; so can emoji and signs. Of words in letters and digits any part of three can be found, and
words of one or two as a whole.

The index knows of each text: its dense characters and their pairs, three neighbours within a word,
and short words. Whatever ``find`` finds in a text, the text has all of the query's ``tokens``; the
other way round only ``find`` can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import category

from im.store.folding import Folded, fold

SHORT = 2
"""Letters of the longest word that is found only as a whole."""

MOST_TOKENS = 2000
"""Tokens of a text that the index takes; a text of more is looked at in every search."""

MOST_ASKED = 8
"""Tokens by which a query asks the index; the comparison decides about the rest."""

MOST_FOUND = 20
"""Places in one text at which a term is shown."""

LONG = "*"
"""The token of all texts that have too many."""

_DENSE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3040-\u312f\u3130-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
"""Scripts without blanks between words: CJK, kana, hangul, Yi, Thai, Lao, Burmese, Khmer."""

_LETTER, _DENSE_CLASS, _NEITHER = "L", "D", " "
_RUN = re.compile("L+|D+")


class _Classes(dict[int, str]):
    """A character's class by its code, for ``str.translate``; remembers what it was asked."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = category(character)
        if _DENSE.match(character) or kind[0] == "S" or kind in ("Co", "Cn"):
            found = _DENSE_CLASS
        else:
            found = _LETTER if kind[0] in "LNM" else _NEITHER
        self[code] = found
        return found


_CLASSES = _Classes()


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: every term must be in the text, in any order.

    Attributes:
        terms: folded, without blanks.
        tokens: what a text that has them all is sure to be indexed by, at most ``MOST_ASKED``.
    """

    terms: tuple[str, ...]
    tokens: tuple[str, ...]


def parse(text: str) -> Query | None:
    """A query as it was typed; None when it has neither letter, digit nor sign to look for."""
    terms = tuple(dict.fromkeys(fold(text).text.split()))
    tokens = sorted({token for term in terms for token in _runs(term, whole=False)})
    if not tokens:
        return None
    step = max(1, -(-len(tokens) // MOST_ASKED))
    return Query(terms, tuple(tokens[::step]))


def tokens_of(text: str, sender: int) -> set[str]:
    """What the index knows of a message."""
    found = set(_runs(fold(text).text, whole=True))
    if len(found) > MOST_TOKENS:
        found = {LONG}
    found.add(sender_token(sender))
    return found


def sender_token(sender: int) -> str:
    """The token of all messages of a person."""
    return f"s{sender}"


def find(query: Query, text: str) -> list[tuple[int, int]] | None:
    """Where the terms stand in a text, in code points, in order; None if one is not in it."""
    folded = fold(text)
    found: list[tuple[int, int]] = []
    for term in query.terms:
        places = _places(term, folded)
        if not places:
            return None
        found += places
    return _joined(found)


def _runs(folded: str, *, whole: bool) -> Iterator[str]:
    """Tokens of a folded text; ``whole``: also single characters of which there are pairs."""
    for run in _RUN.finditer(folded.translate(_CLASSES)):
        part = folded[run.start() : run.end()]
        if run[0][0] == _DENSE_CLASS:
            if whole or len(part) == 1:
                for character in part:
                    yield "c" + character
            for place in range(len(part) - 1):
                yield "b" + part[place : place + 2]
        elif len(part) <= SHORT:
            yield "w" + part
        else:
            for place in range(len(part) - 2):
                yield "t" + part[place : place + 3]


def _places(term: str, folded: Folded) -> list[tuple[int, int]]:
    runs = list(_RUN.finditer(term.translate(_CLASSES)))
    # At an end of the term a short word must be whole; inside it is.
    begins = bool(runs) and runs[0].start() == 0 and _is_short(runs[0])
    ends = bool(runs) and runs[-1].end() == len(term) and _is_short(runs[-1])
    text = folded.text
    found: list[tuple[int, int]] = []
    place = text.find(term)
    while place >= 0 and len(found) < MOST_FOUND:
        end = place + len(term)
        if not (begins and _is_letter(text, place - 1)) and not (ends and _is_letter(text, end)):
            found.append(folded.written(place, end))
        place = text.find(term, place + 1)
    return found


def _is_short(run: re.Match[str]) -> bool:
    return run[0][0] == _LETTER and len(run[0]) <= SHORT


def _is_letter(text: str, place: int) -> bool:
    return 0 <= place < len(text) and _CLASSES[ord(text[place])] == _LETTER


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, those that touch made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
