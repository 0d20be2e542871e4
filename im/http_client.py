"""Calls to the HTTP API for programs, and whose certificates they trust."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from im.protocol.bodies import MemberAnswer, MembersAnswer
from im.protocol.encoding import encode
from im.protocol.search import MessageHit, MessageSearchAnswer
from im.protocol.server import Error

Trusted = Path | str | ssl.SSLContext | None


def trusting(authority: Trusted) -> ssl.SSLContext | None:
    """What checks the nodes' certificates: the authority in a file (PEM, ``/trust.crt``), a context
    as it is, or for None those that the system trusts. Raises ``OSError`` or ``ssl.SSLError``.
    """
    if authority is None or isinstance(authority, ssl.SSLContext):
        return authority
    return ssl.create_default_context(cafile=authority)


class Refused(Exception):
    """The node refused; sending the same again is of no use.

    Attributes:
        code: the error's stable name.
        field: the input that is wrong, or None.
        retry_after: ms after which to try again, or None.
    """

    def __init__(self, error: Error) -> None:
        super().__init__(f"{error.code}: {error.message}")
        self.code = error.code
        self.field = error.field
        self.retry_after = error.retry_after


def refusal(error: HTTPClientError, body: bytes | None = None) -> Refused | None:
    """What the node said against a call; None when it said nothing, as when it is away.

    ``body``: of the answer, if it was taken in pieces.
    """
    if body is None and error.response is not None:
        body = error.response.body
    try:
        said = msgspec.json.decode(body or b"", type=_Said)
    except msgspec.DecodeError:
        return None
    return Refused(
        Error(code=said.error, message=said.message, field=said.field, retry_after=said.retry_after)
    )


class _Said(msgspec.Struct):
    """A refusal of the HTTP API."""

    error: str
    message: str
    field: str | None = None
    retry_after: int | None = None


Page = TypeVar("Page", MessageSearchAnswer, MembersAnswer)


class Api:
    """Calls of one program over HTTP, to the first of its nodes that is there.

    Args:
        urls: nodes, ``http://host:port``.
        token: of a session or a program.
        authority: see ``trusting``.
    """

    def __init__(self, urls: Sequence[str], token: str, authority: Trusted = None) -> None:
        self._urls = list(urls)
        self._token = token
        self._trusted = trusting(authority)

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer's data. Raises ``HTTPClientError``, ``ssl.SSLError`` or ``OSError``."""
        asked = path + (f"?{urlencode(query)}" if query else "")
        for url in self._urls[:-1]:
            with suppress(OSError):
                return await call(url, method, asked, body, self._token, self._trusted)
        return await call(self._urls[-1], method, asked, body, self._token, self._trusted)

    async def search(self, text: str, **query: Any) -> AsyncIterator[MessageHit]:
        """Messages that have all words of a text, the newest first, page after page.

        ``query``: ``conv``, ``from``, ``after``, ``before``, and a page's ``limit``. Raises as
        ``call``.
        """
        pages = self._pages("/api/search/messages", MessageSearchAnswer, q=text, **query)
        async for page in pages:
            for hit in page.hits:
                yield hit

    async def members(self, group: int, **query: Any) -> AsyncIterator[MemberAnswer]:
        """Who is in a group: who leads it first, then in the order in which they came, page after
        page.

        ``query``: ``q`` for a part of the name, and a page's ``limit``. Raises as ``call``.
        """
        async for page in self._pages(f"/api/groups/{group}/members", MembersAnswer, **query):
            for member in page.members:
                yield member

    async def _pages(self, path: str, answer: type[Page], **query: Any) -> AsyncIterator[Page]:
        more: dict[str, str] = {}
        while True:
            page = msgspec.convert(await self.call("GET", path, **query, **more), answer)
            yield page
            if page.cursor is None:
                return
            more = {"cursor": page.cursor}


async def post(
    url: str,
    path: str,
    body: dict[str, Any],
    token: str | None = None,
    authority: Trusted = None,
) -> Any:
    """``POST`` to the HTTP API; the answer's data. Raises ``HTTPClientError``."""
    return await call(url, "POST", path, body, token, authority)


async def call(
    url: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    token: str | None = None,
    authority: Trusted = None,
) -> Any:
    """Call the HTTP API; the answer's data. Raises ``HTTPClientError``."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    response = await AsyncHTTPClient().fetch(
        HTTPRequest(
            url + path,
            method=method,
            headers=headers,
            body=encode(body) if body is not None else None,
            allow_nonstandard_methods=True,
            ssl_options=trusting(authority),
        )
    )
    return msgspec.json.decode(response.body)["data"]


async def pause_after(error: Refused) -> None:
    """Wait as long as the node asks for. Raises the error when trying again is of no use."""
    if error.code not in ("unavailable", "rate_limited", "overloaded"):
        raise error
    await asyncio.sleep((error.retry_after or 200) / 1000)
