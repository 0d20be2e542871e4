"""The documents that describe this node's interfaces, and Swagger UI to read and try them."""

from __future__ import annotations

from typing import Any

from handlers.base import CONTENT_SECURITY_POLICY, BaseHandler
from handlers.pages import PageHandler
from im.app import program_version
from im.errors import NotFound
from im.protocol import asyncapi


class DocumentHandler(BaseHandler):
    """``/api/openapi.json``, ``/api/asyncapi.json`` and ``/api/schema/…``"""

    def get(self, name: str) -> None:
        """One document. Raises ``NotFound``."""
        documents = self.application.settings["documents"]
        if name not in documents:
            raise NotFound(name)
        self.set_header("Cache-Control", "no-cache")
        self.write_json(documents[name])


class SwaggerPage(PageHandler):
    """``/docs``"""

    async def get(self) -> None:
        """Swagger UI on the OpenAPI document."""
        self.xsrf_token  # noqa: B018 - reading it sets the cookie
        # Swagger UI writes its markup as strings; it shows nothing that people have written.
        self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.render("docs.html")


def socket_documents() -> dict[str, Any]:
    """The documents of the socket by name."""
    found: dict[str, Any] = {"asyncapi": asyncapi.document(program_version())}
    found.update({f"schema/{name}": schema for name, schema in asyncapi.schemas().items()})
    return found
