"""Calls to the HTTP API for programs, and whose certificates they trust."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from im.protocol.encoding import encode

Trusted = Path | str | ssl.SSLContext | None


def trusting(authority: Trusted) -> ssl.SSLContext | None:
    """What checks the nodes' certificates: the authority in a file (PEM, ``/trust.crt``), a context
    as it is, or for None those that the system trusts. Raises ``OSError`` or ``ssl.SSLError``.
    """
    if authority is None or isinstance(authority, ssl.SSLContext):
        return authority
    return ssl.create_default_context(cafile=authority)


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
