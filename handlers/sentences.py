"""The page's sentences as scripts, files for each language, so that browsers keep them for good.

A personal page is never compressed, so that its length tells nothing of its secrets (BREACH): what
is large and the same for everyone does not belong into it.
"""

from __future__ import annotations

from im.i18n import LANGUAGES, PAGE_PARTS, Catalogue, Language, PagePart
from im.protocol.encoding import encode


def sentence_files(catalogue: Catalogue) -> dict[str, bytes]:
    """Modules by name, each with the sentences of one part as its default export."""
    return {
        sentence_file(language, part): b"export default "
        + encode(catalogue.page_sentences(language, part))
        + b";\n"
        for language in LANGUAGES
        for part in PAGE_PARTS
    }


def sentence_file(language: Language, part: PagePart) -> str:
    """The name of such a file."""
    return f"sentences/{language}-{part}.js"
