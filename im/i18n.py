"""One catalogue of sentences for templates, errors and the page, in Chinese and English."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from im.errors import ImError

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
PagePart = Literal["first", "later", "admin"]
PAGE_PARTS: tuple[PagePart, ...] = ("first", "later", "admin")
FOR_ADMINISTRATORS = "admin."
"""Sentences that only administrators are shown begin so."""
LATER = (
    "camera.",
    "contacts.",
    "crop.",
    "departure.",
    "devices.",
    "emoji.",
    "factor.",
    "form.",
    "forward.",
    "groups.",
    "guest.",
    "help.",
    "join.",
    "linking.",
    "login.",
    "notices.",
    "palette.",
    "phone.",
    "picture.",
    "quick.",
    "register.",
    "search.",
    "secret.",
    "select.",
    "settings.",
    "tokens.",
    "webhooks.",
)
"""Sentences that the page needs for no list and no chat, but for what is opened from there."""
AT_FIRST = (
    "contacts.requests_n",
    "emoji.open",
    "forward.forwarded",
    "forward.go",
    "groups.announcement",
    "groups.asking",
    "groups.members_n",
    "groups.online_n",
    "groups.you_silenced",
    "picture.alt",
    "picture.choose",
    "picture.failed",
    "picture.gone",
    "picture.take",
    "picture.view",
    "quick.everyone",
    "quick.title",
    "search.open",
)
"""Of those, what lists and chats say all the same."""
NOT_FOR_SCRIPT = (
    "docs.",
    "doctor.",
    "error.",
    "export.",
    "page.",
    "quick_reply.",
    "secure.",
    "trust.",
    "tutorial.",
)
"""Sentences that only the node itself says begin so: in answers, in the terminal, in an export or
in a page without script."""
_IDEOGRAPH = "\u3040-\u30ff\u3100-\u312f\u3400-\u9fff\uf900-\ufaff"
_POINT = (
    "\u2014\u2018-\u201d\u2026\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_BLANK = re.compile(r" ?\{\w+\} ?")
_TIGHT = re.compile(rf"(?<=[{_POINT}])\0|\0(?=[{_POINT}])|(?<=[{_IDEOGRAPH}])\0(?=[{_IDEOGRAPH}])")
"""A catalogue's space at a blank (\0) between two ideographs, or beside their punctuation."""
HTML_LANGUAGES: Mapping[Language, str] = {"zh": "zh-CN", "en": "en"}


class Catalogue:
    """All sentences of all languages; immutable once read."""

    def __init__(self, sentences: Mapping[Language, Mapping[str, str]]) -> None:
        self._sentences = sentences

    def sentences(self, language: Language) -> Mapping[str, str]:
        """All sentences of one language by key."""
        return self._sentences[language]

    def page_sentences(self, language: Language, part: PagePart) -> Mapping[str, str]:
        """Those that the page's script needs at first, later, or for administrators."""
        known = self._sentences[language].items()
        return {key: text for key, text in known if page_part(key) == part}

    def translate(self, language: Language, key: str, **values: str | int) -> str:
        """The sentence for ``key`` with its blanks filled; the key itself when there is none.

        A blank without a value stays as it is: a sentence never fails. In Chinese the spaces
        beside a blank stand only where what fills it is not Chinese.
        """
        sentence = self._sentences[language].get(key)
        if sentence is None:
            return key
        if "{" not in sentence:
            return sentence
        if language != "zh":
            return sentence.format_map(_Blanks(values))
        places = _BLANK.sub(lambda blank: blank[0].replace(" ", "\0"), sentence)
        return _TIGHT.sub("", places.format_map(_Blanks(values))).replace("\0", " ")

    def explain(self, language: Language, error: ImError) -> str:
        """What an error says to a person: the most exact sentence that the catalogue has.

        ``error.<code>.<reason>`` if ``reason`` is among its values, ``error.<code>.<field>``, or
        ``error.<code>``.
        """
        values = {"detail": str(error), **error.values}
        sentences = self._sentences[language]
        for part in (error.values.get("reason"), error.field):
            key = f"error.{error.code}.{part}"
            if part and key in sentences:
                return self.translate(language, key, **values)
        return self.translate(language, f"error.{error.code}", **values)


def page_part(key: str) -> PagePart | None:
    """When the page needs a sentence, or all that begin so; ``None``: never."""
    if key.startswith(NOT_FOR_SCRIPT):
        return None
    if key.startswith(FOR_ADMINISTRATORS):
        return "admin"
    return "later" if key.startswith(LATER) and not key.startswith(AT_FIRST) else "first"


class _Blanks(dict[str, str | int]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def read_catalogue() -> Catalogue:
    """The catalogue that comes with the program."""
    folder = files("im") / "locales"
    return Catalogue(
        {
            language: json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
            for language in LANGUAGES
        }
    )


def choose(*wishes: str | None, accept: str = "") -> Language:
    """The language of the first wish that is one of ours, else of ``Accept-Language``, else ``zh``.

    Any kind of Chinese (``zh``, ``zh-Hans-CN``, ``zh_TW``) is ``zh``. ``accept`` follows
    RFC 9110, section 12.5.4.
    """
    for wish in wishes:
        language = _known(wish or "")
        if language is not None:
            return language
    weighted: list[tuple[float, int, Language]] = []
    for place, part in enumerate(accept.split(",")[:20]):
        name, _, parameters = part.partition(";")
        language = _known(name)
        if language is None:
            continue
        weighted.append((-_weight(parameters), place, language))
    return min(weighted)[2] if weighted else "zh"


def _known(name: str) -> Language | None:
    primary = name.strip().replace("_", "-").split("-")[0].lower()
    return next((language for language in LANGUAGES if language == primary), None)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
