"""Static files under an address that names their content, so that browsers may keep them for good.

``/static/v-<hash>/app/main.js``: the hash is over all files, so modules that import each other by
relative addresses always come from one version.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

from handlers.base import CONTENT_SECURITY_POLICY

VERSION = re.compile(r"\Av-([0-9a-f]{12})/")
YEAR_SECONDS = 365 * 24 * 3600


class Assets:
    """The static files as they were when the node started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "build" not in path.relative_to(folder).parts:
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
                digest.update(path.read_bytes())
        self.version = digest.hexdigest()[:12]

    def url(self, path: str) -> str:
        """The address of a file in the static folder."""
        return f"/static/v-{self.version}/{path}"


class AssetHandler(StaticFileHandler):
    """Serves static files; those asked for by version may be kept for a year."""

    def initialize(self, path: str, version: str) -> None:  # type: ignore[override]
        """Given by the routes."""
        super().initialize(path)
        self._version = version
        self._versioned = False

    def parse_url_path(self, url_path: str) -> str:
        """Without the version in front."""
        match = VERSION.match(url_path)
        self._versioned = match is not None and match[1] == self._version
        return super().parse_url_path(VERSION.sub("", url_path))

    def set_extra_headers(self, path: str) -> None:
        """How long to keep it, and nothing that could be run from here."""
        kept = f"public, max-age={YEAR_SECONDS}, immutable" if self._versioned else "no-cache"
        self.set_header("Cache-Control", kept)
        self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def get_content_type(self) -> str:
        """Text is UTF-8."""
        kind = super().get_content_type()
        if self.absolute_path is not None and self.absolute_path.endswith(".mjs"):
            kind = "text/javascript"
        textual = kind.startswith("text/") or kind in (
            "application/javascript",
            "application/json",
            "image/svg+xml",
        )
        return f"{kind}; charset=utf-8" if textual else kind

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Briefly."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}\n")
