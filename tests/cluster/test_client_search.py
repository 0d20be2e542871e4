"""A program looks for messages with the client, whichever node is there."""

from __future__ import annotations

import asyncio

from im.client import Client


def test_a_program_finds_messages_page_after_page(node) -> None:  # type: ignore[no-untyped-def]
    url = node("--relay", "none").url

    async def talk() -> None:
        ann = await Client.register([url], "ann", "correct horse")
        nowhere = "http://127.0.0.1:1"
        bob = await Client.register([url], "bob", "correct horse")
        bob = Client([nowhere, url], bob.token)
        async with ann:
            for number in range(5):
                await ann.send("u:2", f"消息 {number}")
        found = [hit.text async for hit in bob.api.search("消息", limit=2)]
        assert found == [f"消息 {number}" for number in (4, 3, 2, 1, 0)]
        assert [hit.seq async for hit in bob.api.search("消息 3", **{"from": 1})] == [4]
        assert len((await bob.api.call("GET", "/api/quick-replies"))["replies"]) == 5

    asyncio.run(talk())
