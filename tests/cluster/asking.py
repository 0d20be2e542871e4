"""Asking a node until it answers, whatever becomes of it meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from im.client import Client, Disconnected, Refused
from im.http_client import pause_after
from im.protocol.server import Ok

PAUSE = 0.1
"""Seconds between two tries."""


async def answer(client: Client, op: str, **fields: Any) -> Ok:
    """A frame's answer, however often that takes. Raises ``Refused`` where it is of no use."""
    while True:
        try:
            return await client.request(op, **fields)
        except Disconnected:
            await asyncio.sleep(PAUSE)
        except Refused as error:
            await pause_after(error)
