"""Nodes that die and come back, at random moments and at the worst ones."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from im.store.faults import POINTS
from tests.services.node import Node

BATCHES = range(3, 30)
"""Which of the transactions after its start kills a node."""
ENTRIES = range(10, 150)
"""Which of its committed entries does."""
PATIENCE = 20.0
"""Seconds in which a planned death must come."""
BY_ENTRY = ("before_dispatch", "before_publish", "after_publish")


class Storm:
    """Kills two nodes again and again: once at each point of a message's way, and at any moment.

    Attributes:
        kills: deaths by the point at which they came; ``any`` is a kill from outside.
        hits: which time the point was passed.
    """

    def __init__(self, nodes: Sequence[Node], rng: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self.hits: dict[str, int] = {}
        self._rng = rng
        self._nodes = list(nodes)
        points = list(POINTS)
        rng.shuffle(points)
        self._points = {node: points[turn :: len(nodes)] for turn, node in enumerate(nodes)}

    async def rage(self) -> None:
        """Until each node has died from outside once and at each of its points."""
        await asyncio.gather(*(self._suffer(node) for node in self._nodes))

    async def _suffer(self, node: Node) -> None:
        await asyncio.sleep(self._rng.uniform(0.5, 2.0))
        node.kill9()
        self.kills["any"] += 1
        for point in self._points[node]:
            hit = self._rng.choice(ENTRIES if point in BY_ENTRY else BATCHES)
            node.process.environment["IM_NODE_FAULTS"] = f"kill:{point}:{hit}"
            node.start(wait=False)
            end = time.monotonic() + PATIENCE
            while node.running:
                if time.monotonic() > end:
                    raise TimeoutError(f"{node.url} was not killed {point} {hit} in time")
                await asyncio.sleep(0.02)
            if node.process.returncode != -signal.SIGKILL:
                raise node.process.failure(f"ended by itself, not {point} {hit}")
            self.kills[point] += 1
            self.hits[point] = hit
        del node.process.environment["IM_NODE_FAULTS"]
        node.start(wait=False)
        await asyncio.to_thread(node.wait_ready)

    def __str__(self) -> str:
        deaths = [f"{point} {count}" for point, count in sorted(self.kills.items())]
        hits = [f"{point} at {hit}" for point, hit in sorted(self.hits.items())]
        return f"{self.kills.total()} kills ({', '.join(deaths)}; hits: {', '.join(hits)})"
