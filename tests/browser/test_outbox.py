"""Nothing that was written is lost, and nothing arrives twice."""

from __future__ import annotations

import contextlib
import re

import pytest
from playwright.sync_api import TimeoutError as NotThere
from playwright.sync_api import expect

from tests.browser.people import (
    QUICK,
    bubble,
    enter,
    go,
    online,
    pair,
    private,
    register,
    row,
    write,
)
from tests.browser.test_accessibility import violations
from tests.browser.test_media import choose, photo, send, sent
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

FULL_AFTER_ONE = """() => {
  const put = IDBObjectStore.prototype.put;
  let room = 1;
  IDBObjectStore.prototype.put = function (item) {
    const waits = item.blob && !item.file?.id;
    if (waits && room-- <= 0) throw new DOMException("full", "QuotaExceededError");
    return put.call(this, item);
  };
  window.release = () => (IDBObjectStore.prototype.put = put);
}"""
"""The browser has room for one file more, until it is released."""


def test_what_was_written_while_the_node_was_down_survives_a_reload_and_goes_out_once(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    conversation = private(anna, bo)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    write(page, "before")
    expect(bubble(page, "before").locator("use[href$='#check']")).to_be_attached()

    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    for text in ("first", "second"):
        write(page, text)
        expect(bubble(page, text).locator("use[href$='#clock']")).to_be_attached()
    expect(page.locator(".banner")).to_contain_text("2 messages will go out by themselves")

    # A page that is loaded anew finds them in the browser, not in what it remembered.
    page.goto("about:blank")
    server.start()
    page.goto(f"{server.url}/toChat#/chats/{conversation}")
    online(page)
    for text in ("first", "second"):
        expect(bubble(page, text).locator("use[href$='#check']")).to_be_attached()
        expect(bubble(page, text)).to_have_count(1)

    entries = bo.call("GET", f"/messages?conv={conversation}")["entries"]
    assert [entry["text"] for entry in entries] == ["before", "first", "second"]


def test_the_page_comes_back_by_itself_and_catches_up(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, bo, f"chats/{private(anna, bo)}")
    server.restart(kill=True)
    anna.send(f"u:{bo.id}", "while you were away")
    expect(bubble(page, "while you were away")).to_be_visible(timeout=40_000)
    expect(page.locator(".banner")).to_have_count(0)


def test_now_does_not_wait_for_the_next_try(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna = register(server.url, "Anna")
    page = new_page(locale="en-GB")
    page.add_init_script("Math.random = () => 0.999")
    enter(page, anna)
    server.kill9()
    expect(page.locator(".banner")).to_contain_text("Next try in", timeout=30_000)
    server.start()
    while page.locator(".banner").count():
        with contextlib.suppress(NotThere):  # it is back, and the button gone
            page.get_by_role("button", name="Now").click(timeout=300)
    online(page)


def test_a_refused_first_message_says_why_stays_in_the_list_and_can_be_deleted(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    bo.call("PUT", f"/contacts/{anna.id}/block")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    write(page, "hello?")
    failed = page.locator(".failed")
    expect(failed).to_contain_text("blocked you")
    go(page, "chats")
    page.reload()
    online(page)
    expect(row(page, "Bo").locator(".fail")).to_contain_text("Not sent")
    row(page, "Bo").click()
    page.get_by_role("button", name="Delete").click()
    expect(bubble(page, "hello?")).to_have_count(0)
    expect(row(page, "Bo")).to_have_count(0)
    page.reload()
    online(page)
    expect(bubble(page, "hello?")).to_have_count(0)


def test_a_failed_message_goes_out_when_it_is_tried_again(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    bo.call("PUT", f"/contacts/{anna.id}/block")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    write(page, "hello?")
    expect(page.locator(".failed")).to_be_visible()
    bo.call("DELETE", f"/contacts/{anna.id}/block")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".failed")).to_have_count(0)
    expect(bubble(page, "hello?").locator("use[href$='#check']")).to_be_attached()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_what_failed_is_counted_in_other_chats_and_leads_there(
    node: NodeFactory, new_page: Pages, width: int
) -> None:
    url = node(env=QUICK).url
    anna, bo, cem = (register(url, name) for name in ("Anna", "Bo", "Cem"))
    cem.send(f"u:{anna.id}", "hello")
    bo.call("PUT", f"/contacts/{anna.id}/block")
    page = new_page(locale="en-GB", viewport={"width": width, "height": 740})
    enter(page, anna, f"chats/{private(anna, bo)}")
    for text in ("one", "two"):
        write(page, text)
    expect(page.locator(".failed")).to_have_count(2)
    assert violations(page) == []
    told = page.locator(".banner.unsent")
    expect(told).to_have_count(0)
    page.goto(f"{url}/toChat#/chats/{private(anna, cem)}")
    expect(told).to_contain_text("2 messages were not sent")
    assert violations(page) == []
    page.goto(f"{url}/toChat#/contacts")
    expect(page.get_by_role("link", name="Chats")).to_contain_text("2 messages were not sent")
    assert violations(page) == []
    told.get_by_role("button", name="Show").press("Enter")
    expect(page.locator(".failed")).to_have_count(2)
    expect(told).to_have_count(0)
    for left in (1, 0):
        page.get_by_role("button", name="Delete").first.click()
        expect(page.locator(".failed")).to_have_count(left)
    page.goto(f"{url}/toChat#/contacts")
    expect(page.locator(".fails")).to_have_count(0)


@pytest.mark.parametrize("meanwhile", ["silenced", "put out"])
def test_what_failed_in_a_hidden_or_former_group_is_in_the_list_until_it_is_deleted(
    node: NodeFactory, new_page: Pages, meanwhile: str
) -> None:
    anna, bo, _ = pair(node(env=QUICK).url)
    group = bo.call("POST", "/groups", {"name": "Crew", "members": [anna.id]})["id"]
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/g:{group}")
    row(page, "Crew").click(button="right")
    page.get_by_role("menuitem", name="Hide").click()
    # It is out of the list before the node has agreed, and closed then.
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(row(page, "Crew")).to_have_count(0)
    go(page, f"chats/g:{group}")
    page.context.set_offline(True)
    expect(page.locator(".banner")).to_be_visible()
    write(page, "hello?")
    expect(row(page, "Crew").locator("use[href$='#clock']")).to_be_attached()
    place = f"/groups/{group}/members/{anna.id}"
    if meanwhile == "silenced":
        bo.call("PUT", f"{place}/silence", {"minutes": 10})
    else:
        bo.call("DELETE", place)
    go(page, "contacts")
    page.context.set_offline(False)
    told = page.locator(".banner.unsent")
    expect(told).to_contain_text("1 message was not sent", timeout=40_000)
    go(page, "chats")
    title = "Crew" if meanwhile == "silenced" else "A group you are no longer in"
    expect(row(page, title).locator(".fail")).to_contain_text("Not sent")
    if meanwhile == "silenced":
        # Which was something new: the node's list has the group again.
        expect(row(page, title).locator("time")).to_be_visible()
        row(page, title).click(button="right")
        page.get_by_role("menuitem", name="Hide").click()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.reload()
    online(page)
    expect(row(page, title).locator(".fail")).to_contain_text("Not sent")
    told.get_by_role("button", name="Show").click()
    expect(page.locator(".failed")).to_be_visible()
    expect(page.locator(".read-only")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Delete").click()
    expect(bubble(page, "hello?")).to_have_count(0)
    expect(row(page, title)).to_have_count(0)


def test_the_link_is_shown_on_a_phone_in_the_list_and_in_a_chat_when_it_is_cut(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    bo.send(f"u:{anna.id}", "hello")
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740})
    enter(page, anna)
    tabs = page.locator(".tabs .lan")
    expect(tabs).to_be_visible()
    expect(tabs).to_contain_text(re.compile(r"\d ms|online"))
    assert violations(page) == []
    row(page, "Bo").click()
    mark = page.locator(".chat-h .lan")
    expect(mark).to_be_attached()
    expect(mark).to_be_hidden()
    server.kill9()
    expect(mark).to_be_visible()
    expect(mark.locator("use[href$='#link-off']")).to_be_attached()
    assert violations(page) == []


def test_drafts_are_kept_through_a_reload(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    page.locator(".comp textarea").fill("not yet")
    page.reload()
    expect(page.locator(".comp textarea")).to_have_value("not yet")


def test_logging_out_leaves_nothing_in_the_browser(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    page.locator(".comp textarea").fill("a secret draft")
    page.goto(f"{url}/toChat#/settings/devices")
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page).to_have_url(f"{url}/")
    assert page.evaluate("indexedDB.databases().then((list) => list.map(({ name }) => name))") == []


def test_what_the_browser_cannot_keep_stays_to_be_sent_later(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    dialog = choose(page, photo(), photo("deck.jpg"))
    dialog.get_by_label("Add a caption").fill("Berth 4")
    page.evaluate(FULL_AFTER_ONE)
    send(dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("Too many files are waiting")
    expect(dialog.get_by_role("heading")).to_have_text("Send 1 picture")
    expect(dialog.get_by_label("Add a caption")).to_have_value("Berth 4")
    assert violations(page) == []
    page.evaluate("() => window.release()")
    send(dialog)
    expect(dialog).to_have_count(0)
    expect(page.locator(".msg .cap .tx")).to_have_text("Berth 4")
    expect(sent(page)).to_have_count(2)
