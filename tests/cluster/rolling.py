"""Nodes that are ended and come back, as an operator or a supervisor of processes does it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from tests.services.node import Node

COMING_SECONDS = 60.0


async def bring_up(node: Node, timeout: float = COMING_SECONDS) -> None:
    """Start a node, again whenever it ends for want of its database, until it is ready.

    Raises ``TimeoutError``.
    """
    async with asyncio.timeout(timeout):
        while not await asyncio.to_thread(node.ready):
            if not node.running:
                node.start(wait=False)  # not in a thread: it would end with it
            await asyncio.sleep(0.1)


async def roll(nodes: Sequence[Node]) -> list[float]:
    """End each node by SIGTERM and start it anew, one after the other; seconds that each was away.

    Raises ``AssertionError`` when one does not end in order.
    """
    away = []
    for node in nodes:
        begun = time.monotonic()
        if node.running:
            code = await asyncio.to_thread(node.terminate)
            assert code == 0, node.process.failure(f"ended with {code}")
        await bring_up(node)
        away.append(time.monotonic() - begun)
    return away
