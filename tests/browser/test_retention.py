"""How long messages are kept: said by administrators, seen in every chat, kept in no browser."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.people import QUICK, befriend, bubble, enter, private, register
from tests.browser.test_administration import confirm
from tests.browser.test_kept import texts, until
from tests.services.chromium import Pages
from tests.services.node import Node, NodeFactory

DAY_MS = 86_400_000


def change(node: Node, sql: str, *values: object) -> None:
    """Change the node's database, beside it."""
    with closing(sqlite3.connect(node.data / "im.db", timeout=10)) as database, database:
        database.execute(sql, values)


def test_what_expires_leaves_the_page_and_the_browser(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna, bo, cleo = (register(server.url, name) for name in ("Anna", "Bo", "Cleo"))
    befriend(anna, bo)
    befriend(anna, cleo)
    for text in ("first", "second"):
        bo.send(f"u:{anna.id}", text)
    change(server, "UPDATE message SET created_at = created_at - ?", 40 * DAY_MS)
    bo.send(f"u:{anna.id}", "young")
    cleo.send(f"u:{anna.id}", "hello")
    conversation = private(anna, bo)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    expect(bubble(page, "second")).to_be_visible()
    until(page, lambda: texts(page, anna, conversation) == ["first", "second", "young"])

    # As after 24 hours: a rule holds. A longer one holds at once, and all are told.
    change(
        server,
        "INSERT INTO cluster (name, value, created_at) VALUES ('retention', ?, 0)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        b'{"days":29,"changed":29}',
    )
    anna.call("PUT", "/admin/retention", {"messages_days": 30})
    expect(page.get_by_text("Messages were removed here after 30 days")).to_have_count(1)
    expect(bubble(page, "young")).to_be_visible()
    expect(bubble(page, "second")).to_have_count(0)
    until(page, lambda: texts(page, anna, conversation) == ["", "", "young"])
    page.goto(f"{server.url}/toChat#/chats/{private(anna, cleo)}")
    expect(bubble(page, "hello")).to_be_visible()
    expect(page.get_by_text("Messages are kept for 30 days")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1440])
def test_less_is_kept_only_after_a_day_and_can_be_undone(
    node: NodeFactory, new_page: Pages, width: int
) -> None:
    server = node(env=QUICK)
    master, bo = (register(server.url, name) for name in ("Master", "Bo"))
    befriend(master, bo)
    bo.send(f"u:{master.id}", "old")
    change(server, "UPDATE message SET created_at = created_at - ?", 40 * DAY_MS)
    change(server, "UPDATE conversation SET kept_from = kept_from - ?", 40 * DAY_MS)
    page = new_page(locale="en-GB", viewport={"width": width, "height": 800})
    enter(page, master, "admin/limits")
    card = page.get_by_role("region", name="How long messages are kept")
    expect(card.get_by_text("Kept for ever")).to_be_visible()
    card.get_by_label("Days").fill("x")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_text("A whole number")).to_be_visible()
    card.get_by_label("Days").fill("30")
    card.get_by_role("button", name="Save").click()
    expect(page.locator("dialog")).to_contain_text("1 message is older now")
    confirm(page, "Remove what is older")
    expect(
        card.get_by_text("messages are kept for 30 days. Until then nothing goes")
    ).to_be_visible()
    assert master.call("GET", "/admin/retention")["messages_days"] == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_text("Until then nothing goes")).to_have_count(0)
    assert master.call("GET", "/admin/retention")["planned"] is None
