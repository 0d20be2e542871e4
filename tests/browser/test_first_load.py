"""What a first visit costs on the wire."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.people import PASSWORD, QUICK, bubble, pair
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

FIRST_LOAD = 150 * 1024
"""Bytes."""
NEVER_IDLE = "window.requestIdleCallback = () => 0"
"""What comes when the browser has nothing else to do is no part of the first load."""


class Wire:
    """Counts what comes for a page as Chromium does: status line, headers, and body as sent."""

    def __init__(self, page: Page) -> None:
        self._names: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._came)
        session.send("Network.enable")

    def _answered(self, event: dict[str, Any]) -> None:
        self._names[event["requestId"]] = event["response"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        name = self._names[event["requestId"]].rpartition("/static/v-")[2].partition("/")[2]
        self.sizes[name] = self.sizes.get(name, 0) + int(event["encodedDataLength"])


def test_a_first_visit_with_a_chat_open_is_light(node: NodeFactory, new_page: Pages) -> None:
    """The page itself, scripts, styles, sentences, icons and the API's answers, with all headers.

    In Chinese, whose sentences weigh more. Left out: what the WebSocket says, which depends on what
    people have said, and what the browser fetches when it is idle.
    """
    server = node(env=QUICK)
    bo, anna, conv = pair(server.url)
    anna.call("PATCH", "/me", {"language": "zh"})
    bo.send(f"u:{anna.id}", "hello")
    page = new_page(service_workers="block")
    page.add_init_script(NEVER_IDLE)
    answer = page.context.request.post(
        f"{anna.url}/api/login", data={"name": anna.name, "password": PASSWORD}
    )
    assert answer.ok, answer.text()
    wire = Wire(page)
    page.goto(f"{server.url}/toChat#/chats/{conv}")
    expect(bubble(page, "hello")).to_be_visible()
    expect(page.locator(".comp textarea")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert {"sentences/zh-first.js", "app/ui/chat/chat.js", "icons.svg"} <= wire.sizes.keys()
    assert "sentences/zh-later.js" not in wire.sizes
    heaviest = sorted(wire.sizes.items(), key=lambda part: -part[1])
    print(len(wire.sizes), sum(wire.sizes.values()), heaviest[:12])
    assert sum(wire.sizes.values()) <= FIRST_LOAD, heaviest
