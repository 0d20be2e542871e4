"""Everything can be done with the keys, and the input method keeps its own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import QUICK, befriend, bubble, enter, private, register, row, write
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def open_chat(node: NodeFactory, new_page: Pages) -> Page:
    """Anna's chat with Bo; Cem is there too."""
    url = node(env=QUICK).url
    anna, bo, cem = (register(url, name) for name in ("Anna", "Bo", "Cem"))
    befriend(anna, bo)
    bo.send(f"u:{anna.id}", "from Bo")
    cem.send(f"u:{anna.id}", "from Cem")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    expect(bubble(page, "from Bo")).to_be_visible()
    return page


def compose(page: Page, text: str) -> None:
    """What an input method does: show letters that are not chosen yet."""
    session = page.context.new_cdp_session(page)
    session.send(
        "Input.imeSetComposition",
        {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
    )


def test_enter_that_chooses_characters_sends_nothing(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    box = chat.locator(".comp textarea")
    box.focus()
    compose(chat, "nihao")
    box.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "isComposing": True})
    box.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    expect(box).to_have_value("nihao")
    chat.keyboard.insert_text("你好")
    expect(box).to_have_value("你好")
    expect(chat.locator(".msg.me")).to_have_count(0)
    box.press("Enter")
    expect(bubble(chat, "你好")).to_have_count(1)


def test_keys_of_the_input_method_open_and_edit_nothing(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    write(chat, "mine")
    expect(bubble(chat, "mine").locator("use[href$='#check']")).to_be_attached()
    box = chat.locator(".comp textarea")
    box.focus()
    for key in ("ArrowUp", "Escape", "k"):
        box.dispatch_event("keydown", {"key": key, "keyCode": 229, "isComposing": True})
    expect(chat.locator(".ctx")).to_have_count(0)
    expect(box).to_have_value("")


def test_shift_enter_begins_a_new_line(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    box = chat.locator(".comp textarea")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box).to_have_value("one\ntwo")
    box.press("Enter")
    expect(chat.locator(".msg.me .tx")).to_have_text("one\ntwo", use_inner_text=True)


def test_enter_can_be_made_to_begin_a_new_line(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    place = chat.url
    chat.goto(re.sub("#.*", "#/settings/appearance", place))
    switch = chat.get_by_role("switch", name="Enter sends")
    switch.click()
    expect(switch).not_to_be_checked()
    # It is so on another device too.
    chat.evaluate("localStorage.clear()")
    chat.goto(place)
    chat.reload()
    expect(chat.locator(".comp .hintk")).to_contain_text("Ctrl+Enter to send")
    box = chat.locator(".comp textarea")
    box.press_sequentially("one")
    box.press("Enter")
    expect(box).to_have_value("one\n")
    box.press("Control+Enter")
    expect(box).to_have_value("")


def test_ctrl_k_jumps_to_anyone(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    chat.keyboard.press("Control+k")
    search = chat.locator("dialog.pal input")
    expect(search).to_be_focused()
    search.press_sequentially("Cem")
    expect(chat.locator(".pal .row").first).to_contain_text("Cem")
    search.press("Enter")
    expect(chat.locator(".chat-h h2")).to_have_text("Cem")
    expect(chat.locator(".comp textarea")).to_be_focused()


def test_alt_and_arrows_change_the_conversation(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    first = chat.locator(".chat-h h2").inner_text()
    chat.keyboard.press("Alt+ArrowUp")
    expect(chat.locator(".chat-h h2")).not_to_have_text(first)
    chat.keyboard.press("Alt+ArrowDown")
    expect(chat.locator(".chat-h h2")).to_have_text(first)


def test_escape_closes_the_top_layer_then_clears_the_reply(
    node: NodeFactory, new_page: Pages
) -> None:
    chat = open_chat(node, new_page)
    message = bubble(chat, "from Bo")
    message.focus()
    message.press("r")
    expect(chat.locator(".ctx")).to_be_visible()
    chat.get_by_role("button", name="Emoji").click()
    expect(chat.locator(".emo")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.locator(".emo")).to_have_count(0)
    expect(chat.locator(".ctx")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.locator(".ctx")).to_have_count(0)


def test_the_systems_way_back_closes_what_was_opened_last(
    node: NodeFactory, new_page: Pages
) -> None:
    """Which is Esc at a computer, wherever the focus is."""
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    page.get_by_role("button", name="Emoji", exact=True).click()
    opened = page.get_by_role("dialog", name="Choose an emoji")
    expect(opened).to_be_visible()
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    page.get_by_role("button", name="New", exact=True).click()
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page.locator(".comp textarea")).to_be_visible()


def test_a_closed_layer_gives_the_focus_back(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    message = bubble(chat, "from Bo")
    message.focus()
    message.press("Shift+F10")
    expect(chat.get_by_role("menuitem").first).to_be_focused()
    chat.keyboard.press("ArrowDown")
    expect(chat.get_by_role("menuitem").nth(1)).to_be_focused()
    chat.keyboard.press("Escape")
    expect(message).to_be_focused()
    chat.keyboard.press("Control+/")
    expect(chat.locator("dialog")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.locator("dialog")).to_have_count(0)
    expect(message).to_be_focused()


def test_a_dialog_without_fields_opens_calmly_and_scrolls_with_the_keys(
    node: NodeFactory, new_page: Pages
) -> None:
    page = new_page(locale="en-GB", viewport={"width": 800, "height": 400})
    enter(page, register(node(env=QUICK).url, "Anna"))
    page.keyboard.press("Control+/")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_focused()
    expect(dialog).to_have_css("outline-style", "none")
    # What is part of it is marked when one comes to it.
    page.keyboard.press("Tab")
    close = dialog.get_by_role("button", name="Close")
    expect(close).to_be_focused()
    expect(close).to_have_css("outline-style", "solid")
    page.keyboard.press("Tab")
    last = dialog.get_by_text("Open the menu")
    expect(last).not_to_be_in_viewport()
    page.keyboard.press("End")
    expect(last).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_f6_goes_from_region_to_region(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    visited = []
    for _ in range(3):
        chat.keyboard.press("F6")
        visited.append(
            chat.evaluate("document.activeElement.closest('[data-region]').className.split(' ')[0]")
        )
    assert sorted(visited) == ["chat", "pane", "rail"]


def test_list_and_messages_are_one_tab_stop_each(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    for text in ("two", "three"):
        write(chat, text)
        # Until the node has numbered it, it is shown but no place for the keys.
        expect(bubble(chat, text)).to_have_attribute("data-seq", re.compile(r"\d+"))
    for selector in (".pane a.row", ".rows-in [data-seq]"):
        assert chat.locator(f"{selector}[tabindex='0']").count() == 1
    last = bubble(chat, "three")
    last.focus()
    last.press("ArrowUp")
    expect(bubble(chat, "two")).to_be_focused()
    assert chat.locator(".rows-in [data-seq][tabindex='0']").count() == 1


def test_emoji_are_found_and_put_in_with_the_keys(node: NodeFactory, new_page: Pages) -> None:
    chat = open_chat(node, new_page)
    box = chat.locator(".comp textarea")
    box.press_sequentially("Good")
    chat.get_by_role("button", name="Emoji").click()
    search = chat.get_by_role("searchbox", name="Search emoji")
    for word in ("coffee", "咖啡"):
        search.fill(word)
        expect(chat.locator(".emo .grid button").first).to_contain_text("☕")
    search.press("ArrowDown")
    expect(chat.locator(".emo .grid button").first).to_be_focused()
    chat.keyboard.press("Enter")
    expect(box).to_have_value(re.compile("Good☕"))
    expect(box).to_be_focused()
    chat.get_by_role("button", name="Emoji").click()
    recent = chat.locator(".emo section").first.locator("button")
    expect(recent.first).to_contain_text("☕")
    recent.first.focus()
    chat.keyboard.press("ArrowRight")
    expect(recent.nth(1)).to_be_focused()
    chat.keyboard.press("ArrowDown")
    expect(recent.nth(1)).not_to_be_focused()


def test_back_leads_from_a_chat_to_the_list_on_a_phone(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    bo.send(f"u:{anna.id}", "hello")
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740}, has_touch=True)
    enter(page, anna)
    expect(page.locator(".chat")).to_be_hidden()
    row(page, "Bo").tap()
    expect(page.locator(".pane")).to_be_hidden()
    expect(page.locator(".tabs")).to_be_hidden()
    page.go_back()
    expect(row(page, "Bo")).to_be_visible()
    expect(page.locator(".tabs")).to_be_visible()
    # The arrow of the page is the same way, so each screen stands in the history once.
    row(page, "Bo").tap()
    page.get_by_role("button", name="Details").tap()
    expect(page.locator(".side .hero")).to_be_visible()
    entries = page.evaluate("history.length")
    page.get_by_role("button", name="Close").tap()
    expect(page.locator(".comp textarea")).to_be_visible()
    page.get_by_role("button", name="Back").tap()
    expect(row(page, "Bo")).to_be_visible()
    assert page.evaluate("history.length") == entries
    page.go_forward()
    expect(page.locator(".comp textarea")).to_be_visible()


def test_the_arrow_leads_to_the_list_from_a_chat_that_was_opened_by_itself(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    bo.send(f"u:{anna.id}", "hello")
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740}, has_touch=True)
    enter(page, anna, f"chats/{private(anna, bo)}")
    page.get_by_role("button", name="Back").tap()
    expect(row(page, "Bo")).to_be_visible()
