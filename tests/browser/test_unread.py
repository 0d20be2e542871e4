"""What is unread: where a conversation opens, how it is counted down, and that all pages agree."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import QUICK, Person, at, bubble, enter, go, online, pair, row, until
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

UNREAD = 120
WIDE = {"width": 1280, "height": 800}


def unread(page: Page, title: str) -> Locator:
    return row(page, title).locator(".badge:not(.at)")


def write_much(bo: Person, anna: Person) -> None:
    for number in range(UNREAD):
        bo.send(f"u:{anna.id}", f"new {number}")


@pytest.mark.parametrize("opened", ["never", "while it came", "before and kept"])
def test_much_unread_opens_at_its_first_message_and_is_counted_down_as_one_reads(
    urls: tuple[str, str], new_page: Pages, opened: str
) -> None:
    anna, bo, conv = pair(*urls)
    for number in range(60):
        bo.send(f"u:{anna.id}", f"old {number}")
    anna.call("POST", "/messages/read", {"conv": conv, "seq": 60})
    page = new_page(locale="en-GB", viewport=WIDE)
    enter(page, anna, "chats")
    if opened != "never":
        row(page, "Bo").click()
        expect(bubble(page, "old 59")).to_be_visible()
        go(page, "chats")
    write_much(bo, anna)
    expect(page).to_have_title("(99+) Chats · LAN chat")
    if opened == "before and kept":
        page.reload()
    expect(unread(page, "Bo")).to_contain_text(f"{UNREAD} unread")

    row(page, "Bo").click()
    expect(page.locator(".new")).to_be_in_viewport()
    expect(bubble(page, "new 0")).to_be_in_viewport()
    jump = page.locator(".jump")
    # What is in view is read, and no more.
    expect(unread(page, "Bo")).to_contain_text(re.compile(r"1[01]\d unread"))
    expect(jump).to_have_attribute("aria-label", re.compile(r"newest message, 1[01]\d unread"))
    page.locator(".log").hover()
    page.mouse.wheel(0, 500)
    expect(bubble(page, "new 0")).not_to_be_in_viewport()
    expect(unread(page, "Bo")).to_contain_text(re.compile(r"(10\d|9\d) unread"))
    expect(page.locator(".new")).to_be_attached()

    jump.click()
    expect(bubble(page, f"new {UNREAD - 1}")).to_be_in_viewport()
    expect(unread(page, "Bo")).to_have_count(0)
    expect(jump).to_have_count(0)
    expect(page).to_have_title("Bo · LAN chat")


def test_who_never_read_a_word_begins_with_the_first(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conv = pair(*urls)
    write_much(bo, anna)
    page = new_page(locale="en-GB", viewport=WIDE)
    enter(page, anna, f"chats/{conv}")
    expect(page.locator(".new")).to_be_in_viewport()
    expect(bubble(page, "new 0")).to_be_in_viewport()


def test_all_tabs_and_devices_agree_on_what_is_unread(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conv = pair(*urls)
    desk, phone = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(desk, anna, "chats")
    enter(phone, at(anna, urls[1]), "chats")
    tab = desk.context.new_page()
    tab.goto(f"{anna.url}/toChat#/chats")
    pages = (desk, tab, phone)
    for text in ("one", "two", "three"):
        bo.send(f"u:{anna.id}", text)
    for page in pages:
        expect(unread(page, "Bo")).to_contain_text("3 unread")
        expect(page).to_have_title("(3) Chats · LAN chat")

    # Read on the phone.
    phone.bring_to_front()
    go(phone, f"chats/{conv}")
    for page in pages:
        expect(unread(page, "Bo")).to_have_count(0)
    expect(desk).to_have_title("Chats · LAN chat")

    # Marked as read from the list of the desk, without a look at it.
    go(phone, "chats")
    bo.send(f"u:{anna.id}", "four")
    for page in pages:
        expect(unread(page, "Bo")).to_contain_text("1 unread")
    row(desk, "Bo").click(button="right")
    desk.get_by_role("menuitem", name="Mark as read").click()
    for page in pages:
        expect(unread(page, "Bo")).to_have_count(0)
        expect(page).to_have_title("Chats · LAN chat")


def test_a_button_leads_to_where_one_is_mentioned(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, _ = pair(*urls)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    for number in range(30):
        bo.send(f"g:{group}", f"before {number}")
    body = {"to": f"g:{group}", "text": "@Anna hatch 3?", "mentions": [anna.id]}
    bo.call("POST", "/messages", body)
    for number in range(40):
        bo.send(f"g:{group}", f"after {number}")
    page = new_page(locale="en-GB", viewport=WIDE)
    enter(page, anna, f"chats/g:{group}")
    expect(bubble(page, "before 0")).to_be_in_viewport()
    mention = page.locator(".hitme")
    expect(mention).not_to_be_in_viewport()
    button = page.get_by_role("button", name="Jump to where you are mentioned")
    button.click()
    expect(mention).to_be_in_viewport()
    expect(mention).to_be_focused()
    # Once it is read there is nothing to lead to; what follows is still unread.
    expect(button).to_have_count(0)
    expect(page.locator(".jump")).to_have_attribute("aria-label", re.compile("unread"))


def test_what_is_opened_and_read_without_a_connection_is_read_when_it_is_back(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo, conv = pair(server.url)
    page = new_page(locale="en-GB", viewport=WIDE)

    def listed() -> tuple[bool, int]:
        found = anna.call("GET", "/conversations")["conversations"]
        mine = next(one for one in found if one["conv"] == conv)
        return mine.get("marked_unread", False), mine["unread"]

    enter(page, anna, f"chats/{conv}")
    bo.send(f"u:{anna.id}", "to think about")
    expect(bubble(page, "to think about")).to_be_visible()
    until(page, lambda: listed() == (False, 0))
    go(page, "chats")
    row(page, "Bo").click(button="right")
    page.get_by_role("menuitem", name="Mark as unread").click()
    expect(unread(page, "Bo")).to_have_text("Unread")

    bo.send(f"u:{anna.id}", "and this")
    until(page, lambda: listed() == (True, 1))
    expect(unread(page, "Bo")).to_contain_text("1 unread")
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    row(page, "Bo").click()
    expect(bubble(page, "and this")).to_be_visible()
    expect(unread(page, "Bo")).to_have_count(0)
    # Nor does it come back where the page is opened anew meanwhile.
    page.goto("about:blank")
    server.start()
    assert listed() == (True, 1)
    page.goto(f"{server.url}/toChat#/chats")
    online(page)
    until(page, lambda: listed() == (False, 0))
    expect(unread(page, "Bo")).to_have_count(0)

    # A mark is set without a connection too.
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    row(page, "Bo").click(button="right")
    page.get_by_role("menuitem", name="Mark as unread").click()
    expect(unread(page, "Bo")).to_have_text("Unread")
    server.start()
    until(page, lambda: listed() == (True, 0))
    expect(unread(page, "Bo")).to_have_text("Unread")
