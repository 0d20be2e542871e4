"""A private conversation as after years: made in the database, by the node's own log writer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from im.durations import DAY_MS
from im.store import conversations
from im.store.cursor import Cursor
from im.store.database import Database, DatabaseSettings, open_database
from im.store.entries import NewEntry
from im.store.log_writer import LogWriter

PER_DAY = 60
TOGETHER = 1_000
SENTENCES = (
    "ok",
    "好的，我马上到",
    "The crane on pier 4 is free again 🏗️",
    "今天的班表在这里：https://example.org/roster/2026?week=48 看一下",
    "😀",
    "收到 👍",
    "明天早上八点集合，别忘了带对讲机。天气预报说有雨，码头上会很滑，大家注意安全。" * 3,
    "Two lines:\nthe second one is here",
    "That is a longer remark about the order in which the containers are to be unloaded, so it "
    "takes several lines in a bubble and now and then begins a discussion. " * 2,
    "ping 10.0.0.17 不通，ssh://gateway.example 也不行",
)


@dataclass(frozen=True, slots=True)
class Talk:
    """What is to be made.

    Attributes:
        people: the two who talk, by id.
        count: messages; the n-th has the number n and begins with ``#n``.
        pictures: files that are shown in it, in turns.
        now: the time of the last message, ms since 1970; ``PER_DAY`` are said on a day.
    """

    people: tuple[int, int]
    count: int
    pictures: Sequence[int]
    now: int


def make_talk(url: str, talk: Talk) -> None:
    """Store it in the database ``url``, which no node has open; nobody has read any of it."""

    async def make() -> None:
        database = open_database(DatabaseSettings(url))
        try:
            await _make(database, talk)
        finally:
            await database.close()

    # In a thread of its own: the browser's has a loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, make()).result()


async def _make(database: Database, talk: Talk) -> None:
    conversation = await database.write(conversations.private, *talk.people)
    draw = random.Random(talk.count)
    writer = LogWriter(database)
    try:
        for start in range(1, talk.count + 1, TOGETHER):
            part = range(start, min(start + TOGETHER, talk.count + 1))
            await asyncio.gather(
                *(writer.append(_entry(conversation.id, talk, draw, number)) for number in part)
            )
    finally:
        await writer.close()

    def date(cursor: Cursor) -> None:
        cursor.execute(
            "UPDATE message SET created_at = %s - (%s - seq) * %s WHERE conversation_id = %s",
            (talk.now, talk.count, DAY_MS // PER_DAY, conversation.id),
        )

    await database.write(date)


def _entry(conversation: int, talk: Talk, draw: random.Random, number: int) -> NewEntry:
    sender = talk.people[draw.random() < 0.4]
    key = number.to_bytes(16, "big")
    if talk.pictures and number % 25 == 0:
        file = talk.pictures[number // 25 % len(talk.pictures)]
        words = f"#{number}"
        return NewEntry(conversation, sender, key, media="picture", content=words, media_id=file)
    text = f"#{number} {draw.choice(SENTENCES)}"
    answer = number > 40 and number % 9 == 0
    extra = {"reply_to": number - draw.randint(1, 40)} if answer else None
    return NewEntry(conversation, sender, key, media="text", content=text, extra=extra)
