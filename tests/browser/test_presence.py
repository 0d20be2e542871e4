"""Who is there: a ring for those away, on whichever node, and words for both."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.people import TWO_NODES, befriend, enter, row, spread
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

UNUSED_MS = 300_000


def test_a_page_that_lies_unused_shows_its_person_as_away_on_the_other_node(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    befriend(anna, bo)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    bos.clock.install()
    enter(bos, bo)
    bos.wait_for_load_state("networkidle")
    enter(annas, anna, "contacts")
    theirs = row(annas, "Bo")
    expect(theirs.locator(".pv")).to_have_text("online")
    expect(theirs.locator(".dot.online")).to_be_visible()
    bos.clock.fast_forward(UNUSED_MS + 1_000)
    expect(theirs.locator(".pv")).to_contain_text("away · last seen")
    expect(theirs.locator(".dot.away")).to_be_visible()
    theirs.click()
    expect(annas.locator(".kv")).to_contain_text("away · last seen")
    bos.mouse.move(100, 100)
    bos.mouse.move(110, 110)
    expect(annas.locator(".kv")).to_contain_text("online")
    expect(theirs.locator(".dot.online")).to_be_visible()


def test_who_has_gone_is_shown_with_when_they_were_last_seen(
    node: NodeFactory, mysql_url: str, new_page: Pages
) -> None:
    env = {**TWO_NODES, "IM_SOCKETS_GRACE_SECONDS": "0"}
    anna, bo = spread([node("--database", mysql_url, env=env).url for _ in range(2)], "Anna", "Bo")
    befriend(anna, bo)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo)
    enter(annas, anna, "contacts")
    theirs = row(annas, "Bo")
    expect(theirs.locator(".pv")).to_have_text("online")
    bos.context.close()
    expect(theirs.locator(".pv")).to_have_text("last seen just now")
    expect(theirs.locator(".dot.online, .dot.away")).to_have_count(0)
    annas.reload()
    expect(theirs.locator(".pv")).to_have_text("last seen just now")
    theirs.click()
    expect(annas.locator(".kv")).to_contain_text("last seen just now")
