"""Pictures that are sent sooner than they could be looked at."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.people import QUICK, enter, pair
from tests.browser.test_media import choose, photo, sent
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

UNSEEN = """() => {
  const look = window.createImageBitmap;
  window.createImageBitmap = (...all) => new Promise((seen) => {
    window.release = () => seen(look(...all));
  });
}"""
"""Pictures are looked at when they are released."""


def test_a_picture_that_is_sent_before_it_was_looked_at_goes_when_it_was(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    page.evaluate(UNSEEN)
    dialog = choose(page, photo())
    button = dialog.get_by_role("button", name="Send", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
    dialog.get_by_label("Add a caption").press("Enter")
    expect(dialog).to_be_visible()
    page.evaluate("() => window.release()")
    expect(dialog).to_have_count(0)
    expect(sent(page)).to_have_count(1)
