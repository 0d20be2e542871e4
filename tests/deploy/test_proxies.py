"""nginx and haproxy as ``deploy/`` has them: people come through them, and a node may go."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import ssl
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets
from playwright.sync_api import expect

from im.client import Client, Message
from tests.browser.people import online
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.wait import until
from tests.deploy.proxies import Proxy, proxy
from tests.services.chromium import Pages
from tests.services.mariadb import MariaDB
from tests.services.node import Node, NodeFactory
from tests.services.ports import PortReservations

pytestmark = pytest.mark.timeout(120)

BEHIND = {"IM_HTTP_TRUSTED_PROXIES": "127.0.0.1", "IM_TLS_ENABLED": "false", **SETTINGS}
"""What the files ask of the nodes."""
ELSEWHERE = "127.0.0.2"
"""A client's address that is not the proxy's."""


@pytest.fixture
def nodes(node: NodeFactory, tmp_path: Path) -> list[Node]:
    """Two nodes on one database."""
    env = {
        "IM_DATABASE_URL": f"sqlite:///{tmp_path / 'im.db'}",
        "IM_NODE_DRAIN_SECONDS": "3",
        **BEHIND,
    }
    started = [node(env=env, wait=False) for _ in range(2)]
    for one in started:
        one.wait_ready()
    return started


@pytest.fixture(params=["nginx", "haproxy"])
def before(
    request: pytest.FixtureRequest, ports: PortReservations, nodes: list[Node]
) -> Iterator[Proxy]:
    """A proxy before the two."""
    with proxy(request.param, ports, nodes) as started:
        yield started


def asked(
    one: Proxy, method: str, path: str, body: Any = None, **headers: str
) -> tuple[http.client.HTTPResponse, Any]:
    """An answer and its JSON, as a client from elsewhere gets it."""
    connection = http.client.HTTPSConnection(
        *("localhost", one.port),
        context=ssl.create_default_context(cafile=one.certificate),
        source_address=(ELSEWHERE, 0),
        timeout=20,
    )
    try:
        sent = None if body is None else json.dumps(body)
        head = {"Content-Type": "application/json", **headers}
        connection.request(method, path, sent, head)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    is_json = response.headers.get_content_type() == "application/json"
    return response, json.loads(content) if is_json else content


def test_the_node_sees_who_comes_and_that_they_came_by_tls(before: Proxy) -> None:
    lie = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"}
    who = {"name": "anna", "password": PASSWORD, "repassword": PASSWORD}
    _, answer = asked(before, "POST", "/api/register", who, **lie)
    token = f"Bearer {answer['data']['token']}"
    _, found = asked(before, "GET", "/api/sessions", Authorization=token, **lie)
    assert [each["address"] for each in found["data"]["sessions"]] == [ELSEWHERE]
    page, _ = asked(before, "GET", "/login", **lie)
    assert "__Host-_xsrf=" in page.headers["Set-Cookie"], "cookies are for TLS alone"

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **words: object) -> None:
            return None

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)
    with pytest.raises(urllib.error.HTTPError) as led:
        opener.open(f"{before.plain_url}/toChat?x=1", timeout=20)
    assert led.value.code == 308
    assert led.value.headers["Location"] == f"{before.url}/toChat?x=1"

    async def open_from(origin: str) -> None:
        async with websockets.connect(
            f"wss://localhost:{before.port}/ws",
            ssl=ssl.create_default_context(cafile=before.certificate),
            origin=websockets.Origin(origin),
            additional_headers={"Authorization": token},
            proxy=None,
        ) as socket:
            assert json.loads(await socket.recv())["op"] == "welcome"

    asyncio.run(open_from(before.url))
    with pytest.raises(websockets.InvalidStatus, match="403"):
        asyncio.run(open_from("https://elsewhere.example"))


def test_a_browser_registers_and_writes_through_it(before: Proxy, new_page: Pages) -> None:
    page = new_page(ignore_https_errors=True, locale="en-US")
    page.goto(f"{before.url}/toRegister")
    hop = page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
    assert hop == "h2", "many small files come on one connection"
    page.fill("#name", "anna")
    page.fill("#password", PASSWORD)
    page.fill("#repassword", PASSWORD)
    page.click("form[action='/register'] button.primary")
    page.wait_for_url("**/toChat**")
    online(page)
    page.evaluate("location.hash = '#/chats/all'")
    page.fill(".chat textarea", "hello")
    page.press(".chat textarea", "Enter")
    expect(page.locator(".chat .msg .tx")).to_have_text(["hello"])
    page.reload()
    expect(page.locator(".chat .msg .tx")).to_have_text(["hello"])


@asynccontextmanager
async def callers(one: Proxy) -> AsyncIterator[Counter[str]]:
    """Meanwhile somebody asks for a page again and again; what became of it."""
    answers: Counter[str] = Counter()
    over = False

    async def call() -> None:
        while not over:
            try:
                response, _ = await asyncio.to_thread(asked, one, "GET", "/login")
                answers[str(response.status)] += 1
            except OSError as error:
                answers[type(error).__name__] += 1

    calling = asyncio.create_task(call())
    try:
        yield answers
    finally:
        over = True
        await calling


def test_a_node_that_drains_or_is_killed_is_passed_by_and_people_go_on(
    before: Proxy, nodes: list[Node]
) -> None:
    async def run() -> None:
        people = [
            await Client.register([before.url], f"person {number}", PASSWORD, before.certificate)
            for number in range(4)
        ]
        for person in people:
            await person.start()
        entries = [person.entries() for person in people]
        said = 0

        async def talk() -> None:
            nonlocal said
            for person in people:
                said += 1
                await person.send("all", f"word {said}")
            for reading in entries:
                heard = [await asyncio.wait_for(anext(reading), 20) for _ in people]
                texts = [each.text for each in heard if isinstance(each, Message)]
                assert texts == [f"word {said - 3 + place}" for place in range(4)]

        def moved() -> int:
            return sum(person.connections for person in people)

        await talk()
        # More than what proxies and servers allow unless they are told: nginx 1 MiB.
        await people[0].send_file("all", os.urandom(3 * 1024 * 1024), name="large.bin")
        for reading in entries:
            await asyncio.wait_for(anext(reading), 20)

        came = moved()
        async with callers(before) as answers:
            await until(lambda: answers.total() > 3)
            os.kill(nodes[0].process.pid, signal.SIGTERM)
            await until(lambda: not nodes[0].running, what="the drain")
            await until(lambda: moved() > came, what="who was there, elsewhere")
            seen = answers.total()
            await until(lambda: answers.total() > seen + 3)
        assert set(answers) == {"200"}, "nobody noticed but by a broken socket"
        await talk()

        nodes[0].start()
        came = moved()
        nodes[1].kill9()
        await until(lambda: moved() > came, what="who was there, elsewhere")
        await talk()
        response, _ = await asyncio.to_thread(asked, before, "GET", "/login")
        assert response.status == 200
        for person in people:
            await person.close()

    asyncio.run(run())


def test_where_no_node_is_ready_a_node_says_why(
    node: NodeFactory, ports: PortReservations, mariadb: MariaDB, mysql_url: str
) -> None:
    one = node(env={"IM_DATABASE_URL": mysql_url, **BEHIND})
    with proxy("haproxy", ports, [one, one]) as started:
        who = {"name": "anna", "password": PASSWORD, "repassword": PASSWORD}
        assert asked(started, "POST", "/api/register", who)[0].status == 200
        mariadb.stop()
        response, answer = asked(started, "GET", "/readyz")
        assert (response.status, answer["reasons"]) == (503, ["database"])
        response, answer = asked(started, "POST", "/api/login", who)
        assert (response.status, answer["error"]) == (503, "unavailable")
