"""The index follows the log, and never has what was taken back."""

from __future__ import annotations

import asyncio
from functools import partial

from im.store import search_index
from im.store.database import Database
from im.store.effects import Edit, Recall
from im.store.entries import EntryKind, NewEntry
from im.store.search_index import Unindexed
from tests.im.store.harness import (
    event,
    key,
    message,
    on_loop,
    private,
    ready,
    rows,
    writing,
)


def tokens(found: Unindexed) -> dict[int, str]:
    """Each text with a mark."""
    return {seq: f"t{text}" for seq, (text, _) in found.texts.items()}


async def stored(database: Database) -> list[str]:
    """All tokens, the oldest message first."""
    order = "rowid" if database.dialect.name == "sqlite" else "seq"
    return [row[0] for row in await rows(database, f"SELECT tokens FROM search ORDER BY {order}")]


def recall(talk: int, seq: int) -> NewEntry:
    """Take back a message of sender 1."""
    return event(
        *(talk, 1, EntryKind.RECALL), key=key("r", seq), target_seq=seq, effect=Recall(seq)
    )


def edit(talk: int, seq: int, text: str) -> NewEntry:
    """Change a message of sender 1."""
    return event(
        *(talk, 1, EntryKind.EDIT),
        key=key("e", text),
        content=text,
        search=f"t{text}",
        effect=Edit(seq),
    )


@on_loop
async def test_the_index_follows_the_log_in_steps(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for number in range(5):
            await writer.append(message(talk, 1, f"m{number}"))
        await writer.append(event(talk, 1, EntryKind.CREATED, content="no message"))
        await writer.append(recall(talk, 2))
        await writer.append(edit(talk, 3, "new"))
        read = partial(search_index.unindexed, conversation=talk, limit=3)
        steps = []
        while (found := await database.read(read)).last_seq > found.indexed_seq:
            steps.append((found.indexed_seq, found.last_seq))
            assert await database.write(search_index.fill, found, tokens(found))
        assert steps == [(0, 3), (3, 6), (6, 8)]
        assert await stored(database) == ["tm0", "tnew", "tm3", "tm4"]


@on_loop
async def test_what_was_taken_back_or_changed_meanwhile_is_read_again(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for number in range(3):
            await writer.append(message(talk, 1, f"m{number}"))
        for change in (recall(talk, 1), edit(talk, 2, "new")):
            found = await database.read(search_index.unindexed, talk)
            await writer.append(change)
            assert not await database.write(search_index.fill, found, tokens(found))
        found = await database.read(search_index.unindexed, talk)
        assert await database.write(search_index.fill, found, tokens(found))
        assert not await database.write(search_index.fill, found, tokens(found)), "only once"
        assert await stored(database) == ["tnew", "tm2"]


@on_loop
async def test_two_indexers_and_a_sender_who_takes_back_leave_no_trace(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        done = asyncio.Event()

        async def index() -> None:
            while True:
                last = done.is_set()
                found = await database.read(search_index.unindexed, talk, 7)
                if found.last_seq > found.indexed_seq:
                    await database.write(search_index.fill, found, tokens(found))
                elif last:
                    return
                else:
                    await asyncio.sleep(0)

        async def send() -> None:
            for number in range(60):
                sent = await writer.append(message(talk, 1, f"m{number}"))
                if number % 2:
                    await writer.append(recall(talk, sent.seq))
            done.set()

        await asyncio.gather(send(), index(), index())
        assert await stored(database) == [f"tm{number}" for number in range(0, 60, 2)]
