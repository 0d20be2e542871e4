"""axe-core finds nothing where pictures, recordings and files are, whatever language and theme."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.people import QUICK, Person, enter, pair
from tests.browser.test_accessibility import combinations, open_page, violations
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def world(url: str) -> tuple[Person, str]:
    """Anna, to whom Bo has sent one of each kind."""
    anna, bo, conversation = pair(url)
    for media, data, type_, about in (
        ("picture", samples.picture(size=(640, 400)), "image/jpeg", "name=quay.jpg"),
        ("audio", samples.mp4(), "audio/mp4", "duration_ms=9000&waveform=1,60,100,30"),
        ("file", b"%PDF-1.7\n" + bytes(900), "application/pdf", "name=watch.pdf"),
    ):
        file = bo.upload(data, type_, about)
        bo.call(
            "POST", "/messages", {"to": f"u:{anna.id}", "media": media, "file": file, "text": ""}
        )
    return anna, conversation


@pytest.mark.parametrize(("language", "size"), combinations(wide="zh"))
def test_media_is_accessible(node: NodeFactory, new_page: Pages, language: str, size: str) -> None:
    url = node(env=QUICK).url
    anna, conversation = world(url)
    page = open_page(new_page, language, size)
    enter(page, anna, f"chats/{conversation}")
    expect(page.locator(".msg .voice")).to_be_visible()
    assert violations(page) == []

    page.locator(".msg .room .open").click()
    expect(page.locator(".lb img")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.locator(".comp input[type=file]").last.set_input_files(
        [
            {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": samples.picture()},
            {"name": "none.txt", "mimeType": "text/plain", "buffer": b""},
        ]
    )
    page.locator("dialog.send .thumbs .th").nth(1).click()
    expect(page.locator("dialog.send .about .err")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.locator(".comp .mic-b").click()
    expect(page.locator(".rec .num").first).to_have_text("0:01")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".rec .voice")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.locator(".comp .tools .ib").first.click()
    page.locator(".emo [role=radio]").last.click()
    expect(page.locator(".emo .stk button").first).to_be_visible()
    assert violations(page) == []

    page.goto(f"{url}/toChat#/settings/profile")
    page.locator(".me-head button").click()
    page.locator("dialog.crop input[type=file]").set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": samples.photograph()}
    )
    expect(page.locator("dialog.crop canvas")).to_be_visible()
    assert violations(page) == []
