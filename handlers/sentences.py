"""The page's sentences as scripts, one file for each language, so that browsers keep them for good.

A personal page is never compressed, so that its length tells nothing of its secrets (BREACH): what
is large and the same for everyone does not belong into it.
"""

from __future__ import annotations

from collections.abc import Mapping

from im.i18n import LANGUAGES, Catalogue, Language
from im.protocol.encoding import encode


def sentence_files(catalogue: Catalogue) -> dict[str, bytes]:
    """Modules by name, each with the sentences as its default export."""
    files = {}
    for language in LANGUAGES:
        for administrator in (False, True):
            name = _name(language, administrator=administrator)
            files[name] = _module(catalogue.page_sentences(language, administrator=administrator))
    return files


def sentence_names(language: Language, *, administrator: bool) -> list[str]:
    """Names of the files that the page of such a person needs."""
    parts = (False, True) if administrator else (False,)
    return [_name(language, administrator=part) for part in parts]


def _name(language: Language, *, administrator: bool) -> str:
    return f"sentences/{language}{'-admin' if administrator else ''}.js"


def _module(sentences: Mapping[str, str]) -> bytes:
    return b"export default " + encode(sentences) + b";\n"
