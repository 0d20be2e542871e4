"""The fixtures of ``tests.services``; ``tests/conftest.py`` makes them known everywhere."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.services.chromium import PAGES, BrowserThread, Pages
from tests.services.folder import sweep
from tests.services.mariadb import MariaDB
from tests.services.netns import Network, available, sweep_networks
from tests.services.node import NODES, NodeFactory
from tests.services.ports import PortReservations
from tests.services.redis_server import RedisServer
from tests.services.schema import Schema

BUILD = Path(__file__).resolve().parents[2] / "build"


@pytest.fixture(scope="session")
def ports() -> Iterator[PortReservations]:
    """``ports.reserve(span=1)``: free ports that no other test process is given."""
    reservations = PortReservations()
    yield reservations
    reservations.close()


@pytest.fixture(scope="session")
def swept() -> None:
    """What killed test runs left behind is gone."""
    sweep()


@pytest.fixture(scope="session")
def mariadb_server(ports: PortReservations, swept: None) -> Iterator[MariaDB]:
    """The session's MariaDB; tests use ``mariadb``, which sees to it that it runs."""
    server = MariaDB(ports)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def mariadb(mariadb_server: MariaDB) -> Iterator[MariaDB]:
    """A private MariaDB that runs, whatever the test before did to it."""
    mariadb_server.ensure_running()
    yield mariadb_server
    mariadb_server.cont()


@pytest.fixture
def mysql_url(mariadb: MariaDB) -> Iterator[str]:
    """The address of a new empty database, ``mysql://…``; dropped after the test."""
    url = mariadb.create_database()
    yield url
    mariadb.ensure_running()
    mariadb.drop_database(url)


@pytest.fixture
def nobody_listens(ports: PortReservations) -> str:
    """Host and port of a service that was never started: whoever connects is refused."""
    return f"127.0.0.1:{ports.reserve()}"


@pytest.fixture
def nobody_answers() -> Iterator[str]:
    """Host and port at which connections are made, and then nothing comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="session")
def redis_session(ports: PortReservations, swept: None) -> Iterator[RedisServer]:
    """The session's Redis; tests use ``redis_server``."""
    server = RedisServer(ports)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def redis_server(redis_session: RedisServer) -> Iterator[RedisServer]:
    """A private, empty Redis that runs, whatever the test before did to it."""
    redis_session.ensure_running()
    redis_session.flush()
    yield redis_session
    redis_session.cont()


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """The schema, to copy into new SQLite databases."""
    return Schema(tmp_path_factory.mktemp("schema"))


@pytest.fixture
def node(
    ports: PortReservations, swept: None, schema: Schema, request: pytest.FixtureRequest
) -> Iterator[NodeFactory]:
    """``node(*args, env=…)`` starts a ``run.py``; all are killed after the test.

    Those on a new SQLite database find the schema there.
    """
    factory = NodeFactory(ports, schema=schema)
    request.node.stash[NODES] = factory
    try:
        yield factory
    finally:
        factory.close()


@pytest.fixture
def netns(swept: None) -> Iterator[Callable[[int], Network]]:
    """``netns(3)`` makes a LAN of three machines; all are removed after the test. Root only."""
    if not available():
        pytest.skip("network namespaces need root on Linux")
    sweep_networks()
    networks: list[Network] = []

    def make(machines: int) -> Network:
        network = Network(machines)
        networks.append(network)
        return network

    try:
        yield make
    finally:
        for network in networks:
            network.close()


@pytest.fixture(scope="session")
def wscat() -> Path:
    """The program ``wscat`` that ``make test`` installed; skips where there is no Node.js."""
    if found := sorted(BUILD.glob("wscat-*/node_modules/.bin/wscat")):
        return found[-1]
    if shutil.which("npm"):
        pytest.fail("wscat is not installed: scripts/prepare-tests.sh does it")
    pytest.skip("wscat needs Node.js and npm")


@pytest.fixture(scope="session")
def browser_thread(swept: None) -> Iterator[BrowserThread]:
    """The thread of the session's Chromium."""
    thread = BrowserThread()
    yield thread
    thread.close()


@pytest.fixture
def chromium(browser_thread: BrowserThread) -> Browser:
    """Playwright's ``Browser``, the same for all tests. The test runs in the browser's thread."""
    return browser_thread.call(browser_thread.browser)


@pytest.fixture
def new_page(
    browser_thread: BrowserThread, chromium: Browser, request: pytest.FixtureRequest
) -> Iterator[Pages]:
    """``new_page(**context_options)``: a page as on a device of its own; closed after the test.

    In tests marked ``no_service_worker`` it has none, as at an address that isn't secure.
    """
    blocked = request.node.get_closest_marker("no_service_worker")
    pages = Pages(chromium, service_workers="block" if blocked else "allow")
    request.node.stash[PAGES] = pages
    yield pages
    browser_thread.call(pages.close)


@pytest.fixture
def page(browser_thread: BrowserThread, new_page: Pages) -> Page:
    """One page, wide enough for the desktop layout, in Chinese as the default user."""
    return browser_thread.call(
        lambda: new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    )
