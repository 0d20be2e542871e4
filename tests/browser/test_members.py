"""The members of a large group: as many as one scrolls to, or those that one looks for."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from playwright.sync_api import expect

from tests.browser.keys import sit_down
from tests.browser.people import QUICK, enter, register
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import Node, NodeFactory

CROWD = 1_200


def crowd(node: Node, group: int) -> None:
    """So many members more, beside the node."""
    with closing(sqlite3.connect(node.data / "im.db", timeout=10)) as database, database:
        (talk,) = database.execute(
            "SELECT id FROM conversation WHERE name = ?", (f"g:{group}",)
        ).fetchone()
        people = [(number, f"Walker {number}") for number in range(1000, 1000 + CROWD)]
        database.executemany(
            "INSERT INTO user_basic (id, name, name_folded, created_at, updated_at)"
            " VALUES (?, ?, lower(?), 1, 1)",
            [(number, name, name) for number, name in people],
        )
        database.executemany(
            "INSERT INTO member (conversation_id, user_id, joined_seq, changed_at)"
            " VALUES (?, ?, ?, 1)",
            [(talk, number, number) for number, _ in people],
        )


def test_the_list_goes_on_as_one_scrolls_and_finds_who_is_far_down(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    body = {"name": "Walkers", "members": [bo.id]}
    group = anna.call("POST", "/groups", body)["id"]
    crowd(server, group)
    page = new_page(locale="en-GB")
    enter(page, anna, f"groups/{group}")
    members = page.locator(".mem")
    expect(members).to_have_count(8)
    page.get_by_role("button", name="Show all").click()
    expect(members.nth(99)).to_be_attached()
    members.nth(99).scroll_into_view_if_needed()
    expect(members.nth(150)).to_be_attached()
    page.get_by_placeholder("Find a member").fill("walker 2150")
    expect(members).to_have_count(1)
    page.get_by_role("button", name="Actions for Walker 2150").click()
    page.get_by_role("menuitem", name="Make admin").click()
    expect(members.locator(".tag")).to_have_text("Admin")

    # Whoever is not among the first is found by an @ as well.
    page.goto(f"{server.url}/toChat#/chats/g:{group}")
    page.locator(".comp textarea").press_sequentially("@2199")
    expect(page.locator("#mention-list li")).to_contain_text("Walker 2199")


def test_whoever_is_far_down_is_found_with_the_keys(node: NodeFactory, new_page: Pages) -> None:
    """In the details, and as whose messages are looked for."""
    server = node(env=QUICK)
    anna = register(server.url, "Anna")
    others = [register(server.url, f"Sailor {number}").id for number in range(9)]
    small = anna.call("POST", "/groups", {"name": "Crew", "members": others})["id"]
    large = anna.call("POST", "/groups", {"name": "Walkers"})["id"]
    anna.send(f"g:{large}", "who walks far")
    crowd(server, large)
    page, keys = sit_down(new_page, anna, f"groups/{small}")
    # The button goes, and the focus is on the first whom it brought.
    keys.open("button", "Show all 10")
    keys.at("button", "Actions for Sailor 7")
    page.goto(f"{server.url}/toChat#/groups/{large}")
    keys.open("button", "Show all 1,201")
    keys.at("searchbox", "Search")
    keys.type("walker 2150")
    keys.tab("button", "Actions for Walker 2150")

    page.goto(f"{server.url}/toChat#/chats/g:{large}")
    keys.open("button", "Search in this conversation")
    keys.at("combobox", "Search in “Walkers”")
    keys.type("walks")
    expect(page.get_by_role("option", name="who walks far", selected=True)).to_be_visible()
    keys.tab("combobox", "From whom")
    keys.press("End")
    keys.at("combobox", "Find a member")
    keys.press("Escape")
    keys.at("combobox", "From whom")
    keys.press("End")
    keys.at("combobox", "Find a member")
    keys.type("nobody")
    expect(page.get_by_role("status").filter(has_text="nobody")).to_be_visible()
    keys.press("Control+a")
    keys.type("walker 21")
    expect(page.get_by_role("option", name="Walker 2100")).to_be_visible()
    keys.press("ArrowDown")
    expect(page.get_by_role("option", name="Walker 2101")).to_have_attribute(
        "aria-selected", "true"
    )
    # What Enter chooses is marked, and nothing else.
    expect(page.locator("dialog [aria-selected=true]")).to_have_count(1)
    assert violations(page) == []
    keys.press("Enter")
    keys.at("combobox", "From whom")
    expect(page.get_by_role("combobox", name="From whom")).to_have_value("2101")
    # Another choice takes the field away.
    keys.press("End")
    keys.at("combobox", "Find a member")
    keys.press("Shift+Tab")
    keys.at("combobox", "When")
    keys.press("Shift+Tab")
    keys.at("combobox", "From whom")
    keys.press("Home")
    expect(page.get_by_role("combobox", name="Find a member")).to_have_count(0)
    expect(page.get_by_role("combobox", name="From whom")).to_have_value("")
