"""Forwarding, who has read, what failed, and naming people: between two nodes where words cross."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import (
    QUICK,
    Person,
    at,
    befriend,
    bubble,
    enter,
    private,
    register,
    row,
    spread,
    until,
    write,
)
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def said(person: Person, conversation: str) -> list[str]:
    """The texts of a conversation."""
    entries = person.call("GET", f"/messages?conv={conversation}")["entries"]
    return [entry["text"] for entry in entries if entry["op"] == "message"]


def menu(page: Page, text: str, item: str) -> None:
    """Choose from the menu of a message, with the keys."""
    message = bubble(page, text)
    message.focus()
    message.press("Shift+F10")
    page.get_by_role("menuitem", name=item).click()


def test_a_message_is_forwarded_to_several_and_leads_back_to_where_it_was_said(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, cem = spread(urls, "Anna", "Bo", "Cem")
    befriend(anna, bo)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id, cem.id]})["id"]
    bo.send(f"u:{anna.id}", "The pump is on")
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"chats/{private(anna, bo)}")
    enter(bos, bo, f"chats/g:{group}")

    message = bubble(annas, "The pump is on")
    message.focus()
    message.press("f")
    dialog = annas.get_by_role("dialog", name="Forward a message")
    expect(dialog).to_contain_text("The pump is on")
    expect(dialog.get_by_role("button", name="Forward (0)")).to_be_disabled()
    dialog.get_by_role("checkbox", name="Deck crew", exact=True).check()
    dialog.get_by_role("searchbox").fill("cem")
    expect(dialog.get_by_role("checkbox", name="Cem", exact=True)).to_be_visible()
    dialog.get_by_role("searchbox").press("Enter")  # which sends nothing yet
    dialog.get_by_role("checkbox", name="Cem", exact=True).check()
    dialog.get_by_role("button", name="Forward (2)").click()
    expect(annas.get_by_text("Forwarded to Deck crew, Cem")).to_be_visible()
    expect(message).to_be_focused()

    arrived = bubble(bos, "The pump is on")
    expect(arrived.locator(".fwd")).to_have_text("Forwarded")
    expect(row(annas, "Cem").locator(".pv")).to_contain_text("The pump is on")
    # Bo may read it where it was said, and is led there.
    arrived.locator(".fwd button").click()
    expect(bos.locator(".chat-h h2")).to_have_text("Anna")
    expect(bubble(bos, "The pump is on")).to_be_focused()
    # Cem may not.
    cems = new_page(locale="en-GB")
    enter(cems, at(cem, urls[1]), f"chats/{private(anna, cem)}")
    expect(bubble(cems, "The pump is on").locator(".fwd")).to_have_text("Forwarded")
    expect(cems.locator(".fwd button")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_several_messages_are_chosen_forwarded_in_their_order_and_deleted(
    node: NodeFactory, new_page: Pages, width: int
) -> None:
    url = node(env=QUICK).url
    anna, bo, cem = (register(url, name) for name in ("Anna", "Bo", "Cem"))
    cem.send(f"u:{anna.id}", "hello")
    for text in ("one", "two", "three", "four"):
        bo.send(f"u:{anna.id}", text)
    page = new_page(locale="en-GB", viewport={"width": width, "height": 740})
    enter(page, anna, f"chats/{private(anna, bo)}")
    menu(page, "three", "Select")
    bar = page.get_by_role("toolbar", name="Selected messages")
    expect(bar.get_by_role("status")).to_have_text("1 selected")
    expect(bubble(page, "three")).to_be_focused()
    assert violations(page) == []
    for button in bar.get_by_role("button").all():
        expect(button).to_be_in_viewport(ratio=1)
    # With keys: up to the first one, and without the second.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+Space")
    expect(bar.get_by_role("status")).to_have_text("3 selected")
    bubble(page, "two").get_by_role("checkbox").click()
    expect(bubble(page, "two").get_by_role("checkbox")).not_to_be_checked()
    expect(bar.get_by_role("status")).to_have_text("2 selected")
    bar.get_by_role("button", name="Forward").click()
    dialog = page.get_by_role("dialog", name="Forward a message")
    expect(dialog).to_contain_text("and 1 more message")
    dialog.get_by_role("checkbox", name="Cem", exact=True).check()
    dialog.get_by_role("button", name="Forward (1)").click()
    expect(page.get_by_text("Forwarded to Cem")).to_be_visible()
    expect(bar).to_have_count(0)
    until(page, lambda: said(cem, private(anna, cem)) == ["hello", "one", "three"])

    bubble(page, "two").press("x")
    bubble(page, "four").click()
    bar.get_by_role("button", name="Delete for me").click()
    expect(page.locator(".toast")).to_contain_text("2 messages deleted for you")
    expect(page.locator(".msg .tx")).to_have_text(["one", "three"])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".msg .tx")).to_have_text(["one", "two", "three", "four"])
    bubble(page, "four").press("x")
    expect(bar).to_be_visible()
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    expect(bubble(page, "four")).to_be_focused()


def test_what_was_taken_back_meanwhile_is_not_forwarded(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    seq = bo.send(f"u:{anna.id}", "not for you")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    menu(page, "not for you", "Forward")
    bo.call("POST", "/messages/recall", {"conv": private(anna, bo), "seq": seq})
    dialog = page.get_by_role("dialog", name="Forward a message")
    dialog.get_by_role("checkbox", name="Bo", exact=True).check()
    dialog.get_by_role("button", name="Forward (1)").click()
    expect(page.locator(".failed")).to_contain_text("Not sent")


def test_ticks_and_readers_of_a_group(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, cem = spread(urls, "Anna", "Bo", "Cem")
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id, cem.id]})["id"]
    annas = new_page(locale="en-GB")
    enter(annas, anna, f"chats/g:{group}")
    write(annas, "Who is on watch?")
    own = bubble(annas, "Who is on watch?")
    expect(own.locator("use[href$='#check']")).to_be_attached()
    bos = new_page(locale="en-GB")
    enter(bos, bo, "contacts")
    cems = new_page(locale="en-GB")
    enter(cems, at(cem, urls[1]), f"chats/g:{group}")
    # Both have it, one has read it.
    expect(own.locator("use[href$='#checks']")).to_be_attached()
    cems.bring_to_front()
    seen = own.locator(".seenby")
    expect(seen).to_contain_text("Seen by 1 · 1 not yet")
    seen.click()
    dialog = annas.get_by_role("dialog", name="Who has read it")
    expect(dialog.get_by_role("region", name="Read", exact=True)).to_contain_text("Cem")
    expect(dialog.get_by_role("region", name="Delivered, not read")).to_contain_text("Bo")
    annas.keyboard.press("Escape")
    menu(annas, "Who is on watch?", "Who has read it")
    expect(dialog).to_be_visible()

    # Who came later has not read what they never saw.
    dora = register(anna.url, "Dora")
    anna.call("POST", f"/groups/{group}/members", {"users": [dora.id]})
    annas.reload()
    expect(annas.locator(".sys").last).to_have_text("You added Dora")
    expect(seen).to_contain_text("Seen by 1 · 1 not yet")
    seen.click()
    expect(dialog.get_by_role("region", name="Read", exact=True)).to_contain_text("Cem")
    expect(dialog).not_to_contain_text("Dora")


def test_what_was_not_sent_can_be_written_anew(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    bo.call("PUT", f"/contacts/{anna.id}/block")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    write(page, "hello?")
    failed = page.locator(".msg", has=page.locator(".failed"))
    expect(failed).to_contain_text("blocked you")
    failed.locator(".bub").click(button="right")
    expect(page.get_by_role("menuitem")).to_have_text(
        ["Retry", "Copy", "Edit and send anew", "Delete"]
    )
    page.get_by_role("menuitem", name="Edit and send anew").click()
    expect(page.locator(".comp textarea")).to_have_value("hello?")
    expect(failed).to_have_count(0)
    write(page, "hello!")
    expect(failed).to_contain_text("blocked you")
    # Without a field the words would have nowhere to go.
    anna.call("PUT", f"/contacts/{bo.id}/block")
    expect(page.locator(".comp")).to_have_count(0)
    failed.locator(".bub").click(button="right")
    expect(page.get_by_role("menuitem")).to_have_text(["Retry", "Copy", "Delete"])


def test_a_name_that_is_written_out_in_full_names_the_person(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, an = (register(url, name) for name in ("Anna", "Bo", "An"))
    group = bo.call("POST", "/groups", {"name": "Deck crew", "members": [anna.id, an.id]})["id"]
    page = new_page(locale="en-GB")
    enter(page, bo, f"chats/g:{group}")
    expect(page.locator(".chat-h")).to_contain_text("online")
    page.locator(".comp textarea").fill("@Anna can you look?")
    page.get_by_role("button", name="Send").click()
    # Stored, not only shown.
    name = page.locator(".msg.me[data-seq]").get_by_role("link", name="@Anna")
    expect(name).to_be_visible()
    [entry] = [
        entry
        for entry in anna.call("GET", f"/messages?conv=g:{group}")["entries"]
        if entry["op"] == "message"
    ]
    assert entry["mentions"] == [anna.id]
    # It leads to her, with the keys too; what names nobody does not.
    write(page, "@all listen")
    expect(bubble(page, "@all listen").get_by_role("link")).to_have_count(0)
    name.press("Enter")
    expect(page).to_have_url(f"{url}/toChat#/contacts/{anna.id}")
    expect(page.locator(".prof")).to_contain_text("Anna")
    page.go_back()
    name.click()
    expect(page.locator(".prof")).to_contain_text("Anna")


def test_a_place_leads_to_its_message(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    for number in range(1, 160):
        bo.send(f"u:{anna.id}", f"message {number}")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}/20")
    expect(bubble(page, "message 20")).to_be_focused()
    expect(bubble(page, "message 20")).to_be_in_viewport()
    expect(page).to_have_url(f"{url}/toChat#/chats/{private(anna, bo)}")
