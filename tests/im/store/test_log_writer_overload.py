"""A log writer that is asked for more than its database takes refuses early what it cannot do."""

from __future__ import annotations

import asyncio
import time

from im.errors import Unavailable
from im.store.entries import Entry
from im.store.faults import NoFaults
from tests.im.store.harness import message, on_loop, outcome, private, ready, rows, writing

CONVERSATIONS = 40
AT_ONCE = 10
"""Entries of a batch."""
COMMIT_SECONDS = 0.4
TIMES = 3
"""Of what the database takes in these commits."""
SECONDS = 7.0
TIMEOUT = 3.0


class SlowDisk(NoFaults):
    """Each commit takes its time."""

    def hit(self, point: str) -> None:
        """Before the commit."""
        if point == "before_commit":
            time.sleep(COMMIT_SECONDS)


@on_loop
async def test_three_times_the_load_leaves_nobody_waiting_in_vain(
    sqlite_url: str,
) -> None:
    limits = {"max_entries": AT_ONCE, "timeout": TIMEOUT}
    async with ready(sqlite_url) as database, writing(database, SlowDisk(), **limits) as writer:
        talks = [await private(database, 1, 2 + n) for n in range(CONVERSATIONS)]
        coming: list[asyncio.Task[Entry | BaseException]] = []
        pause = COMMIT_SECONDS / AT_ONCE / TIMES
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            talk = talks[len(coming) % CONVERSATIONS]
            entry = message(talk.id, 1, f"m{len(coming)}")
            coming.append(asyncio.create_task(outcome(writer.append(entry))))
            await asyncio.sleep(pause)
        found = await asyncio.gather(*coming)
        acknowledged = {f"m{n}" for n, told in enumerate(found) if isinstance(told, Entry)}
        refused = [told for told in found if isinstance(told, Unavailable)]
        stored = {text for (text,) in await rows(database, "SELECT content FROM message")}
        unknown = len(stored - acknowledged)
        print(f"{len(acknowledged)} acknowledged, {len(refused)} refused, {unknown} of them stored")
        assert len(acknowledged) + len(refused) == len(found)
        assert acknowledged <= stored
        assert unknown <= len(stored) / 10, "the database works for those who still wait"
        early = [told for told in refused if told.retry_after]
        assert len(early) >= 0.9 * len(refused) > 0, "and who would wait in vain is told when"
        assert isinstance(await outcome(writer.append(message(talks[0].id, 1, "after"))), Entry)
