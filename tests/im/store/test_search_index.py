"""The index follows the log, and never has what was taken back."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from im.store import postings, search_index
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.effects import Edit, Recall
from im.store.entries import EntryKind, NewEntry
from im.store.search_index import Unindexed
from im.store.search_words import LONG, MOST_TOKENS, sender_token, tokens_of
from tests.im.store.harness import (
    event,
    indexed,
    key,
    message,
    on_loop,
    one,
    private,
    ready,
    rows,
    writing,
)


def tokens(found: Unindexed) -> dict[int, set[str]]:
    """What is to be put in."""
    return {seq: tokens_of(text, sender) for seq, (text, sender, _) in found.messages.items()}


async def follow(database: Database, talk: int) -> None:
    """Index all that there is."""
    while True:
        found = await database.read(search_index.unindexed, talk)
        if found.last_seq == found.indexed_seq:
            return
        await database.write(search_index.fill, found, tokens(found))


def expected(**texts: str) -> dict[int, set[str]]:
    """Index of messages of sender 1: ``m3="text"`` is the message of number 3."""
    return {int(name[1:]): tokens_of(text, 1) for name, text in texts.items()}


def recall(talk: int, seq: int) -> NewEntry:
    """Take back a message of sender 1."""
    return event(
        *(talk, 1, EntryKind.RECALL), key=key("r", seq), target_seq=seq, effect=Recall(seq)
    )


def edit(talk: int, seq: int, text: str) -> NewEntry:
    """Change a message of sender 1."""
    return event(*(talk, 1, EntryKind.EDIT), key=key("e", text), content=text, effect=Edit(seq))


@on_loop
async def test_the_index_follows_the_log_in_steps(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for number in range(5):
            await writer.append(message(talk, 1, f"消息{number}"))
        await writer.append(event(talk, 1, EntryKind.CREATED, content="no message"))
        await writer.append(recall(talk, 2))
        await writer.append(edit(talk, 3, "new"))
        read = partial(search_index.unindexed, conversation=talk, limit=3)
        steps = []
        while (found := await database.read(read)).last_seq > found.indexed_seq:
            steps.append((found.indexed_seq, found.last_seq))
            assert await database.write(search_index.fill, found, tokens(found))
        assert steps == [(0, 3), (3, 6), (6, 8)]
        assert await database.read(indexed, talk) == expected(
            m1="消息0", m3="new", m4="消息3", m5="消息4"
        )


@on_loop
async def test_what_was_taken_back_or_changed_meanwhile_is_read_again(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for number in range(3):
            await writer.append(message(talk, 1, f"text{number}"))
        for change in (recall(talk, 1), edit(talk, 2, "new")):
            found = await database.read(search_index.unindexed, talk)
            await writer.append(change)
            assert not await database.write(search_index.fill, found, tokens(found))
        found = await database.read(search_index.unindexed, talk)
        assert await database.write(search_index.fill, found, tokens(found))
        assert not await database.write(search_index.fill, found, tokens(found)), "only once"
        assert await database.read(indexed, talk) == expected(m2="new", m3="text2")


@on_loop
async def test_recall_and_edit_change_what_is_indexed_and_leave_no_row_behind(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for text in ("今天下雨", "今天天晴", "hello"):
            await writer.append(message(talk, 1, text))
        await follow(database, talk)
        await writer.append(edit(talk, 1, "明天下雨"))
        assert await database.read(indexed, talk) == expected(
            m1="明天下雨", m2="今天天晴", m3="hello"
        )
        for seq in (1, 2, 3):
            await writer.append(recall(talk, seq))
        assert await one(database, "SELECT COUNT(*) FROM search") == 0
        await follow(database, talk)
        assert await one(database, "SELECT COUNT(*) FROM search") == 0


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
                sent = await writer.append(message(talk, 1, f"消息{number}"))
                if number % 3 == 1:
                    await writer.append(recall(talk, sent.seq))
                elif number % 3 == 2:
                    await writer.append(edit(talk, sent.seq, f"改{number}"))
            done.set()

        await asyncio.gather(send(), index(), index())
        stored = await rows(
            database, "SELECT seq, content FROM message WHERE kind = 0 AND content IS NOT NULL"
        )
        assert len(stored) == 40
        assert await database.read(indexed, talk) == {
            seq: tokens_of(text, 1) for seq, text in stored
        }


@on_loop
async def test_sets_of_messages_are_read_by_block_and_token(url: str) -> None:
    async with ready(url) as database:
        talk = (await private(database, 1, 2)).id
        last = 2 * postings.BLOCK + 5
        added: dict[int, set[str]] = {seq: {"bein"} for seq in range(1, last + 1)}
        added[postings.BLOCK].add("brare")

        def write(cursor: Cursor) -> None:
            search_index._add(cursor, talk, added)

        await database.write(write)
        asked = await database.read(search_index.hashed, ["bein", "brare", "bnone"])
        found = await database.read(search_index.sets, [talk], [0, 1, 2, 3], asked)
        assert found == {
            (talk, 0): {"bein": (1 << postings.BLOCK) - 2},
            (talk, 1): {"bein": (1 << postings.BLOCK) - 1, "brare": 1},
            (talk, 2): {"bein": (1 << 6) - 1},
        }


@on_loop
async def test_a_text_of_too_many_tokens_is_marked_as_such(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        text = "".join(chr(0x4E00 + number) for number in range(MOST_TOKENS))
        await writer.append(message(talk, 1, text))
        await follow(database, talk)
        assert await database.read(indexed, talk) == {1: {LONG, sender_token(1)}}
        await writer.append(recall(talk, 1))
        assert await one(database, "SELECT COUNT(*) FROM search") == 0


@on_loop
async def test_much_text_is_indexed_in_small_transactions(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = (await private(database, 1, 2)).id
        for number in range(5):
            await writer.append(message(talk, 1, f"{number}" + "x" * 60_000))
        found = await database.read(search_index.unindexed, talk)
        assert (found.indexed_seq, found.last_seq) == (0, 2)


@on_loop
async def test_the_index_says_nothing_without_its_key(sqlite_url: str, tmp_path: Path) -> None:
    async with ready(sqlite_url) as database:
        async with writing(database) as writer:
            talk = (await private(database, 1, 2)).id
            await writer.append(message(talk, 1, "needle 秘密"))
            await follow(database, talk)
        stored: list[Any] = await rows(database, "SELECT token, messages FROM search")
        assert len(stored) == len(tokens_of("needle 秘密", 1))
        assert all(len(token) == search_index.HASH_BYTES for token, _ in stored)
        await database.write(
            lambda cursor: (
                cursor.execute(
                    "UPDATE cluster SET value = %s WHERE name = %s",
                    (b"another key", search_index.KEY),
                )
                and None
            )
        )
        asked = await database.read(search_index.hashed, ["tnee", "b秘密"])
        assert await database.read(search_index.sets, [talk], [0], asked) == {}
