"""What several tests of the page begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.lan import Computer, Lan
from tests.browser.people import TWO_NODES
from tests.services.chromium import BrowserThread, Pages
from tests.services.mariadb import MariaDB
from tests.services.netns import Namespace, Network
from tests.services.node import NodeFactory
from tests.services.process import wait_until
from tests.services.schema import make_schema


@pytest.fixture
def urls(node: NodeFactory, mysql_url: str) -> tuple[str, str]:
    """Two nodes with one database, started at once, that hear each other."""
    make_schema(mysql_url)
    first, second = (node("--database", mysql_url, env=TWO_NODES, wait=False) for _ in range(2))
    for each in (first, second):
        each.wait_ready()
    wait_until(lambda: "is up" in first.log and "is up" in second.log, what="the other node")
    return first.url, second.url


@pytest.fixture
def new_computer(
    browser_thread: BrowserThread, new_page: Pages, tmp_path: Path
) -> Iterator[Callable[..., Computer]]:
    """``new_computer(machine)``: with a browser of its own there, or on this machine."""
    computers: list[Computer] = []

    def make(machine: Namespace | None = None) -> Computer:
        home = tmp_path / f"home-{len(computers)}"
        computers.append(Computer(browser_thread, new_page, home, machine))
        return computers[-1]

    yield make
    for computer in computers:
        computer.close()


@pytest.fixture
def lan(
    node: NodeFactory,
    netns: Callable[[int], Network],
    mariadb: MariaDB,
    mysql_url: str,
    new_computer: Callable[[Namespace], Computer],
) -> Lan:
    """Two nodes as they start by themselves, and two computers that trust nobody yet."""
    network = netns(4)
    network.forward(mariadb.port)
    url = mysql_url.replace("@127.0.0.1:", f"@{network.host_address}:")
    env = {**TWO_NODES, "IM_DATABASE_URL": url, "IM_HTTP_ADDRESS": "0.0.0.0"}
    first, second, *theirs = network.machines
    one = node(env={**env, "IM_NODE_NAME": "one"}, namespace=first)
    other = node(env={**env, "IM_NODE_NAME": "other"}, namespace=second)
    annas, bos = (new_computer(machine) for machine in theirs)
    return Lan((one, other), (annas, bos), network.machines)
