"""Two nodes at work while their database takes nothing, and what came of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from tests.cluster.crew import Crew
from tests.cluster.knocker import REFUSED_SECONDS, Knocker
from tests.cluster.proof import figures
from tests.cluster.wait import until
from tests.services.node import Node

MESSAGES = 100
"""That are acknowledged before the fault, and again after it."""


async def outlast(
    fault: AbstractContextManager[None],
    nodes: Sequence[Node],
    database: str,
    rng: random.Random,
    *,
    seconds: float,
    padding: int = 0,
) -> None:
    """Let people write while ``fault`` begins, lasts so many seconds at least, and ends.

    Fails unless, while it lasts, each node refuses a message as unavailable and, once it has ended,
    stores that one and new ones by itself, and all that was acknowledged is there, once, for all.
    ``padding``: so many characters make each message that is to be refused longer.
    """
    crew = Crew([n.url for n in nodes], database, rng, pace=0.05)
    await crew.gather(6, loyal=True)
    knockers = [await Knocker.join(crew, n.url, f"knocker {i}") for i, n in enumerate(nodes)]
    ending = asyncio.Event()
    working = asyncio.create_task(crew.work(ending.is_set))
    await until(lambda: crew.history.acknowledged > MESSAGES)
    with fault:
        begun = time.monotonic()
        await asyncio.gather(*(knocker.until_refused(padding) for knocker in knockers))
        await asyncio.sleep(max(0.0, begun + seconds - time.monotonic()))
    back = time.monotonic()
    await asyncio.gather(*(knocker.go_on() for knocker in knockers))
    await until(lambda: all(crew.history.last_told(n.url) > back for n in nodes))
    recovery = time.monotonic() - back
    await crew.more(MESSAGES)
    ending.set()
    await working
    settled = await crew.settle()
    problems = await crew.prove()
    await asyncio.gather(*(knocker.close() for knocker in knockers))
    await crew.close()
    refused = max(knocker.longest for knocker in knockers)
    print(
        f"{figures(crew.history, problems)}; refused within {refused:.2f} s; both nodes store"
        f" again {recovery:.2f} s after; all arrived within {settled:.2f} s"
    )
    assert problems[:20] == []
    assert refused < REFUSED_SECONDS
