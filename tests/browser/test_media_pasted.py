"""Files that are pasted or dropped instead of chosen."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.people import QUICK, enter, fetched, pair
from tests.browser.test_accessibility import violations
from tests.browser.test_media import sent
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def test_a_picture_can_be_pasted_and_dropped(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    data = list(samples.picture("PNG"))
    page.locator(".comp textarea").fill("from the screen\nof the bridge")
    paste = """([data, text, field = ".comp textarea"]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(data)], "image.png", { type: "image/png" }));
      if (text) transfer.setData("text/plain", text);
      document.querySelector(field).dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
    }"""
    # A table of an office program comes with a picture of itself, which nobody wants.
    page.evaluate(paste, [data, "1\t2"])
    expect(page.locator("dialog.send")).to_have_count(0)
    page.evaluate(paste, [data, ""])
    dialog = page.locator("dialog.send")
    expect(dialog.get_by_role("heading")).to_have_text("Send 1 picture")
    page.evaluate(paste, [data, "", ".send textarea"])
    expect(dialog.get_by_role("heading")).to_have_text("Send 2 pictures")
    dialog.get_by_role("button", name="Remove image.png").first.click()
    caption = dialog.get_by_label("Add a caption")
    expect(caption).to_have_value("from the screen\nof the bridge")
    caption.press("Control+End")
    caption.press("Shift+Enter")
    caption.press_sequentially("now")
    caption.press("Enter")
    said = re.compile("from the screen\nof the bridge\nnow")
    expect(page.locator(".msg .cap .tx")).to_have_text(said, use_inner_text=True)
    expect(page.locator(".comp textarea")).to_have_value("")

    drag = """([data, type]) => {
      window.transfer ??= new DataTransfer();
      if (!transfer.items.length)
        transfer.items.add(new File([new Uint8Array(data)], "drop.png", { type: "image/png" }));
      document.querySelector(".log").dispatchEvent(
        new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    fetched(page, "drop.js")
    page.evaluate(drag, [data, "dragover"])
    expect(page.locator(".drop")).to_contain_text("Drop here to send to Bo")
    assert violations(page) == []
    page.evaluate(drag, [data, "drop"])
    expect(page.locator(".drop")).to_have_count(0)
    expect(dialog.get_by_role("heading")).to_have_text("Send 1 picture")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(sent(page)).to_have_count(1)
