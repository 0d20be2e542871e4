"""Files dragged from the desktop into a chat."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.people import enter, fetched, pair
from tests.browser.test_media import paper, photo, send, sent
from tests.services.chromium import Pages


def test_files_are_dragged_from_the_desktop_to_someone_at_another_node(
    urls: tuple[str, str], new_page: Pages, tmp_path: Path
) -> None:
    anna, bo, conversation = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")
    files = {tmp_path / file["name"]: file["buffer"] for file in (photo(), paper())}
    for path, data in files.items():
        path.write_bytes(data)
    fetched(annas, "drop.js")
    log = annas.locator(".log").bounding_box()
    assert log is not None
    where = {"x": log["x"] + log["width"] / 2, "y": log["y"] + log["height"] / 2}
    dragged = {"items": [], "files": [str(path) for path in files], "dragOperationsMask": 1}
    devtools = annas.context.new_cdp_session(annas)

    def drag(step: str) -> None:
        devtools.send("Input.dispatchDragEvent", {"type": step, **where, "data": dragged})

    drag("dragEnter")
    drag("dragOver")
    expect(annas.locator(".drop")).to_contain_text("Drop here to send to Bo")
    drag("drop")
    expect(annas.locator(".drop")).to_have_count(0)
    send(annas.locator("dialog.send"))
    expect(sent(bos)).to_have_count(1)
    card = bos.locator(".msg", has=bos.locator(".filec"))
    with bos.expect_download() as saved:
        card.get_by_role("link", name="Download watch.pdf").click()
    assert Path(saved.value.path()).read_bytes() == paper()["buffer"]
