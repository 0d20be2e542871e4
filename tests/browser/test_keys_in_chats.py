"""What is sent, looked at and taken back in a chat, with a keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.keys import sit_down
from tests.browser.people import QUICK, befriend, bubble, pair, register
from tests.browser.test_media import paper, photo
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def test_pictures_and_files_are_chosen_looked_at_and_sent(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, chat = pair(node(env=QUICK).url)
    page, keys = sit_down(new_page, anna, f"chats/{chat}")
    keys.at("textbox", "Message to Bo")
    with page.expect_file_chooser() as chooser:
        keys.open("button", "Files")
    chooser.value.set_files([paper("a.pdf")])
    keys.at("textbox", "Add a caption")
    keys.press("Escape")
    keys.at("button", "Files")
    with page.expect_file_chooser() as chooser:
        keys.open("button", "Pictures")
    names = ("one.jpg", "two.jpg", "three.jpg", "four.jpg")
    chooser.value.set_files([photo(name) for name in names])
    keys.at("textbox", "Add a caption")
    keys.open("button", "two.jpg")
    expect(page.locator(".pvw img")).to_have_attribute("alt", "two.jpg")
    keys.at("button", "two.jpg")
    for removed, then in (("two", "three"), ("four", "three"), ("one", "three")):
        keys.open("button", f"Remove {removed}.jpg")
        keys.at("button", f"Remove {then}.jpg")
    with page.expect_file_chooser() as chooser:
        keys.open("button", "Add more")
    chooser.value.set_files([photo("five.jpg")])
    keys.at("button", "Add more")
    expect(page.locator(".thumbs .th")).to_have_count(3)
    keys.tab("textbox", "Add a caption")
    keys.type("Berth 4")
    keys.open("button", "Send")
    keys.at("textbox", "Message to Bo")
    expect(page.locator(".msg[data-seq] .room button")).to_have_count(2)

    # The message, then its picture, and back to it from the large one.
    keys.tab("article", re.compile("Berth 4"), back=True)
    keys.tab("button", "Berth 4")
    keys.press("Enter")
    large = page.get_by_role("dialog", name="Picture")
    expect(large).to_be_focused()
    expect(large.get_by_role("status")).to_contain_text("2 of 2")
    keys.seen()
    keys.open("button", "Previous picture")
    expect(large.get_by_role("status")).to_contain_text("1 of 2")
    # There is none before it: its button has gone.
    keys.at("button", "Next picture")
    keys.press("ArrowRight")
    expect(large.get_by_role("status")).to_contain_text("2 of 2")
    keys.seen()
    keys.open("button", "Zoom in")
    keys.at("button", "Zoom in")
    image = large.get_by_role("img")
    before = image.bounding_box()
    keys.press("ArrowRight", "ArrowDown")
    after = image.bounding_box()
    assert before and after and after["x"] < before["x"] and after["y"] < before["y"]
    expect(large.get_by_role("status")).to_contain_text("2 of 2")
    keys.press("0", "Escape")
    expect(large).to_have_count(0)
    keys.at("button", "Berth 4")
    assert new_page.console == []


def test_a_voice_message_is_recorded_heard_and_sent(node: NodeFactory, new_page: Pages) -> None:
    anna, _, chat = pair(node(env=QUICK).url)
    page, keys = sit_down(new_page, anna, f"chats/{chat}")
    keys.open("button", "Voice message")
    keys.at("button", "Send the recording")
    keys.tab("button", "Discard the recording", back=True)
    keys.press("Space")
    keys.at("button", "Voice message")
    keys.press("Enter")
    keys.at("button", "Send the recording")
    expect(page.get_by_role("timer")).to_have_text(re.compile("0:0[1-9]"))
    keys.tab("button", "Stop and listen", back=True)
    keys.press("Enter")
    keys.at("button", "Send the recording")
    keys.tab("button", "Play the recording", back=True)
    keys.press("Enter")
    keys.at("button", re.compile("Pause|Play the recording"))
    keys.tab("slider", "Position")
    keys.press("ArrowRight")
    keys.open("button", "Speed 1×")
    keys.at("button", "Speed 1.5×")
    keys.open("button", "Send the recording")
    keys.at("button", "Voice message")
    expect(page.locator(".msg.me .voice .meta use[href*='#check']")).to_be_attached()
    keys.tab("article", re.compile("You"), back=True)
    keys.tab("button", "Play the recording")
    keys.press("Space")
    keys.at("button", re.compile("Pause|Play the recording"))


def test_emoji_and_stickers_are_found_and_chosen(node: NodeFactory, new_page: Pages) -> None:
    anna, _, chat = pair(node(env=QUICK).url)
    page, keys = sit_down(new_page, anna, f"chats/{chat}")
    keys.open("button", "Emoji")
    keys.at("searchbox", re.compile("^Search emoji"))
    keys.press("Escape")
    keys.at("textbox", "Message to Bo")
    keys.type("Good ")
    keys.open("button", "Emoji")
    keys.at("searchbox", re.compile("^Search emoji"))
    keys.type("coffee")
    expect(page.locator(".emo .grid button").first).to_contain_text("☕")
    keys.press("ArrowDown", "Enter")
    keys.at("textbox", "Message to Bo")
    expect(page.locator(".comp textarea")).to_have_value(re.compile("^Good ☕"))
    keys.open("button", "Emoji")
    keys.tab("radio", "Emoji", back=True)
    keys.press("ArrowRight")
    keys.at("radio", "Stickers")
    keys.tab("searchbox", re.compile("^Search stickers"))
    keys.press("ArrowDown")
    keys.seen()
    keys.press("ArrowRight", "ArrowDown", "ArrowUp")
    keys.seen()
    keys.press("Enter")
    keys.at("textbox", "Message to Bo")
    expect(page.locator(".msg.me .big")).to_be_visible()
    expect(page.locator(".comp textarea")).to_have_value(re.compile("^Good ☕"))


def test_messages_are_answered_edited_passed_on_and_taken_back(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, chat = pair(node(env=QUICK).url)
    cem = register(anna.url, "Cem")
    befriend(anna, cem)
    bo.send(f"u:{anna.id}", "first")
    anna.send(f"u:{bo.id}", "second")
    bo.send(f"u:{anna.id}", "third")
    page, keys = sit_down(new_page, anna, f"chats/{chat}")
    keys.at("textbox", "Message to Bo")
    keys.tab("article", re.compile("third"), back=True)
    keys.press("Enter")
    keys.choose("Reply")
    keys.at("textbox", "Message to Bo")
    keys.tab("button", "Cancel reply", back=True)
    keys.press("Enter")
    keys.at("textbox", "Message to Bo")
    keys.tab("article", re.compile("third"), back=True)
    keys.press("ArrowUp", "Enter")
    keys.choose("Edit")
    keys.at("textbox", "Message to Bo")
    keys.type(" thought")
    keys.press("Enter")
    expect(bubble(page, "second thought")).to_be_visible()
    keys.at("textbox", "Message to Bo")
    keys.tab("article", re.compile("third"), back=True)
    keys.press("ArrowUp", "f")
    keys.at("searchbox", "Search")
    keys.type("Cem")
    keys.tab("checkbox", "Cem")
    keys.press("Space")
    keys.tab("button", "Remove Cem", back=True)
    keys.press("Enter")
    keys.at("searchbox", "Search")
    keys.tab("checkbox", "Cem")
    keys.press("Space")
    keys.open("button", re.compile("^Send|^Forward"))
    expect(page.get_by_role("status").filter(has_text="Forwarded to Cem")).to_be_visible()
    keys.at("article", re.compile("second"))
    keys.press("Enter")
    keys.choose("Recall")
    expect(page.locator(".sys", has_text="You recalled a message")).to_be_visible()
    keys.seen()
    assert "You recalled a message" in page.evaluate("document.activeElement.textContent")
    keys.press("ArrowUp")
    keys.at("article", re.compile("first"))
    keys.press("Delete")
    expect(page.get_by_role("status").filter(has_text="Message deleted for you")).to_be_visible()
    expect(bubble(page, "first")).to_have_count(0)
    keys.seen()
    keys.undo()
    expect(bubble(page, "first")).to_be_visible()
    keys.seen()


def test_a_search_is_narrowed(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, chat = pair(node(env=QUICK).url)
    bo.send(f"u:{anna.id}", "the pump is loud")
    anna.send(f"u:{bo.id}", "the pump is mended")
    page, keys = sit_down(new_page, anna, f"chats/{chat}")
    keys.open("button", "Search in this conversation")
    keys.at("combobox", "Search in “Bo”")
    keys.type("pump")
    expect(page.get_by_role("option").filter(has_text="pump")).to_have_count(2)
    keys.tab("combobox", "From whom")
    keys.type("Bo")
    expect(page.locator(".pal .row")).to_have_count(1)
    keys.tab("combobox", "When")
    keys.type("Betw")
    keys.tab("textbox", "First day")
    keys.type("01012090")
    expect(page.locator(".pal .row")).to_have_count(0)
    keys.seen()
    keys.press("Escape")
    keys.at("button", "Search in this conversation")
