"""Two nodes that talk to each other over Redis, on one embedded database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.cluster.crew import SETTINGS
from tests.services.node import Node, NodeFactory


def over_redis(
    node: NodeFactory, folder: Path, redis_url: str, more: Mapping[str, str] | None = None
) -> tuple[str, list[Node]]:
    """The database's address, and the nodes when they are ready; ``more`` is of their settings."""
    url = f"sqlite:///{folder / 'im.db'}"
    env = {
        "IM_DATABASE_URL": url,
        "IM_RELAY_BUS": "redis",
        "IM_REDIS_URL": redis_url,
        **SETTINGS,
        **(more or {}),
    }
    nodes = [node(env=env, wait=False), node(env=env)]
    for one in nodes:
        one.wait_ready()
    return url, nodes
