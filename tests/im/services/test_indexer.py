"""The index follows the logs on one node at a time, wherever that node's work broke off."""

from __future__ import annotations

import asyncio
from functools import partial

from im.services.indexer import LEASE, Indexer
from im.services.message_search import Wanted, look
from im.store import leases, visible
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.effects import Edit, Recall
from im.store.entries import EntryKind
from im.store.search_words import parse, tokens_of
from tests.im.store.harness import (
    event,
    indexed,
    key,
    message,
    on_loop,
    private,
    ready,
    rows,
    run,
    writing,
)


async def behind(database: Database) -> int:
    """How many conversations have something that is not indexed."""
    return len(await rows(database, "SELECT id FROM conversation WHERE indexed_seq < last_seq"))


@on_loop
async def test_all_logs_are_followed_to_their_ends(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        indexer = Indexer(database, "one")
        for other in range(2, 6):
            talk = (await private(database, 1, other)).id
            await asyncio.gather(
                *(
                    writer.append(message(talk, 1, f"消息{n}", key=key(other, n)))
                    for n in range(150)
                )
            )
        await indexer.follow(rest=0)
        assert indexer.indexed == 600
        assert await behind(database) == 0
        await writer.append(message(talk, 1, "later"))
        assert await behind(database) == 1
        await indexer.follow(rest=0)
        assert await behind(database) == 0
        assert len(await database.read(indexed, talk)) == 151


@on_loop
async def test_one_node_indexes_until_it_is_gone(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        first, second = Indexer(database, "first"), Indexer(database, "second")
        await writer.append(message(talk, 1, "one"))
        await first.follow(rest=0)
        await writer.append(message(talk, 1, "two"))
        await second.follow(rest=0)
        assert (first.indexed, second.indexed) == (1, 0)
        # The first one is killed: its lease runs out.
        await run(database, "UPDATE cluster SET created_at = created_at - 60000")
        await second.follow(rest=0)
        assert second.indexed == 1
        # The second one ends as it should.
        second.start()
        await second.close()
        third = Indexer(database, "third")
        await writer.append(message(talk, 1, "three"))
        await third.follow(rest=0)
        assert third.indexed == 1
        assert await behind(database) == 0


@on_loop
async def test_a_lease_is_one_nodes_until_it_runs_out(url: str) -> None:
    async with ready(url) as database:
        take = partial(database.write, leases.take, LEASE)
        taken = await asyncio.gather(*(take(f"node{n}", 15_000) for n in range(5)))
        assert sorted(taken) == [False] * 4 + [True]
        holder = f"node{taken.index(True)}"
        assert await take(holder, 15_000)
        await database.write(leases.release, LEASE, "another")
        assert not await take("another", 15_000)
        await database.write(leases.release, LEASE, holder)
        assert await take("another", 15_000)


@on_loop
async def test_two_nodes_index_while_people_send_take_back_and_change(url: str) -> None:
    """Both believe that they hold the lease, as a node that stalled may."""
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        nodes = [Indexer(database, "same"), Indexer(database, "same")]
        done = asyncio.Event()

        async def index(node: Indexer) -> None:
            while not done.is_set():
                await node.follow(rest=0)
                await asyncio.sleep(0)

        async def send(sender: int) -> None:
            for number in range(40):
                sent = await writer.append(
                    message(talk, sender, f"秘密{number}", key=key(sender, number))
                )
                seq, name = sent.seq, key("change", sender, number)
                if number % 3 == 1:
                    kind, effect = EntryKind.RECALL, Recall(seq)
                    await writer.append(
                        event(talk, sender, kind, key=name, target_seq=seq, effect=effect)
                    )
                elif number % 3 == 2:
                    await writer.append(
                        event(
                            *(talk, sender, EntryKind.EDIT),
                            key=name,
                            content=f"公开{number}",
                            target_seq=seq,
                            effect=Edit(seq),
                        )
                    )
                if number % 10 == 5:
                    await _holds(database, talk)

        indexing = [asyncio.create_task(index(node)) for node in nodes]
        await asyncio.gather(send(1), send(2))
        done.set()
        await asyncio.gather(*indexing)
        await nodes[0].follow(rest=0)
        stored = await rows(
            database,
            "SELECT seq, content, sender_id FROM message WHERE kind = 0 AND content IS NOT NULL",
        )
        assert await database.read(indexed, talk) == {
            seq: tokens_of(text, sender) for seq, text, sender in stored
        }


async def _holds(database: Database, talk: int) -> None:
    """What is found is what is there, however far the index has come."""

    def read(cursor: Cursor) -> None:
        before = cursor.execute(_FOUND, (talk,)).all()
        scope = visible.everything(cursor, 1, 0, 10)
        wanted = Wanted(parse("公开"), None, None, None, None, 1000)
        hits = look(cursor, 1, scope, wanted).hits
        after = cursor.execute(_FOUND, (talk,)).all()
        assert {row[0] for row in before} <= {hit.said.seq for hit in hits}
        assert {hit.said.seq for hit in hits} <= {row[0] for row in after}

    await database.read(read)


_FOUND = "SELECT seq FROM message WHERE conversation_id = %s AND kind = 0 AND content LIKE '公开%%'"
