"""States of the page with pictures, files and voice messages."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import FilePayload
from sample_data import WORDS
from sample_pictures import harbour
from shooter import Shooter


def choose(shooter: Shooter, *files: FilePayload) -> None:
    """Choose files in the open conversation."""
    shooter.page.locator(".comp input[type=file]").last.set_input_files(list(files))
    shooter.page.wait_for_selector("dialog.send .pvw img, dialog.send .pvw.file")


def photo(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": harbour()}


def send_pictures(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    paper = WORDS[shooter.sample.me.api.language].paper
    choose(
        shooter,
        photo("harbour.jpg"),
        photo("berth.jpg"),
        {"name": paper, "mimeType": "application/octet-stream", "buffer": b"PK" + bytes(38_000)},
    )


def uploading(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.evaluate("""() => {
      XMLHttpRequest.prototype.send = function (body) {
        this.upload.onprogress({ loaded: body.size * 0.62 });
      };
    }""")
    choose(shooter, photo("harbour.jpg"))
    shooter.page.locator("dialog.send .words button").click()
    shooter.page.wait_for_selector(".sending progress[value]")


def recording(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".comp .mic-b").click()
    shooter.page.wait_for_selector(".rec .num:text-is('0:03')")


def listening(shooter: Shooter) -> None:
    recording(shooter)
    shooter.page.locator(".rec .ib").nth(1).click()
    shooter.page.wait_for_selector(".rec .voice")


def stickers(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".comp .tools .ib").first.click()
    shooter.page.locator(".emo [role=radio]").last.click()
    shooter.page.wait_for_selector(".emo .stk button")


def crop(shooter: Shooter) -> None:
    shooter.at("#/settings/profile")
    shooter.page.locator(".me-head button").click()
    shooter.page.locator("dialog.crop input[type=file]").set_input_files([photo("me.jpg")])
    shooter.page.wait_for_selector("dialog.crop canvas")


def view(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".msg .room .open").last.click()
    shooter.page.wait_for_selector(".lb img")
    shooter.page.wait_for_timeout(300)


MEDIA: list[Callable[[Shooter], None]] = [
    send_pictures, uploading, view, recording, listening, stickers, crop,
]  # fmt: skip
