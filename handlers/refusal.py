"""An answer that refuses a connection before a handler has seen it; as any refusal is written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus

from tornado.httputil import format_timestamp

from handlers.base import DEFAULT_HEADERS, refusal_headers
from im.errors import ImError
from im.i18n import Catalogue, Language
from im.protocol.encoding import encode
from im.protocol.refusal import error_answer


def refusal(
    catalogue: Catalogue,
    language: Language,
    error: ImError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A whole response (RFC 9112), after which the connection ends.

    Args:
        status: None: the error's.
        headers: besides those that every answer has.
    """
    status = error.status if status is None else status
    body = encode(error_answer(catalogue, language, error))
    fields = {
        **DEFAULT_HEADERS,
        **(headers or {}),
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Date": format_timestamp(time.time()),
        "Connection": "close",
        **refusal_headers(error),
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + body
