"""A line for each request that was answered."""

from __future__ import annotations

import logging
import time
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from handlers.base import shown_path

SLOW_SECONDS = 1.0

log = logging.getLogger("im.http")


class TimedApplication(Application):
    """An application whose requests are timed by a clock that nobody sets, for ``log_answer``.

    Tornado's own figure (``HTTPServerRequest.request_time``) goes by the time of day.
    """

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """See ``Router``; called when a request's head has come."""
        begin(request)
        return super().find_handler(request, **kwargs)


def begin(request: HTTPServerRequest) -> None:
    """Time a request from now on."""
    request.begun = time.monotonic()  # type: ignore[attr-defined]


def log_answer(request: HTTPServerRequest, status: int) -> None:
    """Note method, path without secrets and query, status and time since ``begin``."""
    seconds = time.monotonic() - request.begun  # type: ignore[attr-defined]
    level = logging.DEBUG
    if status >= 500:
        # 503 is no fault of a request's: in a storm, or without a database, it is each one's.
        level = logging.INFO if status == 503 else logging.ERROR
    elif seconds > SLOW_SECONDS and status != 101:
        level = logging.WARNING
    if log.isEnabledFor(level):
        path = shown_path(request.path)
        log.log(
            level,
            "%s %s %d %.1f ms",
            *(request.method, path, status, seconds * 1000),
            extra={
                "method": request.method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 1),
            },
        )
