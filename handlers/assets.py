"""Static files under an address that names their content, so that browsers may keep them for good.

``/static/v-<hash>/app/main.js``: the hash is over all files, so modules that import each other by
relative addresses always come from one version.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tornado.web import HTTPError, StaticFileHandler

from handlers.base import PlainHandler

VERSION = re.compile(r"\Av-([0-9a-f]{12})/")
TEXTUAL = (".js", ".mjs", ".css", ".json", ".svg", ".html", ".txt", ".webmanifest")
KINDS = {".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}
"""Content types that Python's own table lacks in some version."""
UTF_8_ALREADY = ("text/javascript", "text/css")
"""Modules are UTF-8 always, other scripts and styles as the page that names them."""
OFFLINE = re.compile(
    r"(?:app|sentences)/.*|css/.*|vendor/[a-z-]+\.js|[a-z-]+\.(?:svg|webmanifest)|icons/icon-192\.png|start\.js"
)
"""What a page needs that opens without its server; the emoji, which are large, come with use."""
OWN_SCRIPT = re.compile(r"(?:app|pages)/.*\.js|start\.js")
COMMENT_LINES = re.compile(rb"^[ \t]*(?://.*|/\*(?:(?!\*/)[\s\S])*\*/[ \t]*)$", re.MULTILINE)
YEAR_SECONDS = 365 * 24 * 3600


class Assets:
    """The static files as they were when the node started.

    Args:
        folder: where they lie.
        made: more of them by name, which the node makes itself.
    """

    def __init__(self, folder: Path, made: Mapping[str, bytes]) -> None:
        self.folder = folder
        self.made = made
        self._names: dict[str, Path] = {}
        self._gzipped: dict[str, bytes] = {}
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and "/build/" not in name:
                digest.update(name.encode() + b"\0" + path.read_bytes())
                self._names[name] = path
        for name, body in made.items():
            digest.update(name.encode() + b"\0" + body)
        self.version = digest.hexdigest()[:12]

    def gzipped(self, name: str) -> bytes | None:
        """A file compressed (RFC 1952), once for all; None for what would not become smaller.

        Our own scripts leave their comments behind: a fifth of what they weigh.
        """
        if not name.endswith(TEXTUAL) or not (name in self._names or name in self.made):
            return None
        if name not in self._gzipped:
            body = self.made[name] if name in self.made else self._names[name].read_bytes()
            body = without_comments(body) if OWN_SCRIPT.fullmatch(name) else body
            self._gzipped[name] = gzip.compress(body, 9, mtime=0)
        return self._gzipped[name]

    @property
    def offline(self) -> list[str]:
        """Names of the files that a browser holds, so that the page opens without its server."""
        return [name for name in (*self._names, *self.made) if OFFLINE.fullmatch(name)]

    def text(self, name: str) -> str:
        """A file of text, as it is now."""
        return self._names[name].read_text("utf-8")

    def url(self, path: str) -> str:
        """The address of a file in the static folder."""
        return f"/static/v-{self.version}/{path}"


def without_comments(script: bytes) -> bytes:
    """A script in which lines that are only comment are empty; each line keeps its number.

    The house's own scripts have no such lines within a text or template, which a test holds.
    """
    return COMMENT_LINES.sub(lambda found: b"\n" * found[0].count(b"\n"), script)


class AssetHandler(PlainHandler, StaticFileHandler):
    """Serves static files; those asked for by version may be kept for a year.

    A refusal has all of the headers, a file fewer.
    """

    def initialize(self, assets: Assets) -> None:  # type: ignore[override]
        """Given by the routes."""
        super().initialize(str(assets.folder))
        self._assets = assets
        self._versioned = False
        self._tag: str | None = None

    async def get(self, path: str, include_body: bool = True) -> None:
        """A file; text goes compressed to who takes that."""
        if "\0" in path:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        name = self.parse_url_path(path)
        accepted = self.request.headers.get("Accept-Encoding", "")
        ranged = "Range" in self.request.headers
        body = self._assets.gzipped(name) if "gzip" in accepted and not ranged else None
        if body is not None:
            self._tag = f'"{self._assets.version}-gzip"'
            self.set_header("Content-Encoding", "gzip")
        elif name in self._assets.made:
            self._tag = f'"{self._assets.version}"'
            body = self._assets.made[name]
        else:
            await super().get(path, include_body)
            return
        self.absolute_path = str(self._assets.folder / name)
        self.set_header("Content-Type", self.get_content_type())
        self.set_header("Vary", "Accept-Encoding")
        self.set_extra_headers(name)
        self.set_etag_header()
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Length", len(body))
        self.finish(body if include_body else None)

    def compute_etag(self) -> str | None:
        """None for a file by version, which is kept for good and so never asked for again."""
        if self._versioned:
            return None
        return self._tag or super().compute_etag()

    def parse_url_path(self, url_path: str) -> str:
        """Without the version in front."""
        match = VERSION.match(url_path)
        self._versioned = match is not None and match[1] == self._assets.version
        return super().parse_url_path(VERSION.sub("", url_path))

    def set_extra_headers(self, path: str) -> None:
        """How long to keep it, and nothing that could be run from here.

        A policy is for what can be a document, as a picture in SVG can. Scripts and styles, of
        which a page has many, come with as few headers as may be.
        """
        kept = f"max-age={YEAR_SECONDS}, immutable" if self._versioned else "no-cache"
        self.set_header("Cache-Control", kept)
        self.clear_header("Referrer-Policy")
        if path.endswith((".js", ".mjs", ".css")):
            self.clear_header("Content-Security-Policy")

    def get_content_type(self) -> str:
        """Text is UTF-8, and says so where that is not known already."""
        kind = super().get_content_type()
        if self.absolute_path is not None:
            kind = KINDS.get(Path(self.absolute_path).suffix, kind)
        textual = (kind.startswith("text/") and kind not in UTF_8_ALREADY) or kind in (
            "application/json",
            "application/manifest+json",
            "image/svg+xml",
        )
        return f"{kind}; charset=utf-8" if textual else kind

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Briefly."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}\n")
