"""What is being written is completed: names after an @, emoji after a colon."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import QUICK, befriend, bubble, enter, pair, register
from tests.browser.test_accessibility import violations
from tests.browser.test_keys import compose
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def offered(page: Page) -> Locator:
    """What the list over the field offers."""
    return page.locator(".completion [role=option]")


def box(page: Page) -> Locator:
    """Where one writes."""
    return page.locator(".comp textarea")


def anew(page: Page, text: str) -> None:
    """Empty the field and type."""
    box(page).fill("")
    box(page).press_sequentially(text)


def test_an_emoji_is_written_by_its_name_with_the_keys_alone(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    box(page).focus()
    anew(page, "Good :smi")
    expect(offered(page)).to_have_count(8)
    assert violations(page) == []
    chosen = page.locator(".completion [aria-selected=true]")
    first = chosen.inner_text()
    told = box(page).get_attribute("aria-activedescendant")
    assert told == chosen.get_attribute("id")
    for key in ("ArrowDown", "ArrowUp", "ArrowUp", "ArrowDown"):
        box(page).press(key)
    expect(chosen).to_have_text(first, use_inner_text=True)
    box(page).press("Enter")
    expect(box(page)).to_have_value(f"Good {first.split()[0]}")
    expect(offered(page)).to_have_count(0)
    assert box(page).get_attribute("aria-activedescendant") is None
    expect(box(page)).to_be_focused()
    # A second follows at once; Tab chooses too, and a colon ends a whole word.
    box(page).press_sequentially(":rocket")
    expect(offered(page).first).to_contain_text("rocket")
    box(page).press("Tab")
    box(page).press_sequentially(" :+1")
    expect(offered(page).first).to_contain_text("thumbs up")
    box(page).press(":")
    expect(box(page)).to_have_value(re.compile(r"^Good \S+🚀 👍\ufe0f?$"))
    box(page).press("Enter")
    expect(bubble(page, "🚀")).to_have_count(0)
    expect(page.locator(".msg.me .tx")).to_contain_text("🚀 👍")
    # Both languages know it, and the panel has it among the recent ones.
    anew(page, ":笑哭")
    expect(offered(page).first).to_contain_text("😂")
    box(page).press("Escape")
    expect(offered(page)).to_have_count(0)
    expect(box(page)).to_have_value(":笑哭")
    page.get_by_role("button", name="Emoji").click()
    expect(page.locator(".emo section").first.locator("button").first).to_contain_text("👍")


def test_a_colon_that_is_no_name_offers_nothing(node: NodeFactory, new_page: Pages) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    box(page).focus()
    # The list is at hand from here on, so what does not open it now is not merely late.
    anew(page, ":smile")
    expect(offered(page).first).to_be_visible()
    for text in ("at 12:30", "http://smile", "ratio 3:smile", "word:smile", ":D", ":pp", "::smile"):
        anew(page, text)
        expect(offered(page)).to_have_count(0)
    box(page).press("Enter")
    expect(bubble(page, "::smile")).to_be_visible()
    # Nor while the input method is still composing it.
    compose(page, ":smile")
    expect(box(page)).to_have_value(":smile")
    expect(offered(page)).to_have_count(0)
    page.keyboard.insert_text(":微笑")
    expect(offered(page).first).to_be_visible()
    # Where the caret has left the name, Enter sends.
    box(page).press("Home")
    expect(offered(page)).to_have_count(0)
    box(page).press("Enter")
    expect(bubble(page, ":微笑")).to_be_visible()


def test_a_colon_stays_a_colon_where_emoji_cannot_be_had(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB", service_workers="block")
    page.route("**/emoji-zh.json", lambda route: route.abort())
    enter(page, anna, f"chats/{conversation}")
    box(page).focus()
    with page.expect_event("requestfailed"):
        box(page).press_sequentially(":smile")
    box(page).press("Enter")
    expect(bubble(page, ":smile")).to_be_visible()
    page.unroute("**/emoji-zh.json")
    anew(page, ":smile")
    expect(offered(page).first).to_be_visible()


def test_a_name_is_put_where_it_was_begun(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    befriend(anna, bo)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/g:{group}")
    box(page).focus()
    box(page).press_sequentially("@Bo")
    expect(offered(page)).to_have_text(re.compile("Bo$"))
    # The caret leaves the name: there is nothing to complete any more.
    box(page).press("ArrowLeft")
    expect(offered(page)).to_have_count(0)
    box(page).press("Enter")
    expect(bubble(page, "@Bo")).to_be_visible()
    box(page).press_sequentially("Ask  now")
    for _ in " now":
        box(page).press("ArrowLeft")
    box(page).press_sequentially("@B")
    expect(offered(page)).to_have_count(1)
    page.locator(".completion li").click()
    expect(box(page)).to_have_value("Ask @Bo  now")
    assert box(page).evaluate("area => area.selectionStart") == len("Ask @Bo ")
