"""The documents that describe this node's interfaces, and Swagger UI to read and try them."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any

from tornado.web import RequestHandler

from handlers import openapi
from handlers.base import CONTENT_SECURITY_POLICY, BaseHandler
from handlers.pages import PageHandler
from im.app import program_version
from im.errors import NotFound
from im.protocol import asyncapi


class Documents:
    """The documents, made when the first of them is asked for: no start should wait for them.

    Args:
        routes: those of the HTTP API.
    """

    def __init__(self, routes: list[tuple[str, type[RequestHandler]]]) -> None:
        self._routes = routes

    @cached_property
    def by_name(self) -> dict[str, Any]:
        """All of them. The first time it takes a tenth of a second; from any thread."""
        found = {"openapi": openapi.document(self._routes)}
        found["asyncapi"] = asyncapi.document(program_version())
        found.update({f"schema/{name}": schema for name, schema in asyncapi.schemas().items()})
        return found


class DocumentHandler(BaseHandler):
    """``/api/openapi.json``, ``/api/asyncapi.json`` and ``/api/schema/…``"""

    async def get(self, name: str) -> None:
        """One document. Raises ``NotFound``."""
        documents: Documents = self.application.settings["documents"]
        found = await asyncio.to_thread(lambda: documents.by_name)
        if name not in found:
            raise NotFound(name)
        self.set_header("Cache-Control", "no-cache")
        self.write_json(found[name])


class SwaggerPage(PageHandler):
    """``/docs``"""

    async def get(self) -> None:
        """Swagger UI on the OpenAPI document."""
        self.xsrf_token  # noqa: B018 - reading it sets the cookie
        # Swagger UI writes its markup as strings; it shows nothing that people have written.
        self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.render("docs.html")
