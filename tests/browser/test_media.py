"""Pictures and files: chosen, pasted, dropped, taken, sent, seen, and taken back."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.browser.people import (
    QUICK,
    bubble,
    enter,
    online,
    pair,
    private,
    register,
    row,
    write,
)
from tests.browser.test_accessibility import violations
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

SLOW = """() => {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    window.release = () => send.call(this, body);
    this.upload.onprogress({ loaded: body.size / 2 });
  };
}"""
"""Uploads stop half way until they are released."""


def photo(name: str = "quay.jpg", size: tuple[int, int] = (640, 400)) -> FilePayload:
    """A picture as a file chooser gives it."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": samples.picture(size=size)}


def paper(name: str = "watch.pdf", size: int = 2000) -> FilePayload:
    return {"name": name, "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + b"x" * size}


def choose(page: Page, *files: FilePayload, by: str = "Pictures") -> Locator:
    """Choose files with a button; the dialog that shows them."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=by, exact=True).click()
    chooser.value.set_files(list(files))
    return page.locator("dialog.send")


def send(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Send", exact=True).click()


def sent(page: Page) -> Locator:
    """Pictures of the log whose pixels have come."""
    return page.locator(".msg .room img")


def test_pictures_with_a_caption_cross_two_nodes_and_open_large(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")

    dialog = choose(annas, photo(), photo("deck.jpg", (300, 500)), photo("sky.jpg"))
    expect(dialog.get_by_role("heading")).to_have_text("Send 3 pictures")
    dialog.get_by_role("button", name="Remove sky.jpg").click()
    expect(dialog.get_by_role("heading")).to_have_text("Send 2 pictures")
    expect(dialog.locator(".about")).to_contain_text("position will be removed")
    assert violations(annas) == []
    dialog.get_by_label("Add a caption").fill("Berth 4")
    dialog.get_by_label("Add a caption").press("Enter")
    expect(dialog).to_have_count(0)
    expect(annas.locator(".comp textarea")).to_be_focused()

    expect(sent(bos)).to_have_count(2)
    expect(bos.locator(".msg .cap .tx")).to_have_text("Berth 4")
    boxes = bos.locator(".msg .room").evaluate_all(
        "(all) => all.map((box) => [box.offsetWidth, box.offsetHeight])"
    )
    assert boxes == [[320, 200], [216, 360]]
    expect(
        annas.locator(".msg.me use[href$='#check'], .msg.me use[href$='#checks']")
    ).to_have_count(2)
    expect(annas.locator(".sending")).to_have_count(0)
    expect(row(bos, "Anna").locator(".pv")).to_contain_text("[Picture] Berth 4")
    assert violations(bos) == []

    sent(bos).first.click()
    large = bos.get_by_role("dialog", name="Picture")
    expect(large).to_contain_text("1 of 2")
    expect(large.get_by_role("img")).to_have_attribute("alt", re.compile("Picture from Anna"))
    assert violations(bos) == []
    bos.keyboard.press("ArrowRight")
    expect(large.get_by_role("img")).to_have_attribute("alt", "Berth 4")
    bos.keyboard.press("+")
    expect(large.locator("img.zoomed")).to_be_visible()
    bos.keyboard.press("0")
    with bos.expect_download() as saved:
        large.get_by_role("link", name="Download picture").click()
    assert saved.value.suggested_filename == "deck.jpg"
    bos.keyboard.press("Escape")
    expect(large).to_have_count(0)


def test_a_picture_is_taken_with_the_camera(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    page.get_by_role("button", name="Take a picture").click()
    dialog = page.get_by_role("dialog", name="Take a picture")
    expect(dialog.get_by_role("button", name="Take it")).to_be_enabled()
    assert violations(page) == []
    dialog.get_by_role("button", name="Take it").click()
    send(page.locator("dialog.send"))
    expect(sent(page)).to_have_count(1)
    expect(page.locator(".msg use[href$='#check']")).to_be_attached()
    page.evaluate("""() => {
      const refused = new DOMException("", "NotAllowedError");
      navigator.mediaDevices.getUserMedia = () => Promise.reject(refused);
    }""")
    page.get_by_role("button", name="Take a picture").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert violations(page) == []


def test_what_is_chosen_without_a_connection_survives_a_reload_and_goes_out_once(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo, conversation = pair(server.url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    send(choose(page, photo("before.jpg")))
    expect(page.locator(".msg use[href$='#check']")).to_be_attached()
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    send(choose(page, photo("late.jpg")))
    expect(page.locator(".sending")).to_contain_text("Goes out when the connection is back")
    write(page, "and words")
    page.goto("about:blank")
    server.start()
    page.goto(f"{server.url}/toChat#/chats/{conversation}")
    online(page)
    expect(page.locator(".msg use[href$='#check']")).to_have_count(3)
    expect(sent(page)).to_have_count(2)
    entries = bo.call("GET", f"/messages?conv={conversation}")["entries"]
    assert sorted(entry.get("media", "text") for entry in entries) == ["picture", "picture", "text"]


def test_an_upload_shows_how_far_it_is_lets_words_pass_and_can_be_given_up(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    page.evaluate(SLOW)
    send(choose(page, paper("plan.pdf", 200_000), by="Files"))
    going = page.locator(".sending")
    expect(going.get_by_role("progressbar")).to_have_attribute("value", re.compile(r"^1000"))
    expect(going).to_contain_text("98 KB of 195 KB")
    assert violations(page) == []
    write(page, "meanwhile")
    expect(bubble(page, "meanwhile").locator("use[href$='#check']")).to_be_attached()
    going.get_by_role("button", name="Cancel sending").click()
    expect(page.locator(".filec")).to_have_count(0)
    page.reload()
    online(page)
    expect(bubble(page, "meanwhile")).to_be_visible()
    expect(page.locator(".filec")).to_have_count(0)
    assert len(bo.call("GET", f"/messages?conv={conversation}")["entries"]) == 1


def test_closing_the_page_in_the_middle_of_an_upload_asks_and_loses_nothing(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    page.evaluate(SLOW)
    other = page.context.new_page()
    other.goto(page.url)
    online(other)
    send(choose(page, paper("plan.pdf", 200_000), by="Files"))
    # The other tab shows how far it has come too.
    expect(other.locator(".sending")).to_contain_text("98 KB of 195 KB")
    other.close()
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(page.locator(".sending")).to_contain_text("98 KB of 195 KB")
    page.reload()
    online(page)
    expect(page.locator(".msg use[href$='#check']")).to_be_attached()
    [entry] = bo.call("GET", f"/messages?conv={conversation}")["entries"]
    assert entry["file"]["name"] == "plan.pdf"
    # Nothing is under way: nobody is asked.
    with page.expect_event("close"):
        page.close(run_before_unload=True)


def test_what_is_too_large_or_refused_is_said_in_plain_words(
    node: NodeFactory, new_page: Pages
) -> None:
    small = {"IM_MEDIA_MAX_BYTES": str(64 * 1024), "IM_MEDIA_KINDS": "picture"}
    url = node(env={**QUICK, **small}).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    dialog = choose(page, paper(size=100_000), photo(), by="Files")
    expect(dialog.locator(".about")).to_contain_text("This file is 98 KB; the limit is 64 KB")
    expect(dialog.get_by_role("heading")).to_have_text("Send 1 picture")
    page.keyboard.press("Escape")
    send(choose(page, paper(), by="Files"))
    expect(page.locator(".failed")).to_contain_text("Not sent:")
    expect(page.locator(".failed").get_by_role("button", name="Retry")).to_be_visible()
    page.locator(".failed").get_by_role("button", name="Delete").click()
    expect(page.locator(".filec")).to_have_count(0)


def test_a_file_is_saved_quoted_forwarded_and_gone_when_it_is_taken_back(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    cem = register(anna.url, "Cem")
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")
    send(choose(annas, photo(), paper(), by="Files"))
    card = bos.locator(".msg", has=bos.locator(".filec"))
    expect(card).to_contain_text("watch.pdf")
    expect(row(bos, "Anna").locator(".pv")).to_contain_text("[File] watch.pdf")
    with bos.expect_download() as saved:
        card.locator(".fn").click()  # The whole card leads where its link does.
    assert Path(saved.value.path()).read_bytes() == paper()["buffer"]
    bos.route("**/api/media/*", lambda route: route.fulfill(status=404))
    card.get_by_role("link", name="Download watch.pdf").click()
    expect(card.get_by_role("alert")).to_have_text("This file is no longer there")
    bos.unroute("**/api/media/*")

    picture = bos.locator(".msg", has=bos.locator(".room"))
    picture.focus()
    picture.press("r")
    expect(bos.locator(".comp .quote")).to_contain_text("[Picture]")
    write(bos, "Which berth?")
    quote = annas.locator(".msg .quote")
    expect(quote).to_contain_text("[Picture]")
    expect(quote.locator("img")).to_be_visible()

    picture.focus()
    picture.press("f")
    dialog = bos.get_by_role("dialog", name="Forward a message")
    dialog.get_by_role("searchbox").fill("cem")
    dialog.get_by_role("checkbox", name="Cem", exact=True).check()
    dialog.get_by_role("button", name="Forward (1)").click()
    cems = new_page(locale="en-GB")
    enter(cems, cem, f"chats/{private(bo, cem)}")
    expect(sent(cems)).to_be_visible()
    cems.wait_for_function("() => document.querySelector('.room img').naturalWidth > 0")

    sent(bos).click()
    large = bos.get_by_role("dialog", name="Picture")
    expect(large).to_be_visible()
    seq = anna.call("GET", f"/messages?conv={conversation}")["entries"][0]["seq"]
    anna.call("POST", "/messages/recall", {"conv": conversation, "seq": seq})
    expect(large).to_have_count(0)
    expect(bos.locator(".room")).to_have_count(0)
    expect(annas.locator(".msg .quote")).to_contain_text("recalled")


def test_stickers_are_found_sent_and_offered_for_what_is_written(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="zh-CN")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")
    bos.goto(f"{bo.url}/toChat#/chats/{conversation}")
    annas.get_by_role("button", name="Emoji", exact=True).click()
    panel = annas.get_by_role("dialog", name="Choose an emoji")
    panel.get_by_role("radio", name="Stickers").click()
    assert violations(annas) == []
    panel.get_by_role("searchbox").fill("加油")
    panel.get_by_role("searchbox").press("Enter")
    expect(panel).to_have_count(0)
    expect(annas.locator(".msg.me").get_by_role("img", name="Go for it")).to_be_visible()
    expect(bos.locator(".msg").get_by_role("img")).to_be_visible()
    expect(row(bos, "Anna").locator(".pv")).to_contain_text("Go for it")

    box = annas.locator(".comp textarea")
    box.fill("thanks")
    annas.get_by_role("button", name="Send the sticker “Thanks”").click()
    expect(annas.locator(".msg.me").get_by_role("img", name="Thanks")).to_be_visible()
    expect(box).to_have_value("")
    annas.get_by_role("button", name="Emoji", exact=True).click()
    expect(panel.get_by_role("region", name="Recent").get_by_role("button")).to_have_count(1)
    assert violations(annas) == []


def test_on_a_phone_one_button_leads_to_pictures_and_files(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740}, has_touch=True)
    enter(page, anna, f"chats/{conversation}")
    page.get_by_role("button", name="Add pictures or files").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Pictures").click()
    chooser.value.set_files([photo()])
    send(page.locator("dialog.send"))
    expect(sent(page)).to_be_visible()
    # Nothing is wider than the telephone.
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_picture_that_comes_late_or_never_moves_nothing(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, conversation = pair(url)
    for name in ("one", "two"):
        file = bo.upload(samples.picture(size=(640, 400)), "image/jpeg", f"name={name}.jpg")
        bo.call("POST", "/messages", {"to": f"u:{anna.id}", "media": "picture", "file": file})
    bo.send(f"u:{anna.id}", "below")
    page = new_page(locale="en-GB")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "HEAD":
            route.fulfill(status=404)
        else:
            held.append(route)

    page.route("**/thumbnail", hold)
    enter(page, anna, f"chats/{conversation}")
    expect(bubble(page, "below")).to_be_visible()
    expect(sent(page)).to_have_count(2)
    place = bubble(page, "below").bounding_box()
    page.wait_for_function("() => document.querySelectorAll('.room img').length === 2")
    while len(held) < 2:
        page.wait_for_timeout(50)
    held[0].continue_()
    held[1].abort()
    expect(page.get_by_text("This picture is no longer there")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.room img').naturalWidth > 0")
    assert bubble(page, "below").bounding_box() == place
