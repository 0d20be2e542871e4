"""Long answers, sent while they are read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError

from handlers.base import BaseHandler, shown_path
from im.errors import ImError

STALL_SECONDS = 60
"""A client that takes nothing for so long is not waited for."""

log = logging.getLogger("im.http")


async def send_pieces(handler: BaseHandler, pieces: AsyncGenerator[bytes, None]) -> bool:
    """Send pieces, each when the client has taken the one before; whether all were taken.

    What goes wrong before the first is raised; after it the connection is closed, so that the
    client sees that the rest does not come.
    """
    try:
        async with aclosing(pieces):
            async for data in pieces:
                handler.write(data)
                async with asyncio.timeout(STALL_SECONDS):
                    await handler.flush()
        handler.finish()
    except StreamClosedError:
        return False
    except (ImError, TimeoutError) as error:
        if not handler._headers_written and isinstance(error, ImError):
            raise
        log.info("%s ends early: %s", shown_path(handler.request.path), error)
        cast(HTTP1Connection, handler.request.connection).close()
        return False
    return True
