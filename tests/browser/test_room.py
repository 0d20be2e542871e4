"""Room for files: what a person sees who has none left, and how they make some."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import TWO_NODES, enter, pair
from tests.browser.test_media import choose, paper, send
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

MOST = 1024 * 1024
"""Bytes of one person."""


def card(page: Page, name: str) -> Locator:
    """The message that shows a file."""
    return page.locator(".msg", has=page.locator(".filec", has_text=name))


def test_who_has_no_room_left_is_told_and_makes_some_by_taking_a_file_back(
    node: NodeFactory, mysql_url: str, new_page: Pages
) -> None:
    env = {**TWO_NODES, "IM_MEDIA_QUOTA_BYTES": str(MOST)}
    anna, bo, conversation = pair(*(node("--database", mysql_url, env=env).url for _ in range(2)))
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")
    send(choose(annas, paper("first.pdf", 700_000), by="Files"))
    expect(card(bos, "first.pdf")).to_be_visible()
    send(choose(annas, paper("second.pdf", 700_001), by="Files"))
    failed = annas.locator(".failed")
    expect(failed).to_contain_text("Your files take all the room there is for one person (1 MiB)")

    card(annas, "first.pdf").focus()
    card(annas, "first.pdf").press("Shift+F10")
    annas.get_by_role("menuitem", name="Recall").click()
    expect(card(bos, "first.pdf")).to_have_count(0)
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_have_count(0)
    with bos.expect_download() as saved:
        card(bos, "second.pdf").get_by_role("link", name="Download second.pdf").click()
    assert saved.value.path().stat().st_size == len(paper(size=700_001)["buffer"])
