"""Nodes on the machines of a LAN."""

from __future__ import annotations

from tests.cluster.crew import SETTINGS
from tests.services.netns import Network
from tests.services.node import Node, NodeFactory


def start_on(node: NodeFactory, network: Network, url: str) -> list[Node]:
    """A node on each machine."""
    env = {"IM_DATABASE_URL": url, **SETTINGS}
    return [node(env=env, namespace=machine) for machine in network.machines]
