"""One's own texts: sent by a tap, by a slash, filled in, and put in order."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import (
    QUICK,
    Person,
    at,
    befriend,
    bubble,
    enter,
    online,
    pair,
    register,
    write,
)
from tests.browser.test_keys import compose
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def box(page: Page) -> Locator:
    """Where one writes."""
    return page.locator(".comp textarea")


def offered(page: Page) -> Locator:
    """The replies in the panel."""
    return page.locator(".quick [role=row] .qt")


def listed(page: Page) -> Locator:
    """The replies in the settings."""
    return page.locator(".qlist .qt")


def texts(person: Person) -> list[str]:
    """What the node has."""
    data: Any = person.call("GET", "/quick-replies")
    return [reply["text"] for reply in data["replies"]]


def test_one_tap_sends_a_reply_with_the_name_and_leaves_the_draft(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    anna.call("PATCH", f"/contacts/{bo.id}", {"remark": "my boss"})
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, f"chats/{conversation}")
    enter(page, anna, f"chats/{conversation}")
    box(page).fill("half a sentence")
    page.get_by_role("button", name="Quick replies").click()
    expect(offered(page)).to_have_count(5)
    expect(offered(page).nth(2)).to_have_text("Thank you, Bo")
    expect(offered(page).nth(2).locator(".var")).to_have_text("Bo")
    offered(page).nth(2).click()
    for each in (page, bos):
        expect(bubble(each, "Thank you, Bo")).to_be_visible()
    expect(page.locator(".quick")).to_have_count(0)
    expect(box(page)).to_have_value("half a sentence")


def test_a_slash_finds_enter_sends_and_tab_fills_in(node: NodeFactory, new_page: Pages) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    box(page).press("/")
    expect(offered(page)).to_have_count(5)
    expect(box(page)).to_have_attribute("aria-activedescendant", "quick-1")
    box(page).press("ArrowDown")
    box(page).press("Enter")
    expect(bubble(page, "One moment, I will have a look")).to_be_visible()
    expect(box(page)).to_have_value("")

    box(page).press_sequentially("/way")
    expect(offered(page)).to_have_text(["On my way"])
    box(page).press("Tab")
    expect(box(page)).to_have_value("On my way")
    expect(box(page)).to_be_focused()
    expect(page.locator(".quick")).to_have_count(0)
    box(page).press_sequentially(" now")
    box(page).press("Enter")
    expect(bubble(page, "On my way now")).to_be_visible()

    box(page).press_sequentially("/4")
    expect(offered(page)).to_have_text(["In a meeting, I will reply later"])
    box(page).press("Enter")
    expect(bubble(page, "In a meeting, I will reply later")).to_be_visible()


def test_a_slash_that_is_meant_is_sent_as_it_is(node: NodeFactory, new_page: Pages) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    box(page).press("/")
    expect(offered(page)).to_have_count(5)
    box(page).press_sequentially("etc/hosts")
    expect(page.locator(".quick")).to_have_count(0)
    box(page).press("Enter")
    expect(bubble(page, "/etc/hosts")).to_be_visible()
    box(page).press("/")
    expect(offered(page)).to_have_count(5)
    box(page).press("Escape")
    expect(page.locator(".quick")).to_have_count(0)
    box(page).press("Enter")
    expect(bubble(page, "/")).to_be_visible()
    box(page).focus()
    compose(page, "/")
    box(page).dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "isComposing": True})
    expect(page.locator(".msg.me")).to_have_count(2)


def test_in_a_group_the_name_is_that_of_the_one_who_is_answered(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo $$ Co")
    befriend(anna, bo)
    group = anna.call("POST", "/groups", {"name": "Crew", "members": [bo.id]})
    bo.send(f"g:{group['id']}", "done")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/g:{group['id']}")
    page.get_by_role("button", name="Quick replies").click()
    expect(offered(page).nth(2)).to_have_text("Thank you, everyone")
    page.keyboard.press("Escape")
    message = bubble(page, "done")
    message.focus()
    message.press("r")
    box(page).press("/")
    expect(offered(page).nth(2)).to_have_text("Thank you, Bo $$ Co")
    offered(page).nth(2).click()
    sent = page.locator(".msg.me")
    expect(sent.locator(".tx")).to_have_text("Thank you, Bo $$ Co")
    expect(sent.locator(".quote")).to_contain_text("done")


def test_they_are_written_changed_removed_and_brought_back(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/quick")
    expect(listed(page)).to_have_count(5)
    page.get_by_role("button", name="Add a quick reply").click()
    page.get_by_label("Text").fill("Good night, ")
    page.get_by_role("button", name="Insert the name").click()
    page.get_by_role("button", name="Save").click()
    expect(listed(page).last).to_have_text("Good night, name")
    assert texts(anna)[-1] == "Good night, {name}"
    page.get_by_role("button", name="Change “Got it”").click()
    page.get_by_label("Text").fill("Understood")
    page.get_by_role("button", name="Save").click()
    expect(listed(page).first).to_have_text("Understood")
    page.get_by_role("button", name="Remove “Understood”").click()
    expect(listed(page)).to_have_count(5)
    page.get_by_role("button", name="Undo").click()
    expect(listed(page).first).to_have_text("Understood")
    assert texts(anna)[0] == "Understood"


def test_their_order_is_changed_by_keys_and_by_dragging(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna = register(urls[0], "Anna")
    page, other = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(other, at(anna, urls[1]), "settings/quick")
    enter(page, anna, "settings/quick")
    grip = page.get_by_role("button", name="Move “Got it”", exact=True)
    grip.focus()
    page.keyboard.press("ArrowDown")
    expect(listed(page).nth(1)).to_have_text("Got it")
    expect(grip).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Now in place 2 of 5")).to_be_attached()
    expect(listed(other).nth(1)).to_have_text("Got it")
    last = listed(page).last.bounding_box()
    assert last is not None
    grip.hover()
    page.mouse.down()
    page.mouse.move(last["x"], last["y"] + last["height"] + 4, steps=8)
    expect(listed(page).last).to_have_text("Got it")
    page.mouse.up()
    expect(listed(other).last).to_have_text("Got it")
    assert texts(anna)[-1] == "Got it"


def test_known_replies_are_there_without_a_connection(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna, _, conversation = pair(server.url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    box(page).press("/")
    expect(offered(page)).to_have_count(5)
    box(page).press("Escape")
    box(page).fill("")
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    box(page).press("/")
    box(page).press("Enter")
    expect(bubble(page, "Got it").locator("use[href$='#clock']")).to_be_attached()
    server.restart()
    online(page)
    expect(bubble(page, "Got it").locator("use[href$='#check']")).to_be_attached()
    write(page, "and on")
    expect(bubble(page, "and on")).to_be_visible()
