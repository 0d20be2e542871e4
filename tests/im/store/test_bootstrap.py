"""Whichever node comes first: all nodes share one identity."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from im.store import cluster, conversations
from im.store.bootstrap import bootstrap
from im.store.cluster_keys import ring
from im.store.migrations import migrate
from tests.im.store.harness import on_loop, one, opened, ready, run


@on_loop
async def test_nodes_that_start_at_once_share_one_identity(url: str) -> None:
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(opened(url)) for _ in range(6)]
        await migrate(nodes[0])
        found = await asyncio.gather(*(bootstrap(node) for node in nodes))
        assert all(identity == found[0] for identity in found)
        assert len(found[0].cluster_id) == 8
        assert list(found[0].keys) == [found[0].sending] == [1]
        assert len(found[0].keys[1]) == 32
        assert await bootstrap(nodes[0]) == found[0]
        everyone = await nodes[0].read(conversations.broadcast)
        assert (everyone.kind, everyone.last_seq) == ("all", 0)
        assert await one(nodes[0], "SELECT COUNT(*) FROM conversation") == 1
        assert await one(nodes[0], "SELECT COUNT(*) FROM cluster_key") == 1


@on_loop
async def test_the_key_that_was_last_made_the_sending_one_is_sent_with(url: str) -> None:
    async with ready(url) as database:
        for number, sending in ((2, "NULL"), (3, "9999999999999")):
            await run(
                database,
                f"INSERT INTO cluster_key VALUES (%s, %s, 1, {sending}, NULL)",
                *(number, bytes([number]) * 32),
            )
        keys, sending = await database.read(ring)
        assert (sorted(keys), sending) == ([1, 2, 3], 3)
        await run(database, "UPDATE cluster_key SET deleted_at = 1 WHERE number = 3")
        keys, sending = await database.read(ring)
        assert (sorted(keys), sending) == ([1, 2], 1)


@on_loop
async def test_of_several_that_make_a_value_one_wins(url: str) -> None:
    async with ready(url) as database:
        found = await asyncio.gather(
            *(database.write(cluster.value, "cookie", bytes([n])) for n in range(10))
        )
        assert len(set(found)) == 1
        assert await database.read(cluster.get, "cookie") == found[0]
        await database.write(cluster.put, "cookie", b"new")
        assert await database.read(cluster.get, "cookie") == b"new"
        assert await database.read(cluster.get, "nothing") is None
