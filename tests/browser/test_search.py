"""Finding people and messages, and the place where something was said."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.people import (
    QUICK,
    Person,
    bubble,
    enter,
    online,
    pair,
    private,
    register,
    row,
)
from tests.browser.test_accessibility import violations
from tests.browser.test_keys import compose
from tests.browser.test_scrolling import FILL
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

MESSAGES = "**/api/search/messages*"
NOTE_WHAT_IS_SAID = """() => {
  window.told = [];
  new MutationObserver(() => {
    const words = document.querySelector(".found [role=status]")?.textContent.trim();
    if (words && words !== told.at(-1)) told.push(words);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def field(page: Page) -> Locator:
    """The search field of the list."""
    return page.locator(".pane-h input[type=search]")


def hits(page: Page, section: str = "Messages") -> Locator:
    """What was found of one kind."""
    return page.locator(".found").get_by_role("group", name=section).locator("a.row")


def crew(*urls: str) -> tuple[Person, Person, str]:
    """Anna and Bo, contacts, in the group "Pump crew"; and its conversation."""
    anna, bo, _ = pair(*urls)
    group = anna.call("POST", "/groups", {"name": "Pump crew", "members": [bo.id]})
    return anna, bo, f"g:{group['id']}"


def write_many(new_page: Pages, person: Person, to: str, count: int) -> None:
    """``message 1`` … ``message {count}``, over a socket."""
    writer = new_page()
    writer.goto(f"{person.url}/")
    writer.evaluate(FILL, [person.url.replace("http", "ws") + "/ws", person.token, to, count])


def test_the_list_finds_names_and_messages_and_marks_the_word(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, group = crew(*urls)
    register(bo.url, "Pumpkin")
    bo.send(group, "The pump of dock 2 is loud")
    anna.send(f"u:{bo.id}", "which PUMP?")
    page = new_page(locale="en-GB")
    enter(page, anna)
    field(page).fill("pump")
    expect(hits(page, "Conversations").locator(".nm")).to_have_text(["Pump crew"])
    expect(hits(page, "Conversations").locator("mark")).to_have_text(["Pump"])
    expect(hits(page, "People on this server").locator(".nm")).to_have_text(["Pumpkin"])
    expect(hits(page).locator(".nm")).to_have_text(["Bo", "Pump crew"])
    expect(hits(page).locator(".pv")).to_have_text(
        ["You: which PUMP?", "Bo: The pump of dock 2 is loud"]
    )
    expect(hits(page).locator("mark")).to_have_text(["PUMP", "pump"])
    expect(page.get_by_role("status").filter(has_text="2 messages found")).to_be_attached()
    field(page).press("Escape")
    expect(field(page)).to_have_value("")
    expect(row(page, "Announcements")).to_be_visible()


def test_one_and_two_chinese_characters_are_found(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    bo.send(group, "明天上午检查水泵，谢谢")
    bo.send(f"u:{anna.id}", "水还热吗")
    page = new_page(locale="zh-CN")
    anna.call("PATCH", "/me", {"language": "zh"})
    enter(page, anna)
    field(page).fill("水")
    expect(hits(page, "消息").locator("mark")).to_have_text(["水", "水"])
    field(page).fill("水泵")
    expect(hits(page, "消息").locator(".pv")).to_have_text(["Bo：明天上午检查水泵，谢谢"])
    expect(hits(page, "消息").locator("mark")).to_have_text(["水泵"])


def test_a_hit_opens_its_place_and_a_button_leads_back_to_the_newest(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, group = crew(*urls)
    bo.send(group, "the seal is weeping")
    write_many(new_page, bo, group, 300)
    anna.call("POST", "/messages/read", {"conv": group, "seq": 302})
    page = new_page(locale="en-GB")
    enter(page, anna)
    field(page).fill("weeping")
    hits(page).click()
    found = bubble(page, "the seal is weeping")
    expect(found).to_be_in_viewport()
    expect(found).to_have_class(re.compile("flash"))
    expect(found).to_be_focused()
    expect(hits(page)).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(rf"#/chats/{group}$"))
    expect(bubble(page, "message 300")).to_have_count(0)
    page.get_by_role("button", name="Jump to the newest message").click()
    expect(bubble(page, "message 300")).to_be_in_viewport()
    expect(page.locator(".jump")).to_have_count(0)
    hits(page).click()
    expect(found).to_be_in_viewport()


def test_older_hits_come_while_one_scrolls(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    write_many(new_page, bo, group, 55)
    page = new_page(locale="en-GB", viewport={"width": 1280, "height": 600})
    enter(page, anna)
    field(page).fill("message")
    expect(hits(page).nth(19)).to_be_attached()
    assert hits(page).count() < 55
    while (seen := hits(page).count()) < 55:
        hits(page).last.scroll_into_view_if_needed()
        page.mouse.move(200, 400)
        page.mouse.wheel(0, 4000)
        expect(hits(page).nth(seen)).to_be_attached()
    expect(hits(page)).to_have_count(55)
    expect(hits(page).last).to_contain_text("message 1")


def test_found_and_opened_by_keys_alone(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    bo.send(group, "valve one")
    bo.send(group, "valve two")
    page = new_page(locale="en-GB")
    enter(page, anna)
    field(page).focus()
    page.keyboard.type("valve")
    expect(hits(page)).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(hits(page).first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(hits(page).last).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(bubble(page, "valve two")).to_be_focused()

    page.keyboard.press("Control+k")
    dialog = page.locator("dialog.pal")
    expect(dialog.locator("input")).to_be_focused()
    page.keyboard.type("valve one")
    expect(dialog.locator(".row")).to_have_count(1)
    expect(dialog.locator(".row")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(bubble(page, "valve one")).to_be_focused()


def test_a_search_within_one_conversation_leaves_out_all_others(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    bo.send(f"u:{anna.id}", "the pump, between us")
    bo.send(group, "the pump, for all")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    page.get_by_role("button", name="Search in this conversation").click()
    options = page.locator("dialog.pal .row")
    expect(page.locator("dialog.pal input")).to_be_focused()
    page.keyboard.type("pump")
    expect(options.locator(".pv")).to_have_text(["the pump, between us"])
    page.keyboard.press("Enter")
    expect(bubble(page, "the pump, between us")).to_be_focused()
    page.keyboard.press("Control+Shift+f")
    expect(page.locator("dialog.pal input")).to_have_value("pump")
    expect(options).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("dialog.pal")).to_have_count(0)


def test_a_search_is_narrowed_to_a_person_and_to_days_by_keys(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    bo.send(group, "the pump is loud")
    anna.send(group, "the pump is mended")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{group}")
    expect(page.locator(".chat-h .sub")).to_contain_text("2 members")
    page.keyboard.press("Control+Shift+f")
    dialog = page.locator("dialog.pal")
    said = dialog.locator(".row .pv")
    person, when = dialog.get_by_label("From whom"), dialog.get_by_label("When")
    # Whom without a word: all that they said.
    person.focus()
    page.keyboard.type("Bo")
    expect(said).to_have_text(["the pump is loud"])
    assert violations(page) == []
    dialog.get_by_role("combobox", name="Search in").fill("mended")
    expect(dialog.locator(".none")).to_be_visible()
    person.select_option("You")
    expect(said).to_have_text(["the pump is mended"])
    when.select_option("Today")
    expect(said).to_have_count(1)
    when.select_option("Between dates…")
    dialog.get_by_label("Last day").fill("2020-02-29")
    expect(said).to_have_count(0)
    dialog.get_by_label("Last day").fill("2090-01-01")
    expect(said).to_have_count(1)
    # It is as it was when one comes back, and in the list the same.
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+f")
    expect(dialog.get_by_label("Last day")).to_have_value("2090-01-01")
    page.keyboard.press("Escape")
    field(page).fill("pump")
    expect(hits(page)).to_have_count(2)
    page.locator(".found").get_by_label("From whom").select_option("Bo")
    expect(hits(page).locator(".pv")).to_have_text(["Bo: the pump is loud"])


def test_letters_of_an_input_method_are_not_looked_for(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    bo.send(group, "明天检查水泵")
    page = new_page(locale="en-GB")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    enter(page, anna)
    field(page).focus()
    compose(page, "shui")
    expect(field(page)).to_have_value("shui")
    bo.send(f"u:{anna.id}", "meanwhile")
    expect(row(page, "Bo")).to_be_visible()
    expect(field(page)).to_have_value("shui")
    field(page).dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "isComposing": True})
    page.keyboard.insert_text("水泵")
    expect(hits(page).locator("mark")).to_have_text(["水泵"])
    assert not [url for url in asked if "shui" in url]


def test_nothing_found_an_error_and_what_is_on_its_way_are_said(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, group = crew(node(env=QUICK).url)
    bo.send(group, "valve one")
    page = new_page(locale="en-GB")
    enter(page, anna)
    page.evaluate(NOTE_WHAT_IS_SAID)
    field(page).fill("zeppelin")
    said = page.locator(".found [role=status]")
    expect(said).to_have_text("Nothing found for “zeppelin”")
    # Not before it has been looked for.
    assert page.evaluate("told") == ["Searching", "Nothing found for “zeppelin”"]

    waiting: list[Route] = []
    page.route(MESSAGES, lambda route: waiting.append(route))
    field(page).fill("valve")
    expect(said).to_have_text("Searching")
    while not waiting:
        page.wait_for_timeout(20)
    waiting.pop().fulfill(
        status=429,
        json={"code": -1, "error": "rate_limited", "message": "Please wait a moment", "data": None},
    )
    expect(page.locator(".found [role=alert]")).to_contain_text("Please wait a moment")
    page.unroute(MESSAGES)
    page.get_by_role("button", name="Retry").click()
    expect(hits(page)).to_have_count(1)


def test_without_a_connection_what_is_kept_is_searched(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna, bo, conversation = pair(server.url)
    bo.send(f"u:{anna.id}", "valve one")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    expect(bubble(page, "valve one")).to_be_visible()
    field(page).fill("valve")
    expect(hits(page)).to_have_count(1)
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    expect(page.locator(".found [role=status]")).to_contain_text("kept on this device")
    expect(hits(page).locator("mark")).to_have_text(["valve"])
    server.restart()
    online(page)
    expect(page.locator(".found [role=status]")).not_to_contain_text("kept on this device")
    expect(hits(page)).to_have_count(1)
