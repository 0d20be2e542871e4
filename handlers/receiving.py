"""A body that is taken as it comes, for uploads: never whole in memory, refused in good order."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from tornado.http1connection import HTTP1Connection

from handlers.base import MAX_BODY
from handlers.operation import Access, ApiHandler
from im.errors import ImError, Internal
from im.protocol.scopes import Scope
from im.services.identity import Identity
from im.services.uploads import Upload

SLOWEST = 16 * 1024
"""Bytes a second, on the whole, below which an upload is given up."""
GRACE_SECONDS = 60

log = logging.getLogger("im.http")


class ReceivingHandler(ApiHandler):
    """A handler with ``@stream_request_body``: ``begin`` comes before the body, ``take`` for each
    piece of it, and then the method as usual.

    What is wrong with the body is told when all of it has come, since most clients read no answer
    before; of one over the limit so much is read as the limit once more.
    """

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Given by the routes."""
        super().initialize(*args, **kwargs)
        self.upload: Upload | None = None
        self._refusal: ImError | None = None
        self._ending: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Before the body."""
        await super().prepare()
        if self.request.method != "POST":
            return
        most = 2 * (self.messenger.settings.media.max_bytes + MAX_BODY)
        connection = cast(HTTP1Connection, self.request.connection)
        connection.set_max_body_size(most)
        connection.set_body_timeout(GRACE_SECONDS + most / SLOWEST)
        await self.begin()

    async def begin(self) -> None:
        """Who asks, and may they? Raises what is wrong."""

    async def take(self, data: bytes) -> None:
        """A piece of the body. Raises what is wrong."""
        if self.upload is not None:
            await self.upload.write(data)

    async def data_received(self, chunk: bytes) -> None:
        """Tornado reads on when this returns, so a slow disk slows the sender down."""
        if self._refusal is None:
            try:
                await self.take(chunk)
            except ImError as error:
                self._refusal = error
            except Exception:
                log.exception("%s failed", self.request.path)
                self._refusal = Internal()
            if self._refusal is not None:
                self.on_finish()

    async def allowed(self, access: Access, scope: Scope | None) -> Identity:
        """Who asks; raises also what was wrong with the body, once all of it has come."""
        if self._refusal is not None:
            raise self._refusal
        return await super().allowed(access, scope)

    def on_connection_close(self) -> None:
        """The client is gone: so is what it has sent."""
        super().on_connection_close()
        self.on_finish()

    def on_finish(self) -> None:
        """After the answer, whatever it was."""
        if self.upload is not None:
            self._ending = asyncio.get_running_loop().create_task(self.upload.abort())
            self.upload = None
