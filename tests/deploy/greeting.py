"""Whether nodes serve: one person writes, the other hears it."""

from __future__ import annotations

import asyncio

from im.client import Client
from im.protocol.server import Message
from tests.cluster.crew import PASSWORD


async def greet(one: str, other: str) -> None:
    """Register a person at each address; the first writes to the second."""
    ann = await Client.register([one], "ann", PASSWORD)
    bob = await Client.register([other], "bob", PASSWORD)
    async with ann, bob:
        await ann.send(f"u:{bob.user.id}", "hello")
        heard = await asyncio.wait_for(anext(bob.entries()), 20)
        assert isinstance(heard, Message) and heard.text == "hello"
