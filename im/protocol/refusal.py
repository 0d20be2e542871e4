"""An error as each side of the protocol says it: a stable code, and a sentence for people."""

from __future__ import annotations

from im.errors import ImError
from im.i18n import Catalogue, Language
from im.protocol.bodies import Answer
from im.protocol.client import FrameId
from im.protocol.server import Error


def error_frame(
    catalogue: Catalogue, language: Language, error: ImError, number: FrameId = None
) -> Error:
    """The answer to the native frame with this ``id``."""
    return Error(
        id=number,
        code=error.code,
        message=catalogue.explain(language, error),
        field=error.field,
        retry_after=error.retry_after,
    )


def error_answer(catalogue: Catalogue, language: Language, error: ImError) -> Answer[None]:
    """The answer to an HTTP request, or to a frame of the tutorial's dialect."""
    return Answer(
        code=-1,
        message=catalogue.explain(language, error),
        error=error.code,
        field=error.field,
        retry_after=error.retry_after,
    )
