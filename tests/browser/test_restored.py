"""After a backup was restored the page shows what the node has, not what it had kept of before."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.people import QUICK, befriend, bubble, enter, online, private, register, until
from tests.browser.test_kept import texts
from tests.cluster.archives import run
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def test_numbers_given_anew_are_not_mixed_up_with_what_pages_kept(
    node: NodeFactory, new_page: Pages, tmp_path: Path
) -> None:
    before, after = (f"sqlite:///{tmp_path / name / 'im.db'}" for name in ("before", "after"))
    (tmp_path / "before").mkdir()
    server = node(env={**QUICK, "IM_DATABASE_URL": before})
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    befriend(anna, bo)
    conversation = private(anna, bo)
    bo.send(f"u:{anna.id}", "first")
    open_page, closed_page = new_page(locale="en-GB"), new_page(locale="en-GB")
    for page in (open_page, closed_page):
        enter(page, anna, f"chats/{conversation}")
    run(before, "backup", str(tmp_path / "backup.tar.gz"))
    for text in ("lost second", "lost third"):
        bo.send(f"u:{anna.id}", text)
    for page in (open_page, closed_page):
        expect(bubble(page, "lost third")).to_be_visible()
        until(page, lambda: len(texts(page, anna, conversation)) == 3)  # noqa: B023
    place = closed_page.url
    closed_page.goto("about:blank")
    server.kill9()
    expect(open_page.locator(".banner")).to_contain_text("Offline")
    open_page.locator(".comp textarea").fill("written meanwhile")
    open_page.locator(".comp textarea").press("Enter")
    run(after, "restore", str(tmp_path / "backup.tar.gz"))
    server.process.environment["IM_DATABASE_URL"] = after
    server.start()

    closed_page.goto(place)
    until(open_page, lambda: len(bo.call("GET", f"/messages?conv={conversation}")["entries"]) == 2)
    assert bo.send(f"u:{anna.id}", "another third") == 3
    for page in (open_page, closed_page):
        expect(bubble(page, "another third")).to_be_visible(timeout=40_000)
        expect(bubble(page, "written meanwhile")).to_have_count(1)
        expect(bubble(page, "first")).to_have_count(1)
        expect(page.get_by_text("lost")).to_have_count(0)
        online(page)
        kept = ["first", "written meanwhile", "another third"]
        until(page, lambda: texts(page, anna, conversation) == kept)  # noqa: B023
