"""How many entries per second the log writer stores durably, by the size of its batches.

    python bench/log_writer.py sqlite:////tmp/bench.db
    python bench/log_writer.py mysql://user:password@127.0.0.1/empty_database --processes 2

Each process keeps as many entries in flight as a batch is to have, in 1,000 conversations of two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import secrets
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.entries import NewEntry
from im.store.log_writer import LogWriter
from im.store.migrations import migrate

TEXT = "消息" * 30 + "hello 😀"
CONVERSATIONS = 1000
SENDERS = 2


def prepare(cursor: Cursor) -> None:
    """Conversations 1001 … 2000, each of two members."""
    now = cursor.dialect.now_ms
    for number in range(1001, 1001 + CONVERSATIONS):
        cursor.execute(
            f"{cursor.dialect.insert_ignore} conversation (id, name, kind, changed_at, created_at)"
            f" VALUES (%s, %s, 'private', {now}, {now})",
            (number, f"p:bench:{number}"),
        )
        cursor.execute(
            f"{cursor.dialect.insert_ignore} member (conversation_id, user_id, changed_at)"
            f" VALUES (%s, %s, {now}), (%s, %s, {now})",
            (number, number * 10 + 1, number, number * 10 + 2),
        )


async def measure(url: str, size: int, seconds: float, conversations: int) -> dict[str, float]:
    """Entries per second and the time of an append, with ``size`` entries in flight."""
    database = open_database(DatabaseSettings(url))
    writer = LogWriter(database, max_entries=size)
    end = time.perf_counter() + seconds
    taken: list[float] = []

    async def sender() -> None:
        while (start := time.perf_counter()) < end:
            number = 1001 + random.randrange(conversations)
            user = number * 10 + random.randint(1, SENDERS)
            key = secrets.token_bytes(16)
            await writer.append(NewEntry(number, user, key, media="text", content=TEXT))
            taken.append(time.perf_counter() - start)

    before = time.process_time()
    # Twice: one batch gathers while the other is written.
    await asyncio.gather(*(sender() for _ in range(2 * size)))
    used = time.process_time() - before
    await writer.close()
    await database.close()
    taken.sort()
    return {
        "rows": len(taken) / seconds,
        "p50": statistics.median(taken) * 1000,
        "p99": taken[int(len(taken) * 0.99)] * 1000,
        "cpu": used / len(taken) * 1e6,
    }


async def set_up(url: str) -> None:
    """A migrated database with the conversations."""
    database = open_database(DatabaseSettings(url, call_timeout=60, read_timeout=60))
    await migrate(database)
    await bootstrap(database)
    await database.write(prepare)
    await database.close()


def work(url: str, size: int, seconds: float, conversations: int, results: list[str]) -> None:
    """One process."""
    results.append(json.dumps(asyncio.run(measure(url, size, seconds, conversations))))


def main() -> None:
    """Print a line per batch size."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")
    arguments.add_argument("--processes", type=int, default=1)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--sizes", default="1,10,100,200,500")
    arguments.add_argument("--conversations", type=int, default=CONVERSATIONS)
    chosen = arguments.parse_args()
    asyncio.run(set_up(chosen.url))
    context = multiprocessing.get_context("spawn")
    print(f"{os.cpu_count()} cores, {chosen.processes} process(es), {chosen.url.split(':')[0]}")
    print("batch   rows/s   p50 ms   p99 ms   CPU us/row")
    with context.Manager() as manager:
        for size in map(int, chosen.sizes.split(",")):
            results = manager.list()
            processes = [
                context.Process(
                    target=work,
                    args=(chosen.url, size, chosen.seconds, chosen.conversations, results),
                )
                for _ in range(chosen.processes)
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            found = [json.loads(result) for result in results]
            print(
                f"{size:5} {sum(one['rows'] for one in found):8.0f}"
                f" {max(one['p50'] for one in found):8.1f} {max(one['p99'] for one in found):8.1f}"
                f" {statistics.mean(one['cpu'] for one in found):8.0f}"
            )


if __name__ == "__main__":
    main()
