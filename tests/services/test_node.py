"""The launcher of nodes, with a small program in the place of ``run.py``."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.netns import Network
from tests.services.node import Node, NodeFactory
from tests.services.ports import PortReservations
from tests.services.process import ServiceFailed

PROGRAM = Path(__file__).with_name("small_server.py")


@pytest.fixture
def launch(ports: PortReservations) -> Iterator[NodeFactory]:
    factory = NodeFactory(ports, PROGRAM)
    yield factory
    factory.close()


def answer(node: Node) -> Any:
    """What the program says of itself."""
    with urllib.request.urlopen(node.url, timeout=30) as response:
        return json.load(response)


def test_a_node_gets_its_arguments_and_an_environment_of_its_own(
    launch: NodeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IM_REDIS_URL", "redis://of.the.developer")
    first = launch("--workers", "2", env={"IM_CHAT_STRANGERS": "refuse"})
    second = launch()
    said = answer(first)
    assert said["args"] == ["--workers", "2"]
    assert said["env"]["IM_CHAT_STRANGERS"] == "refuse"
    assert said["env"]["IM_HTTP_PORT"] == str(first.port)
    assert "IM_REDIS_URL" not in said["env"]
    assert first.port != second.port
    assert first.data != second.data
    assert said["env"]["IM_RELAY_PORT"] == answer(second)["env"]["IM_RELAY_PORT"]


def test_it_returns_when_the_node_is_ready(launch: NodeFactory) -> None:
    node = launch(env={"READY_AFTER": "0.5"}, wait=False)
    assert not node.ready()
    node.wait_ready()
    assert node.ready()


def test_a_restart_keeps_port_and_data(launch: NodeFactory) -> None:
    node = launch()
    port, pid = node.port, node.process.pid
    (node.data / "im.db").write_text("kept")
    node.restart()
    assert "drained" in node.log
    node.restart(kill=True)
    assert node.log.count("drained") == 1
    assert (node.port, (node.data / "im.db").read_text()) == (port, "kept")
    assert node.process.pid != pid
    assert node.terminate() == 0


def test_a_killed_node_refuses_and_a_stopped_one_is_silent(launch: NodeFactory) -> None:
    node = launch()
    node.stop()
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(node.url, timeout=0.3)
    node.cont()
    assert node.ready()
    node.kill9()
    assert not node.running
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(node.url, timeout=30)


def test_a_node_that_does_not_start_shows_why(launch: NodeFactory) -> None:
    with pytest.raises(ServiceFailed, match="could not convert string to float: 'soon'"):
        launch(env={"READY_AFTER": "soon"})


def test_nodes_of_a_network_are_reached_at_their_addresses(
    launch: NodeFactory, netns: Callable[[int], Network]
) -> None:
    network = netns(2)
    nodes = [launch(namespace=machine) for machine in network.machines]
    for node, machine in zip(nodes, network.machines, strict=True):
        assert node.host == machine.address
        assert answer(node)["env"]["IM_HTTP_ADDRESS"] == machine.address
