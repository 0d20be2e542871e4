"""Asking a node until it answers, whatever becomes of it meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.httpclient import HTTPClientError

from im.client import Client, Disconnected, Refused
from im.http_client import pause_after, refusal
from im.protocol.server import Ok

PAUSE = 0.1
"""Seconds between two tries."""
PATIENCE = 4.0
"""Seconds for one answer over HTTP; a node that was halted gives none."""


async def answer(client: Client, op: str, **fields: Any) -> Ok:
    """A frame's answer, however often that takes. Raises ``Refused`` where it is of no use."""
    while True:
        try:
            return await client.request(op, **fields)
        except Disconnected:
            await asyncio.sleep(PAUSE)
        except Refused as error:
            await pause_after(error)


async def done(client: Client, method: str, path: str, body: Any = None) -> bool:
    """Call the HTTP API until it answers; False when it refuses what may have been done already."""
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                await client.api.call(method, path, body)
        except HTTPClientError as error:
            if error.code in (403, 404, 409):
                return False
            refused = refusal(error)
            if error.code < 500 and error.code != 429:
                raise refused or error from None
            await asyncio.sleep(PAUSE)
        except OSError:  # a TimeoutError is one
            await asyncio.sleep(PAUSE)
        else:
            return True
