"""The page opens without its server, and after an update never again as it was."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import (
    QUICK,
    bubble,
    enter,
    online,
    private,
    register,
    write,
)
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import RUN, NodeFactory
from tests.services.ports import PortReservations

CACHES = """async () => {
  const names = await caches.keys();
  const pages = names.filter((name) => name.startsWith("im-page-"));
  let kept = 0;
  for (const cacheName of pages) kept += (await caches.match("/toChat", { cacheName })) ? 1 : 0;
  const { installing, waiting, active } = (await navigator.serviceWorker.getRegistration()) ?? {};
  const workers = [installing, waiting, active].map((worker) => worker?.state ?? null);
  return { names: names.sort(), pages: kept, workers };
}"""

STORM = """() => {
  window.storming = true;
  const ask = async () => {
    const options = { cache: "no-store" };
    while (window.storming) await fetch("/static/favicon.svg", options).catch(() => {});
  };
  for (let number = 0; number < 4; number += 1) ask();
}"""
"""A page that asks its worker for files all the time."""
BEGUN = """async (version) => {
  (await navigator.serviceWorker.getRegistration()).active.postMessage({ type: "begun", version });
}"""


def until(page: Page, condition: Callable[[dict[str, Any]], bool]) -> None:
    """Wait for a state of the caches; the browser ends a worker when it sees fit."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if condition(page.evaluate(CACHES)):
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.evaluate(CACHES))


def kept(page: Page) -> None:
    """Wait until the browser has what it needs to open the page without its server."""
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    until(page, lambda caches: bool(caches["pages"] == 1))


def version_of(page: Page) -> str:
    found = page.evaluate("document.querySelector('link[rel=manifest]').href.split('/')[4]")
    assert isinstance(found, str)
    return found.removeprefix("v-")


def test_the_page_opens_without_its_server(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    kept(page)
    server.kill9()
    for address in ("/toChat#/settings/appearance", "/"):
        page.goto("about:blank")
        page.goto(server.url + address)
        expect(page.locator(".banner")).to_contain_text("Offline")
        if address != "/":
            expect(page.get_by_role("radio", name="Dark")).to_be_visible()
    page.goto(f"{server.url}/toChat#/chats/{private(anna, bo)}")
    page.goto(f"{server.url}/toChat#/chats/{private(anna, bo)}")
    write(page, "written without a server")
    server.start()
    online(page)
    expect(bubble(page, "written without a server").locator("use[href$='#check']")).to_be_attached(
        timeout=40_000
    )


def test_a_server_that_says_nothing_is_not_waited_for(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    page = new_page(locale="en-GB")
    enter(page, register(server.url, "Anna"))
    kept(page)
    server.stop()
    try:
        for address in ("/toChat", "/"):
            page.goto("about:blank")
            page.goto(server.url + address)
            expect(page.locator(".rail")).to_be_visible()
    finally:
        server.cont()
    online(page)


def test_who_logs_out_leaves_no_page_behind(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna = register(server.url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/devices")
    kept(page)
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page).to_have_url(f"{server.url}/")
    assert page.evaluate(CACHES)["pages"] == 0


def test_whose_session_was_ended_elsewhere_leaves_no_page_behind(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna = register(server.url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna)
    kept(page)
    page.goto("about:blank")
    anna.call("DELETE", "/sessions")
    page.goto(f"{server.url}/toChat")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")
    until(page, lambda caches: bool(caches["pages"] == 0))


@pytest.fixture
def installed(tmp_path: Path, ports: PortReservations) -> Iterator[tuple[NodeFactory, Path]]:
    """An installation of its own, whose files a test may change, and its folder."""
    home = tmp_path / "installed"
    for name in ("conf", "handlers", "im", "relay", "static", "templates"):
        shutil.copytree(
            RUN.parent / name, home / name, ignore=shutil.ignore_patterns("node_modules")
        )
    shutil.copy(RUN, home)
    factory = NodeFactory(ports, program=home / "run.py")
    yield factory, home
    factory.close()


def update(home: Path) -> None:
    """A new version of the page's files, which says so."""
    main = home / "static" / "app" / "main.js"
    text = main.read_text("utf-8")
    main.write_text(f"{text}\ndocument.documentElement.dataset.updated = 'yes';\n", "utf-8")


def test_a_new_version_is_offered_and_takes_over_without_losing_what_was_written(
    installed: tuple[NodeFactory, Path], new_page: Pages
) -> None:
    factory, home = installed
    server = factory(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    kept(page)
    before = version_of(page)
    # Another tab that is not touched goes on with the files that it began with.
    other = page.context.new_page()
    other.goto(f"{server.url}/toChat")
    online(other)

    server.kill9()
    write(page, "waiting")
    page.locator(".comp textarea").fill("a draft")
    update(home)
    server.start()
    offer = page.locator(".new-version")
    expect(offer).to_contain_text("There is a new version", timeout=60_000)
    assert violations(page) == []
    expect(page.locator("html")).not_to_have_attribute("data-updated", "yes")
    offer.get_by_role("button", name="Load it").click()
    expect(page.locator("html")).to_have_attribute("data-updated", "yes")
    online(page)
    after = version_of(page)
    assert after != before
    expect(page.locator(".comp textarea")).to_have_value("a draft")
    expect(bubble(page, "waiting")).to_have_count(1)
    expect(offer).to_have_count(0)

    # The files of the version before go with the last page that runs on them.
    until(page, lambda caches: bool(f"im-page-{before}" not in caches["names"]))
    assert f"im-files-{before}" in page.evaluate(CACHES)["names"]
    other.get_by_role("link", name="Groups").click()
    expect(other.get_by_role("heading", name="Groups", level=2)).to_be_visible()
    other.close()
    page.reload()
    names = [f"im-files-{after}", f"im-page-{after}"]
    until(page, lambda caches: bool(caches["names"] == names))

    # Without a server the new one opens.
    kept(page)
    server.kill9()
    page.reload()
    expect(page.locator(".banner")).to_contain_text("Offline")
    expect(page.locator("html")).to_have_attribute("data-updated", "yes")
    assert version_of(page) == after


def test_a_new_version_takes_over_whatever_is_asked_of_the_one_before(
    installed: tuple[NodeFactory, Path], new_page: Pages
) -> None:
    factory, home = installed
    server = factory(env=QUICK)
    anna = register(server.url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna)
    kept(page)
    before = version_of(page)
    update(home)
    page.evaluate(STORM)
    server.restart()
    until(page, lambda caches: bool(caches["pages"] == 2 or before not in str(caches)))
    # A page of the version before that opens meanwhile leaves the new one its files.
    page.evaluate(BEGUN, before)
    page.evaluate("window.storming = false")
    until(
        page,
        lambda caches: (
            caches["workers"] == [None, None, "activated"]
            and f"im-page-{before}" not in caches["names"]
        ),
    )
    server.kill9()
    page.reload()
    expect(page.locator(".banner")).to_contain_text("Offline")
    expect(page.locator("html")).to_have_attribute("data-updated", "yes")


def test_with_a_server_the_page_is_always_the_servers(
    installed: tuple[NodeFactory, Path], new_page: Pages
) -> None:
    factory, home = installed
    server = factory(env=QUICK)
    anna = register(server.url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna)
    kept(page)
    page.goto("about:blank")
    update(home)
    server.restart()
    page.goto(f"{server.url}/toChat")
    expect(page.locator("html")).to_have_attribute("data-updated", "yes")
    online(page)
