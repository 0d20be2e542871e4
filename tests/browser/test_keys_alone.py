"""Everything is done with a keyboard alone, and the focus is never out of sight."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.keys import LOOK, WHERE, Keys
from tests.browser.people import (
    PASSWORD,
    QUICK,
    Person,
    befriend,
    enter,
    fetched,
    private,
    register,
    row,
)
from tests.browser.test_touch import shades
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def crew(node: NodeFactory, *names: str) -> list[Person]:
    """People on one node."""
    url = node(env=QUICK).url
    return [register(url, name) for name in names]


def test_contacts_are_asked_accepted_named_and_blocked(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, cem, dora = crew(node, "Anna", "Bo", "Cem", "Dora")
    for other in (bo, cem):
        other.call("POST", "/contacts", {"user": anna.id})
    page = new_page(locale="en-GB")
    keys = Keys(page)
    enter(page, anna, "contacts")
    fetched(page, "focus-keeper.js")
    # What was dealt with is gone, and the focus is on the next.
    keys.open("button", "Accept Bo")
    keys.at("button", "Accept Cem")
    keys.open("button", "Decline Cem")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    keys.seen()
    keys.undo()
    expect(page.get_by_role("button", name="Accept Cem")).to_be_visible()
    keys.seen()
    keys.open("button", "Find people")
    keys.at("searchbox", "Search")
    keys.type("Dora")
    keys.open("button", "Add Dora")
    keys.at("textbox", "A word about yourself")
    keys.type("from the deck")
    keys.press("Enter")
    expect(page.get_by_text("Request sent to Dora")).to_be_visible()
    keys.at("button", "Find people")
    # A list is one stop with arrows; its rows lead to their people.
    keys.tab("link", re.compile("^Bo"))
    keys.press("ArrowDown", "ArrowUp", "Enter")
    expect(page.get_by_role("heading", name="Bo")).to_be_visible()
    keys.open("button", "Remark")
    keys.at("textbox", "What you call Bo")
    keys.type("Bosun")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Bosun")).to_be_visible()
    keys.at("button", "Remark")
    keys.open("button", "Block")
    keys.at("button", "Cancel")
    keys.press("Escape")
    keys.at("button", "Block")
    keys.press("Enter")
    keys.tab("button", "Block")
    keys.press("Enter")
    keys.at("button", "Unblock")
    keys.press("Enter")
    keys.at("button", "Block")
    keys.open("button", "Remove contact")
    keys.tab("button", "Remove contact")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Add contact")).to_be_visible()
    keys.seen()
    assert dora.call("GET", "/contacts")["contacts"][0]["note"] == "from the deck"


def test_a_group_is_made_led_and_dissolved(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, cem, _ = crew(node, "Anna", "Bo", "Cem", "Dora")
    for other in (bo, cem):
        befriend(anna, other)
    anna.call("POST", "/groups", {"name": "Brig"})
    page = new_page(locale="en-GB")
    keys = Keys(page)
    enter(page, anna)
    fetched(page, "focus-keeper.js")
    keys.open("button", "New")
    keys.choose("Create a group")
    keys.at("textbox", "Group name")
    keys.type("Deck crew")
    keys.open("button", "Picture (optional)")
    with page.expect_file_chooser() as chooser:
        keys.open("button", "Choose a picture")
    chooser.value.set_files([shades()])
    frame = keys.tab("group", re.compile("arrow keys move it"))
    before = frame.screenshot()
    keys.press("+", "ArrowRight", "ArrowDown")
    assert frame.screenshot() != before
    keys.open("button", "Use it")
    keys.at("button", "Change picture")
    keys.tab("textbox", "Category (optional)")
    keys.type("Harbour")
    keys.tab("checkbox", "Bo")
    keys.press("Space")
    keys.tab("checkbox", "Cem")
    keys.press("Space")
    # Whoever was chosen can be taken back, and the focus stays with the others.
    keys.tab("button", "Remove Cem", back=True)
    keys.press("Enter")
    keys.at("button", "Remove Bo")
    keys.tab("searchbox", "Search")
    keys.type("Dor")
    keys.tab("checkbox", "Dora")
    keys.press("Space")
    keys.open("button", "Create (3 people)")
    keys.at("textbox", "Message to Deck crew")
    keys.open("button", "Details")
    menu_of = "Actions for {}".format
    for action, done in (("Make admin", "Make plain member"), ("Make plain member", "Make admin")):
        keys.open("button", menu_of("Bo"))
        keys.choose(action)
        keys.at("button", menu_of("Bo"))
        expect(page.locator(".mem", has_text="Bo").locator(".tag")).to_have_count(
            int(done == "Make plain member")
        )
    keys.press("Enter")
    keys.choose("Silence…")
    keys.at("combobox", "For")
    keys.press("ArrowDown")
    keys.open("button", "Silence")
    keys.at("button", menu_of("Bo"))
    expect(page.locator(".mem", has_text="Bo")).to_contain_text("Silenced until")
    keys.press("Enter")
    keys.choose("Let write again")
    keys.at("button", menu_of("Bo"))
    expect(page.locator(".mem", has_text="Bo")).not_to_contain_text("Silenced")
    keys.open("button", re.compile("^Edit ?Announcement"))
    keys.at("textbox", "Announcement")
    keys.type("Fire drill at noon")
    keys.open("button", "Save")
    keys.at("button", re.compile("^Edit ?Announcement"))
    keys.tab("switch", "Approve who joins")
    keys.press("Space")
    expect(page.get_by_role("switch", name="Approve who joins")).to_be_checked()
    keys.seen()
    keys.open("button", menu_of("Dora"))
    keys.choose("Remove from group")
    keys.tab("button", "Remove from group")
    keys.press("Enter")
    expect(page.get_by_role("button", name=menu_of("Dora"))).to_have_count(0)
    keys.at("button", menu_of("Bo"))
    keys.press("Enter")
    keys.choose("Hand the group over")
    keys.tab("button", "Hand the group over")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Leave group")).to_be_visible()
    keys.seen()
    # The announcement above the messages is closed and the focus stays in sight.
    keys.open("button", "Close the announcement")
    expect(page.locator(".notice")).to_have_count(0)
    keys.seen()
    keys.open("button", "Leave group")
    keys.tab("button", "Leave group")
    keys.press("Enter")
    expect(row(page, "Deck crew")).to_have_count(0)
    keys.seen()
    keys.open("link", re.compile("^Brig"))
    keys.open("button", "Details")
    keys.open("button", "Mute")
    keys.at("button", "Unmute")
    keys.open("button", "Dissolve group")
    keys.at("button", "Cancel")
    keys.open("button", "Dissolve group")
    expect(row(page, "Brig")).to_have_count(0)
    keys.seen()


def test_the_settings_are_changed(node: NodeFactory, new_page: Pages) -> None:
    (anna,) = crew(node, "Anna")
    anna.call("POST", "/login", {"name": "Anna", "password": PASSWORD})
    page = new_page(locale="en-GB")
    keys = Keys(page)
    enter(page, anna, "settings")
    fetched(page, "focus-keeper.js")
    keys.tab("textbox", re.compile("^Note"))
    keys.type("on the deck")
    keys.open("button", "Save")
    expect(page.get_by_text("Saved")).to_be_visible()
    keys.at("button", "Save")
    keys.open("button", "Change picture")
    keys.at("button", "Cancel")
    keys.press("Escape")
    keys.at("button", "Change picture")

    keys.open("link", "Log-in and devices")
    others = page.locator(".sess button")
    expect(others).to_have_count(2)
    for left in (1, 0):
        keys.tab("button", re.compile("^Log out (?!all)"))
        keys.press("Enter")
        expect(others).to_have_count(left)
        keys.seen()
    keys.open("button", re.compile("^Change password"))
    keys.at("textbox", "Current password")
    for field in ("wrong", "another-long-password", "another-long-password"):
        keys.type(field)
        keys.press("Tab")
    keys.at("button", "Cancel")
    keys.open("button", "Change password")
    expect(page.locator(".sumerr")).to_be_focused()
    keys.tab("textbox", "Current password")
    keys.press("Control+a")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_text("Password changed")).to_be_visible()
    keys.at("button", re.compile("^Change password"))
    keys.open("button", re.compile("^Set up a second factor"))
    keys.at("textbox", "Code that the app shows")
    keys.press("Escape")
    keys.at("button", re.compile("^Set up a second factor"))

    keys.open("link", "Appearance and language")
    keys.tab("radio", "System")
    keys.press("ArrowRight")
    keys.at("radio", "Light")
    keys.press("ArrowRight")
    keys.at("radio", "Dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    keys.tab("radio", "English")
    keys.tab("switch", "Enter sends")
    keys.press("Space")
    expect(page.get_by_role("switch", name="Enter sends")).not_to_be_checked()

    keys.open("link", "Quick replies")
    keys.tab("button", "Move “Got it”")
    keys.press("ArrowDown")
    expect(page.get_by_text("Now in place 2 of 5")).to_be_attached()
    keys.at("button", "Move “Got it”")
    keys.open("button", "Remove “Got it”")
    expect(page.get_by_role("button", name="Remove “Got it”")).to_have_count(0)
    keys.seen()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Remove")
    keys.open("button", "Add a quick reply")
    keys.at("textbox", "Text")
    keys.type("Aye")
    keys.open("button", "Save")
    keys.at("button", "Add a quick reply")

    keys.open("link", "Privacy and data")
    keys.tab("switch", "Show when I have read messages")
    keys.press("Space")
    keys.tab("link", re.compile("^Take my data along"))
    with page.expect_download():
        keys.press("Enter")
    keys.at("link", re.compile("^Take my data along"))
    keys.open("button", re.compile("^Delete my account"))
    keys.seen()
    keys.press("Escape")
    keys.at("button", re.compile("^Delete my account"))


@pytest.mark.parametrize("width", [360, 1440])
def test_every_stop_of_tab_is_in_sight_and_marked(
    node: NodeFactory, new_page: Pages, width: int
) -> None:
    """On every page, also where one screen stands at a time; once around and no stop twice."""
    master, bo, cem = crew(node, "Master", "Bo", "Cem")
    befriend(master, bo)
    cem.call("POST", "/contacts", {"user": master.id})
    group = master.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    bo.send(f"u:{master.id}", "see https://example.org")
    page = new_page(locale="en-GB", viewport={"width": width, "height": 740})
    enter(page, master)
    fetched(page, "focus-keeper.js")
    wrong: list[str] = []
    chat = private(master, bo)
    for place, ready in (
        ("chats", ".pane .row"),
        (f"chats/{chat}", ".msg"),
        (f"chats/{chat}/details", ".side .hero"),
        (f"chats/g:{group}/details", ".side .mem"),
        ("contacts", ".req"),
        (f"contacts/{bo.id}", ".prof .hero"),
        (f"groups/{group}", ".prof .mem"),
        ("settings/profile", ".form"),
        ("settings/devices", ".sess"),
        ("settings/notices", ".card .opt"),
        ("settings/appearance", ".seg"),
        ("settings/privacy", ".switch"),
        ("settings/quick", ".qlist li"),
        ("settings/programs", ".card"),
        ("admin/overview", ".card"),
        ("admin/users", ".auser"),
        ("admin/audit", ".card"),
        ("admin/limits", ".card"),
    ):
        page.goto(f"{master.url}/toChat#/{place}")
        expect(page.locator(ready).first).to_be_visible()
        page.evaluate("document.activeElement.blur()")
        wrong += [f"{place}: {problem}" for problem in around(page)]
    assert wrong == []


def around(page: Page) -> list[str]:
    """Press Tab once around the page; what is wrong with its stops."""
    wrong: list[str] = []
    page.evaluate("window.visited = new Set()")
    for _ in range(150):
        page.keyboard.press("Tab")
        problem = page.evaluate(LOOK)
        if problem == "lost":
            return wrong
        if page.evaluate(
            "() => visited.has(document.activeElement) || !visited.add(document.activeElement)"
        ):
            return wrong
        if problem:
            wrong.append(f"{problem}: {page.evaluate(WHERE)}")
    return [*wrong, "no way around"]
