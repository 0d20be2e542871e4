"""The page's service worker (W3C Service Workers), which lets the page open without its server."""

from __future__ import annotations

import json

from tornado.web import RequestHandler

from handlers.assets import Assets
from handlers.base import CONTENT_SECURITY_POLICY

START = "/toChat"
"""The page that it keeps."""


class ServiceWorkerHandler(RequestHandler):
    """``/service-worker.js``: at the root, since it serves only what lies below its address."""

    def initialize(self, assets: Assets) -> None:
        """Given by the routes."""
        self._assets = assets

    def set_default_headers(self) -> None:
        """Browsers ask for it again at every visit; its tag is the version of the page's files."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-cache")
        self.clear_header("Server")

    def compute_etag(self) -> str:
        """Pages that are open compare it with their own version."""
        return f'"{self._assets.version}"'

    def get(self) -> None:
        """The worker's text; before it the version and the names of the files that it holds."""
        known = {
            "VERSION": self._assets.version,
            "FILES": self._assets.offline,
            "START": START,
        }
        lines = [f"const {name} = {json.dumps(value)};\n" for name, value in known.items()]
        self.finish("".join(lines) + self._assets.text("service-worker.js"))

    def head(self) -> None:
        """Only the tag."""
        self.get()
