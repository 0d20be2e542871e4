"""Search in a million messages: how fast it is filled, how large it is, how long a question takes.

    python -m bench.search                          a million messages, both databases
    python -m bench.search --messages 100000 --only sqlite

The texts are drawn from words whose frequencies fall as those of a language do (Zipf), two thirds
Chinese. A quarter of the messages lies in one group, a quarter in ten, a quarter in a hundred, a
quarter in private conversations of a hundred each. One person is in all groups and in 300 private
conversations, and asks in all of them or in the largest. What is timed is what a node does in the
database for one request, reading and comparing the texts included.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from im.protocol import names
from im.services.indexer import Indexer
from im.services.message_search import Wanted
from im.services.search import _read
from im.store.cursor import Cursor
from im.store.database import Database, DatabaseSettings, open_database
from im.store.migrations import migrate
from im.store.search_words import parse
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

ME = 1
PEOPLE = 2_800
FIRST_TIME = 1_700_000_000_000
ROWS = 1000
TIMES = 30
SEED = 7

Texts = Callable[[], str]


@dataclass(frozen=True)
class Vocabulary:
    """Words, the most frequent first, and how many draws it takes to meet each."""

    words: list[str]
    weights: list[float]


def vocabulary(draw: random.Random) -> Vocabulary:
    """20,000 words: particles of one character, words of two and three, and Latin ones."""
    common = [chr(code) for code in range(0x4E00, 0x4E00 + 2500)]
    made = ["的", "了", "我", "是", "不", "在", "好", "吗"]
    seen = set(made)
    while len(made) < 20_000:
        if draw.random() < 0.33:
            word = "".join(draw.choices("etaoinshrdlucmfwyp", k=draw.randint(2, 9))) + " "
        else:
            word = "".join(draw.choices(common, k=draw.choice((1, 2, 2, 2, 3))))
        if word not in seen:
            seen.add(word)
            made.append(word)
    return Vocabulary(made, [1 / (rank + 3) for rank in range(len(made))])


def sizes(count: int) -> list[int]:
    """How many messages each conversation has."""
    quarter = count // 4
    private = max(1, quarter // 100)
    return [
        quarter,
        *[quarter // 10] * 10,
        *[quarter // 100] * 100,
        *[quarter // private] * private,
    ]


def make_conversations(cursor: Cursor, talks: list[int]) -> None:
    """The conversations, with the one who asks and some others in them."""
    for number, size in enumerate(talks, 10):
        group = number < 121
        name = names.group(number) if group else names.private(ME, number)
        if not group and number >= 121 + 300:
            name = names.private(2, number)
        cursor.execute(
            "INSERT INTO conversation (id, name, kind, last_seq, last_ordinal, changed_at,"
            " created_at) VALUES (%s, %s, %s, %s, %s, %s, 0)",
            (number, name, "group" if group else "private", size, size, FIRST_TIME),
        )
        member = ME if group or number < 121 + 300 else 2
        cursor.execute(
            "INSERT INTO member (conversation_id, user_id, joined_seq, changed_at)"
            " VALUES (%s, %s, 0, 0)",
            (number, member),
        )


def messages(talks: list[int], words: Vocabulary, draw: random.Random) -> Iterator[tuple[Any, ...]]:
    """All messages in the order of their times, the conversations mixed."""
    order = [number for number, size in enumerate(talks, 10) for _ in range(size)]
    draw.shuffle(order)
    seqs = dict.fromkeys(range(10, 10 + len(talks)), 0)
    lengths = draw.choices((1, 2, 3, 4, 5, 6, 8, 12, 20, 40), k=len(order))
    drawn = iter(draw.choices(words.words, words.weights, k=sum(lengths)))
    for place, number in enumerate(order):
        seqs[number] += 1
        text = "".join(next(drawn) for _ in range(lengths[place]))
        sender = draw.randint(1, 30)
        key = place.to_bytes(16, "big")
        yield number, seqs[number], seqs[number], sender, key, "text", text, FIRST_TIME + place


async def load(database: Database, count: int) -> Vocabulary:
    """Make the messages; every table but the index is then as a node would have left it."""
    draw = random.Random(SEED)
    words = vocabulary(draw)
    talks = sizes(count)
    await database.write(make_conversations, talks)
    last: dict[int, int] = {}

    def write(cursor: Cursor, part: list[tuple[Any, ...]]) -> None:
        cursor.execute(
            "INSERT INTO message (conversation_id, seq, ordinal, sender_id, client_key, media,"
            f" content, created_at) VALUES {cursor.dialect.rows(len(part), 8)}",
            [value for row in part for value in row],
        )

    part: list[tuple[Any, ...]] = []
    for row in messages(talks, words, draw):
        last[row[0]] = row[-1]
        part.append(row)
        if len(part) == ROWS:
            await database.write(write, part)
            part = []
    if part:
        await database.write(write, part)

    def stamp(cursor: Cursor) -> None:
        for number, changed_at in last.items():
            cursor.execute(
                "UPDATE conversation SET changed_at = %s WHERE id = %s", (changed_at, number)
            )

    await database.write(stamp)
    return words


def questions(words: Vocabulary) -> list[tuple[str, str | None, Wanted]]:
    """What is asked: a name for it, where, and what."""

    def two(rank: int) -> str:
        return next(word for word in words.words[rank:] if len(word) == 2 and "一" <= word < "龥")

    def latin(rank: int) -> str:
        return next(word for word in words.words[rank:] if len(word) > 5 and word.isascii())

    def wanted(text: str, sender: int | None = None) -> Wanted:
        return Wanted(parse(text), sender, None, None, None, 20)

    asked = {
        "two characters, frequent": wanted(two(20)),
        "two characters, seldom": wanted(two(3000)),
        "two characters, very seldom": wanted(two(19_000)),
        "one character (的)": wanted("的"),
        "two words, frequent each": wanted(f"{two(20)} {two(30)}"),
        "a Latin word": wanted(latin(300)),
        "found nowhere": wanted("龘龘"),
        "a person's, with a frequent word": wanted(two(20), sender=9),
        "a person's, with a seldom word": wanted(two(3000), sender=9),
    }
    return [
        (name, conversation, what)
        for name, what in asked.items()
        for conversation in (None, names.group(10))
    ]


async def ask(database: Database, words: Vocabulary) -> None:
    """Print a line of a table for each question."""
    print("| question | in | hits | ms | worst |\n|---|---|---|---|---|")
    for name, conversation, wanted in questions(words):
        taken = []
        hits = 0
        for _ in range(TIMES):

            def read(cursor: Cursor, asked: tuple[str | None, Wanted]) -> tuple[float, Any]:
                began = time.perf_counter()
                found, _, _ = _read(cursor, ME, *asked)
                return time.perf_counter() - began, found

            seconds, found = await database.read(read, (conversation, wanted))
            hits = len(found.hits)
            taken.append(seconds * 1000)
            state = ", given up" if found.incomplete else ""
        where = "411 conversations" if conversation is None else "the largest"
        median, worst = statistics.median(taken), max(taken)
        print(f"| {name} | {where} | {hits}{state} | {median:.1f} | {worst:.1f} |", flush=True)


async def index_size(database: Database) -> int:
    """Bytes of the index."""

    def read(cursor: Cursor) -> int:
        if cursor.dialect.name == "sqlite":
            # About: keys and values, and what a record and a page of SQLite add to them.
            row = cursor.execute("SELECT SUM(LENGTH(messages) + 26) FROM search").one()
        else:
            cursor.execute("ANALYZE TABLE search").all()
            row = cursor.execute(
                "SELECT data_length + index_length FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = 'search'"
            ).one()
        return int(row[0]) if row is not None else 0

    return await database.read(read)


async def measure(name: str, url: str, count: int) -> None:
    """Everything on one database."""
    database = open_database(DatabaseSettings(url, call_timeout=60, read_timeout=60))
    await migrate(database)
    began = time.perf_counter()
    words = await load(database, count)
    print(f"{name}: {count:,} messages made in {time.perf_counter() - began:.0f} s", flush=True)
    indexer = Indexer(database, "bench")
    began = time.perf_counter()
    await indexer.follow(rest=0)
    taken = time.perf_counter() - began
    size = await index_size(database) / 2**20
    print(f"indexed {indexer.indexed:,}: {indexer.indexed / taken:,.0f}/s, {size:,.0f} MiB\n")
    await ask(database, words)
    await database.close()


async def ask_only(url: str) -> None:
    """Only the questions."""
    database = open_database(DatabaseSettings(url, call_timeout=60, read_timeout=60))
    await ask(database, vocabulary(random.Random(SEED)))
    await database.close()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--only", default="mysql,sqlite")
    parser.add_argument("--url", help="a database that was filled before: only ask")
    arguments = parser.parse_args()
    print(f"Python {sys.version.split()[0]}")
    if arguments.url is not None:
        asyncio.run(ask_only(arguments.url))
        return
    with ExitStack() as stack:
        if "sqlite" in arguments.only:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            asyncio.run(measure("SQLite", f"sqlite:///{folder}/im.db", arguments.messages))
        if "mysql" in arguments.only:
            mariadb = MariaDB(PortReservations())
            stack.callback(mariadb.close)
            mariadb.start()
            asyncio.run(measure("MariaDB", mariadb.create_database(), arguments.messages))


if __name__ == "__main__":
    main()
