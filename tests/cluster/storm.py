"""Nodes that die and come back, at random moments and at the worst ones."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Sequence

from im.store.faults import LOG_POINTS, POINTS
from tests.cluster.wait import until
from tests.services.node import Node

BATCHES = range(3, 30)
"""Which of the transactions after its start kills a node."""
ENTRIES = range(10, 150)
"""Which of its entries does."""
PATIENCE = 20.0
"""Seconds in which a planned death must come."""


async def death(node: Node, point: str, hit: int) -> None:
    """Wait until a node that was started with this fault has died of it.

    Raises ``TimeoutError``, or ``ServiceFailed`` when it ended by itself.
    """
    await until(lambda: not node.running, PATIENCE, f"the death of {node.url}, {point} {hit}")
    if node.process.returncode != -signal.SIGKILL:
        raise node.process.failure(f"ended by itself, not {point} {hit}")


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
            hit = self._rng.choice(BATCHES if point in LOG_POINTS else ENTRIES)
            node.process.environment["IM_NODE_FAULTS"] = f"kill:{point}:{hit}"
            node.start(wait=False)
            await death(node, point, hit)
            self.kills[point] += 1
            self.hits[point] = hit
        del node.process.environment["IM_NODE_FAULTS"]
        node.start(wait=False)
        await asyncio.to_thread(node.wait_ready)

    def __str__(self) -> str:
        deaths = [f"{point} {count}" for point, count in sorted(self.kills.items())]
        hits = [f"{point} at {hit}" for point, hit in sorted(self.hits.items())]
        return f"{self.kills.total()} kills ({', '.join(deaths)}; hits: {', '.join(hits)})"
