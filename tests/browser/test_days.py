"""When it was said: each day begins with its name, in the reader's language."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.people import QUICK, bubble, enter, pair
from tests.browser.test_retention import DAY_MS, change
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


@pytest.mark.parametrize(
    ("locale", "language", "yesterday", "today"),
    [("en-GB", "en", "Yesterday", "Today · "), ("zh-CN", "zh", "昨天", "今天 · ")],
)
def test_each_day_of_a_talk_begins_with_its_name(
    node: NodeFactory, new_page: Pages, locale: str, language: str, yesterday: str, today: str
) -> None:
    server = node(env=QUICK)
    anna, bo, conversation = pair(server.url)
    anna.call("PATCH", "/me", {"language": language})
    for text in ("long ago", "the day before", "now", "and now"):
        bo.send(f"u:{anna.id}", text)
    for seq, days in ((1, 400), (2, 1)):
        before = "UPDATE message SET created_at = created_at - ? WHERE seq = ?"
        change(server, before, days * DAY_MS, seq)
    page = new_page(locale=locale)
    enter(page, anna, f"chats/{conversation}")
    expect(bubble(page, "and now")).to_be_visible()
    days = page.locator(".log .day")
    expect(days).to_have_count(3)
    year = page.evaluate("(days) => new Date(Date.now() - days).getFullYear()", 400 * DAY_MS)
    expect(days.nth(0)).to_contain_text(str(year))
    expect(days.nth(1)).to_have_text(yesterday)
    expect(days.nth(2)).to_contain_text(today)
    order = page.locator(".log .day, .log .tx").evaluate_all(
        "(all) => all.map((each) => each.className)"
    )
    assert order == ["day", "tx", "day", "tx", "day", "tx", "tx"]
