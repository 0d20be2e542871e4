"""Two people chat, each in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import (
    QUICK,
    befriend,
    bubble,
    enter,
    online,
    pair,
    private,
    register,
    row,
    spread,
    write,
)
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def two(new_page: Pages, *urls: str) -> tuple[Page, Page]:
    """Anna and Bo, in the chat with each other; with two nodes each is at one."""
    anna, bo, conversation = pair(*urls)
    pages = new_page(locale="en-GB"), new_page(locale="en-GB")
    for page, person in zip(pages, (anna, bo), strict=True):
        enter(page, person, f"chats/{conversation}")
    return pages


def test_messages_go_both_ways_and_are_marked_as_read(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = two(new_page, *urls)
    write(anna, "Hello Bo")
    expect(bubble(bo, "Hello Bo")).to_be_visible()
    bo.bring_to_front()
    expect(bubble(anna, "Hello Bo").locator(".meta")).to_contain_text("Seen")
    write(bo, "Hello Anna")
    expect(bubble(anna, "Hello Anna")).to_be_visible()
    expect(bubble(anna, "Hello Bo")).to_have_count(1)
    expect(bubble(bo, "Hello Anna")).to_have_count(1)


def test_what_is_written_is_shown_as_text(node: NodeFactory, new_page: Pages) -> None:
    anna, bo = two(new_page, node(env=QUICK).url)
    markup = "<img src=x onerror=alert(1)> & <b>bold</b>"
    write(anna, markup)
    expect(bubble(bo, markup)).to_be_visible()
    assert bo.locator(".bub img, .bub b").count() == 0


def test_a_link_can_be_followed_and_tells_nothing(node: NodeFactory, new_page: Pages) -> None:
    anna, bo = two(new_page, node(env=QUICK).url)
    write(anna, "see http://192.168.1.10/plan, please")
    link = bo.locator(".bub a")
    expect(link).to_have_attribute("href", "http://192.168.1.10/plan")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_typing_is_seen_by_the_other(node: NodeFactory, new_page: Pages) -> None:
    anna, bo = two(new_page, node(env=QUICK).url)
    anna.locator(".comp textarea").press_sequentially("Hel")
    expect(bo.locator(".typing")).to_contain_text("typing…")
    write(anna, "Hello")
    expect(bo.locator(".typing span")).to_have_count(0)


def test_a_recall_leaves_a_line_and_the_text_can_be_taken_up_again(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo = two(new_page, node(env=QUICK).url)
    write(anna, "wrong window")
    expect(bubble(bo, "wrong window")).to_be_visible()
    message = bubble(anna, "wrong window")
    message.focus()
    message.press("Shift+F10")
    item = anna.get_by_role("menuitem", name="Recall")
    expect(item).to_contain_text("left")
    item.click()
    expect(bo.locator(".sys")).to_have_text("Anna recalled a message")
    expect(bubble(bo, "wrong window")).to_have_count(0)
    anna.get_by_role("button", name="Re-edit").click()
    expect(anna.locator(".comp textarea")).to_have_value("wrong window")


def test_up_edits_the_last_message_for_everyone(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo = two(new_page, *urls)
    write(anna, "see you at tree")
    expect(bubble(bo, "see you at tree")).to_be_visible()
    # Only what has its number can be changed.
    expect(bubble(anna, "see you at tree").locator("use[href$='#clock']")).to_have_count(0)
    box = anna.locator(".comp textarea")
    box.press("ArrowUp")
    expect(box).to_have_value("see you at tree")
    # The caret is placed in the next frame, and would end what ``fill`` has marked.
    anna.evaluate("() => new Promise(requestAnimationFrame)")
    write(anna, "see you at three")
    expect(bubble(bo, "see you at three").locator(".meta")).to_contain_text("edited")
    expect(bubble(bo, "see you at tree")).to_have_count(0)
    expect(box).to_have_value("")


def test_a_reply_quotes_and_leads_to_what_it_answers(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = two(new_page, *urls)
    write(anna, "Is the pump on?")
    question = bubble(bo, "Is the pump on?")
    question.focus()
    question.press("r")
    expect(bo.locator(".ctx")).to_contain_text("Replying to Anna")
    write(bo, "Since noon")
    quote = bubble(anna, "Since noon").locator(".quote")
    expect(quote).to_contain_text("Is the pump on?")
    quote.click()
    expect(bubble(anna, "Is the pump on?").first).to_be_focused()


def test_deleted_for_me_can_be_undone_and_the_other_keeps_it(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo = two(new_page, node(env=QUICK).url)
    write(anna, "keep this")
    message = bubble(bo, "keep this")
    message.focus()
    message.press("Delete")
    expect(message).to_have_count(0)
    bo.get_by_role("button", name="Undo").click()
    expect(message).to_be_visible()
    message.focus()
    message.press("Delete")
    expect(message).to_have_count(0)
    bo.reload()
    expect(bo.locator(".log-in .skeleton")).to_have_count(0)
    expect(message).to_have_count(0)
    expect(bubble(anna, "keep this")).to_be_visible()


def test_unread_messages_are_counted_in_list_and_title(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, bo)
    for text in ("one", "two", "three"):
        anna.send(f"u:{bo.id}", text)
    found = row(page, "Anna")
    expect(found.locator(".badge")).to_contain_text("3 unread")
    expect(found.locator(".pv")).to_have_text("three")
    expect(page).to_have_title("(3) Chats · LAN chat")
    found.click()
    expect(page.locator(".new")).to_have_text("New messages")
    expect(found.locator(".badge")).to_have_count(0)
    expect(page).to_have_title("Anna · LAN chat")


def test_two_tabs_of_one_person_stay_in_step(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    first = new_page(locale="en-GB")
    enter(first, anna, f"chats/{private(anna, bo)}")
    second = first.context.new_page()
    second.goto(f"{url}/toChat#/chats/{private(anna, bo)}")
    expect(second.locator(".comp textarea")).to_be_visible()
    write(first, "from the first tab")
    expect(bubble(second, "from the first tab")).to_have_count(1)
    write(second, "from the second tab")
    expect(bubble(first, "from the second tab")).to_have_count(1)
    first.locator(".comp textarea").fill("a draft")
    third = first.context.new_page()
    expect(third).to_have_url("about:blank")
    first.evaluate("dispatchEvent(new Event('pagehide'))")
    third.goto(f"{url}/toChat")
    expect(row(third, "Bo").locator(".pv")).to_contain_text("Draft: a draft")


def test_a_group_is_made_and_all_its_members_hear_each_other(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, cem = spread(urls, "Anna", "Bo", "Cem")
    for other in (bo, cem):
        befriend(anna, other)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, anna, "groups")
    enter(bos, bo)
    page.get_by_role("button", name="Create a group").click()
    page.fill("#group-name", "Deck crew")
    page.get_by_role("checkbox", name="Bo").check()
    page.get_by_label("Cem").check()
    page.get_by_role("button", name="Create (3 people)").click()
    expect(page.locator(".chat-h h2")).to_have_text("Deck crew")
    write(page, "Hatch 3 is dry")
    expect(row(bos, "Deck crew").locator(".pv")).to_contain_text("Hatch 3 is dry")
    row(bos, "Deck crew").click()
    box = bos.locator(".comp textarea")
    box.press_sequentially("@An")
    expect(bos.locator("#mention-list [role=option]").first).to_contain_text("Anna")
    assert violations(bos) == []
    box.press("Enter")
    expect(box).to_have_value("@Anna ")
    box.press_sequentially("thank you")
    box.press("Enter")
    expect(page.locator(".hitme .at.you")).to_have_text("@Anna")


def test_who_was_away_sees_where_they_were_mentioned(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, _ = pair(node(env=QUICK).url)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    body = {"to": f"g:{group}", "text": "@Anna hatch 3?", "mentions": [anna.id]}
    bo.call("POST", "/messages", body)
    bo.send(f"g:{group}", "It rains")
    page = new_page(locale="en-GB")
    enter(page, anna)
    badge = row(page, "Deck crew").locator(".badge.at")
    expect(badge).to_contain_text("you are mentioned")
    expect(row(page, "Deck crew").locator(".pv")).to_contain_text("@you")
    page.locator(".pane").get_by_role("button", name="@you").click()
    expect(page.locator(".pane .row")).to_have_count(1)
    row(page, "Deck crew").click()
    expect(page.locator(".hitme .at.you")).to_have_text("@Anna")
    expect(badge).to_have_count(0)
    page.reload()
    online(page)
    expect(row(page, "Deck crew")).to_be_visible()
    expect(badge).to_have_count(0)


def test_names_that_come_after_a_text_was_sent_are_not_offered_any_more(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, _ = pair(node(env=QUICK).url)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    page = new_page(locale="en-GB")
    held: list[Route] = []
    page.route("**/members?*", lambda route: held.append(route))
    enter(page, anna, f"chats/g:{group}")
    box = page.locator(".comp textarea")
    box.press_sequentially("@Bo")
    box.press("Enter")
    expect(bubble(page, "@Bo")).to_be_visible()
    assert held
    for route in held:
        route.continue_()
    expect(page.locator(".chat-h")).to_contain_text("online")
    expect(page.locator("#mention-list")).to_have_count(0)


def test_an_announcement_stands_on_top_until_it_is_seen(
    urls: tuple[str, str], new_page: Pages
) -> None:
    master, bo = spread(urls, "Master", "Bo")
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, master, "chats/all")
    enter(bos, bo)
    write(page, "Fire drill at 16:30")
    banner = bos.locator(".bcast")
    expect(banner).to_contain_text("Fire drill at 16:30")
    bos.get_by_role("button", name="Got it").click()
    expect(banner).to_have_count(0)
    bos.reload()
    expect(row(bos, "Announcements")).to_be_visible()
    expect(banner).to_have_count(0)
    row(bos, "Announcements").click()
    expect(bubble(bos, "Fire drill at 16:30")).to_be_visible()
    expect(bos.locator(".comp")).to_have_count(0)


def test_what_a_change_of_network_breaks_off_is_loaded_again(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, conversation = pair(node(env=QUICK).url)
    bo.send(f"u:{anna.id}", "from Bo")
    # A service worker would have the modules already; without one they come over the network.
    page = new_page(locale="en-GB", service_workers="block")
    broken: set[str] = set()

    def break_off(route: Route) -> None:
        """The first time each."""
        if route.request.url in broken:
            route.continue_()
        else:
            broken.add(route.request.url)
            route.abort("failed")

    page.route(re.compile(r"/api/|/chat/chat\.js|/contacts/pane\.js|-later\.js"), break_off)
    enter(page, anna, f"chats/{conversation}")
    expect(bubble(page, "from Bo")).to_be_visible()
    page.get_by_role("link", name="Contacts").click()
    expect(page.get_by_role("heading", name="Contacts", level=2)).to_be_visible()
    expect(row(page, "Bo")).to_be_visible()
    parts = {"chat.js", "pane.js", "contacts", "en-later.js"}
    assert {address.rpartition("/")[2] for address in broken} >= parts


@pytest.mark.parametrize("part", ["/app/core/log.js", "/css/shell.css", "/sentences/en-first.js"])
def test_a_page_of_which_a_part_did_not_come_loads_again_by_itself(
    node: NodeFactory, new_page: Pages, part: str
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    # A service worker would have it at the second try.
    page = new_page(locale="en-GB", service_workers="block")
    broken: list[str] = []

    def break_off(route: Route) -> None:
        """The first two times."""
        if len(broken) == 2:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort("failed")

    page.route(f"**{part}", break_off)
    with page.expect_response(f"**{part}"):
        enter(page, anna)
    online(page)
    assert len(broken) == 2


def test_a_page_of_which_a_part_never_comes_says_so(node: NodeFactory, new_page: Pages) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB", service_workers="block")
    enter(page, anna)
    page.route("**/app/core/log.js", lambda route: route.abort("failed"))
    page.reload(wait_until="commit")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded completely")
    page.unroute("**/app/core/log.js")
    page.reload()
    online(page)


def test_from_a_conversation_that_is_not_there_a_phone_leads_back(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740})
    enter(page, anna, "chats/g:999")
    expect(page.get_by_text("There is no such conversation")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Chats", level=2)).to_be_visible()


def test_a_long_name_stays_beside_its_message(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "W" * 32)
    group = bo.call("POST", "/groups", {"name": "Crew", "members": [anna.id]})["id"]
    bo.send(f"g:{group}", "hello")
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740})
    enter(page, anna, f"chats/g:{group}")
    expect(page.locator(".msg .by")).to_have_text("W" * 32)
    inside = """() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector(".msg .by"));
      const log = document.querySelector(".log-in").getBoundingClientRect();
      return range.getBoundingClientRect().right <= log.right;
    }"""
    assert page.evaluate(inside)
