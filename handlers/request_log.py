"""A line for each request that was answered."""

from __future__ import annotations

import logging

from tornado.httputil import HTTPServerRequest

from handlers.base import shown_path

SLOW_SECONDS = 1.0

log = logging.getLogger("im.http")


def log_answer(request: HTTPServerRequest, status: int) -> None:
    """Note method, path without secrets and query, status and time."""
    seconds = request.request_time()
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
