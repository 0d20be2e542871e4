"""Conversations are made once, and found by name, number and change."""

from __future__ import annotations

import asyncio

from im.store import conversations, nodes
from im.store.database import Database
from tests.im.store.harness import (
    make_group,
    message,
    on_loop,
    one,
    private,
    ready,
    rows,
    run,
    writing,
)


@on_loop
async def test_two_people_have_one_conversation_whoever_begins(url: str) -> None:
    async with ready(url) as database, ready(url) as second:
        pairs = [(one, other) for one in range(1, 8) for other in range(1, 8) if one != other]
        found = await asyncio.gather(
            *(private(node, *pair) for pair in pairs for node in (database, second))
        )
        names = {talk.name for talk in found}
        assert len(names) == len({talk.id for talk in found}) == 21
        assert "p:1:2" in names
        assert "p:2:1" not in names
        members = await rows(database, "SELECT conversation_id, user_id, left_seq FROM member")
        assert len(members) == 42
        for talk in found:
            assert (talk.user_a or 0) < (talk.user_b or 0)
            assert {(talk.id, talk.user_a, None), (talk.id, talk.user_b, None)} <= set(members)


@on_loop
async def test_private_conversations_are_made_while_others_write(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        sent = asyncio.gather(
            *(writer.append(message(talk.id, 1, f"m{number}")) for number in range(300))
        )
        made = await asyncio.gather(*(private(database, 1, other) for other in range(3, 60)))
        assert len({one_talk.id for one_talk in made}) == 57
        assert len(await sent) == 300


@on_loop
async def test_conversations_are_found_by_name_number_and_several_at_once(url: str) -> None:
    async with ready(url) as database:
        talk = await private(database, 2, 1)
        group = await database.write(make_group, "group", 1)
        assert await database.read(conversations.by_name, "p:1:2") == talk
        assert await database.read(conversations.by_name, "P:1:2") is None
        assert await database.read(conversations.by_id, group.id) == group
        assert await database.read(conversations.by_id, 999) is None
        found = await database.read(conversations.by_ids, [group.id, 999, talk.id])
        assert found == {talk.id: talk, group.id: group}
        assert await database.read(conversations.by_ids, []) == {}
        owner = "SELECT role FROM member WHERE conversation_id = %s AND user_id = 1"
        assert await one(database, owner, group.id) == "owner"


async def next_ms(database: Database) -> None:
    """Return when the database's clock, by which rows are stamped, has moved on."""
    now = await database.read(nodes.now_ms)
    while await database.read(nodes.now_ms) == now:
        pass


@on_loop
async def test_what_changed_is_found_by_the_databases_clock(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talks = [await private(database, 1, other) for other in range(2, 6)]
        await run(database, "UPDATE conversation SET changed_at = 5")
        now = await database.read(nodes.now_ms)
        for talk in (talks[2], talks[0]):
            await writer.append(message(talk.id, 1, f"to {talk.name}"))
            await next_ms(database)
        found = await database.read(conversations.changed_since, now)
        assert [(talk.name, talk.last_seq) for talk in found] == [("p:1:4", 1), ("p:1:2", 1)]
        assert len(await database.read(conversations.changed_since, 0)) == 5
        first = await database.read(conversations.changed_since, 0, 0, 2)
        assert {row.changed_at for row in first} == {5}, "a page ends among those of one moment"
        rest = await database.read(conversations.changed_since, 5, first[-1].id, 3)
        assert len({row.id for row in (*first, *rest)}) == 5


@on_loop
async def test_an_epoch_is_raised_outside_the_log(url: str) -> None:
    async with ready(url) as database:
        talk = await private(database, 1, 2)
        await database.write(conversations.raise_epoch, talk.id)
        assert await one(database, "SELECT epoch FROM conversation WHERE id = %s", talk.id) == 1
