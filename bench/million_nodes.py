"""A cluster of nodes on one database of their own, on this machine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType

from bench.million_machine import POOL, Plan
from tests.cluster.figures import read_figures
from tests.services.mariadb import MariaDB
from tests.services.node import READY_TIMEOUT, RELAY_SPAN, RUN, Node
from tests.services.ports import PortReservations

START_SECONDS = 120
LOOK_SECONDS = 0.1
RECHECK_SECONDS = 300
"""Between two looks of a node at the memberships of all its people
(``sessions.recheck_seconds``). Only what the relay has lost needs one; all nodes share one machine
here."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Seconds of silence after which a connection is pinged, and is dead."""

    ping: float
    dead: float


class RunningNode:
    """A node with figures."""

    def __init__(self, node: Node, figures_port: int) -> None:
        self.node = node
        self._figures = f"http://127.0.0.1:{figures_port}"

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self.node.process.pid

    def figures(self) -> Counter[str]:
        """What it says of itself. Raises ``OSError`` as long as it does not."""
        return read_figures(self._figures)

    def hears(self, others: int) -> bool:
        """Whether it is there and hears so many others."""
        with suppress(OSError):
            return self.figures()["members"] >= others
        return False

    def restart(self, *, kill: bool) -> None:
        """End it as an operator does, or by SIGKILL, and start it again. Returns when it is there
        again."""
        self.node.restart(kill=kill, wait=False)
        self.node.wait_ready(START_SECONDS)


@contextmanager
def database(plan: Plan) -> Iterator[MariaDB]:
    """A server with room for all connections of the nodes and for what is looked up most."""
    size = max(64, plan.people // 1000)
    options = (
        f"--max-connections={plan.database_connections}",
        f"--innodb-buffer-pool-size={size}M",
        f"--innodb-log-file-size={max(32, size // 8)}M",
    )
    mariadb = MariaDB(PortReservations(), options)
    try:
        mariadb.start()
        yield mariadb
    finally:
        mariadb.close()


@contextmanager
def cluster(
    plan: Plan,
    url: str,
    heartbeat: Heartbeat,
    at_once: int,
    progress: Callable[[int], None],
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[list[RunningNode]]:
    """All nodes, when each hears all others; killed at the end, for nothing of theirs is kept.

    ``settings``: ``IM_…``, besides what all have.
    """
    ports = PortReservations()
    environment = {
        "IM_DATABASE_URL": url,
        "IM_DATABASE_POOL": str(POOL),
        "IM_HTTP_ANNOUNCE": "false",
        # All people of a node come from one address here.
        "IM_HTTP_MAX_CONNECTIONS": str(plan.each + 100),
        "IM_HTTP_MAX_CONNECTIONS_PER_ADDRESS": str(plan.each + 100),
        "IM_LOG_LEVEL": "warning",
        "IM_RELAY_INTERFACE": "lo",
        "IM_SESSIONS_RECHECK_SECONDS": str(RECHECK_SECONDS),
        "IM_RELAY_PORT": str(ports.reserve(RELAY_SPAN)),
        "IM_SOCKETS_PING_SECONDS": str(heartbeat.ping),
        "IM_SOCKETS_DEAD_SECONDS": str(heartbeat.dead),
        **settings,
    }
    with ExitStack() as stack:
        running: list[RunningNode] = []
        for number in range(plan.nodes):
            own = ports.reserve()
            node = Node(ports, (), {**environment, "IM_METRICS_PORT": str(own)}, program=RUN)
            stack.callback(node.close)
            node.start(wait=False)
            running.append(RunningNode(node, own))
            if number >= at_once:
                running[number - at_once].node.wait_ready(START_SECONDS)
                progress(number - at_once + 1)
        _wait_for_mesh(running, progress)
        yield running


def _wait_for_mesh(running: Sequence[RunningNode], progress: Callable[[int], None]) -> None:
    """Return when all nodes hear all others."""
    end = time.monotonic() + max(START_SECONDS, READY_TIMEOUT)
    left = list(running)
    while left:
        left = [each for each in left if not each.hears(len(running) - 1)]
        progress(len(running) - len(left))
        if time.monotonic() > end:
            raise RuntimeError(f"{len(left)} nodes do not hear the others:\n{left[0].node.log}")
        time.sleep(LOOK_SECONDS)
