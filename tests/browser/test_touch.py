"""What a thumb does on a telephone: every gesture, broken off too, and the other way to each."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Sequence
from time import monotonic

import pytest
from PIL import Image
from playwright.sync_api import Error, FilePayload, Locator, Page, expect

from tests.browser.people import (
    QUICK,
    befriend,
    bubble,
    enter,
    fetched,
    pair,
    register,
    row,
)
from tests.browser.test_accessibility import violations
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

Point = tuple[float, float]

QUICK_SECONDS = 0.25
"""A finger that moves within this time has not rested; the page waits longer."""
TRIES = 20


class Thumb:
    """A finger, or two, on a page's screen."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._at: list[Point] = []

    def down(self, *points: Point) -> None:
        """Put fingers on these points."""
        self._at = list(points)
        self._touch("touchStart", points)

    def to(self, *points: Point, steps: int = 8) -> None:
        """Move them there, as many as are down."""
        for step in range(1, steps + 1):
            self._touch(
                "touchMove",
                [
                    (x + (to_x - x) * step / steps, y + (to_y - y) * step / steps)
                    for (x, y), (to_x, to_y) in zip(self._at, points, strict=True)
                ],
            )
        self._at = list(points)

    def by(self, across: float, down: float, steps: int = 8) -> None:
        """Move one finger by so much."""
        [(x, y)] = self._at
        self.to((x + across, y + down), steps=steps)

    def stroke(self, start: Point, across: float, down: float) -> None:
        """Put one finger down and move it at once by so much."""
        half = (across / 2, down / 2)
        self.quickly(lambda: (self.down(start), self.by(*half, steps=1)))
        self.by(*half)

    def quickly(self, begin: Callable[[], object]) -> None:
        """Begin what is no resting; again where this machine was so slow that it was."""
        menu = self._page.get_by_role("menu")
        for _ in range(TRIES):
            started = monotonic()
            begin()
            if monotonic() - started < QUICK_SECONDS:
                return
            if self._at:
                self.taken()
            with contextlib.suppress(Error):
                menu.wait_for(timeout=2_000)
                self._page.keyboard.press("Escape")
            expect(menu).to_have_count(0)
        raise AssertionError("this machine is too slow for a quick finger")

    def up(self) -> None:
        """Take all away."""
        self._at = []
        self._touch("touchEnd", [])

    def taken(self) -> None:
        """The system takes the fingers away."""
        self._at = []
        self._touch("touchCancel", [])

    def _touch(self, kind: str, points: Sequence[Point]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        # One frame: a browser tells of movement once in each.
        self._page.evaluate("() => new Promise(requestAnimationFrame)")


def middle(place: Locator) -> Point:
    """The middle of an element."""
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def telephone(new_page: Pages) -> tuple[Page, Thumb]:
    """A page on a telephone, and the thumb that holds it."""
    page = new_page(
        locale="en-GB",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=1,
    )
    return page, Thumb(page)


def shades() -> FilePayload:
    """A picture that looks different wherever it is moved."""
    file = io.BytesIO()
    Image.linear_gradient("L").rotate(90).resize((640, 400)).convert("RGB").save(file, "JPEG")
    return {"name": "shades.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def test_a_finger_that_rests_opens_the_menu_and_one_that_scrolls_does_not(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, chat = pair(node(env=QUICK).url)
    for number in range(40):
        anna.send(f"u:{bo.id}", f"line {number}")
    page, thumb = telephone(new_page)
    enter(page, anna, f"chats/{chat}")
    message = bubble(page, "line 39").locator(".bub")
    expect(message).to_be_visible()
    thumb.down(middle(message))
    expect(page.get_by_role("menuitem").first).to_be_visible()
    # The browser's own long press comes after ours, and letting go is no tap on what opened.
    page.wait_for_timeout(700)
    thumb.up()
    expect(page.get_by_role("menuitem", name="Copy")).to_be_visible()
    page.touchscreen.tap(180, 20)
    expect(page.get_by_role("menu")).to_have_count(0)

    log = page.locator(".log")
    before = log.evaluate("log => log.scrollTop")
    thumb.stroke(middle(message), 0, 120)
    page.wait_for_timeout(700)
    expect(page.get_by_role("menu")).to_have_count(0)
    thumb.up()
    assert log.evaluate("log => log.scrollTop") < before - 60
    # A second finger, or one that the system takes away, opens nothing either.
    place = middle(page.locator(".msg .bub").last)
    other = (place[0], place[1] - 60)
    thumb.quickly(lambda: (thumb.down(place), thumb.down(place, other)))
    page.wait_for_timeout(700)
    thumb.up()
    thumb.quickly(lambda: (thumb.down(place), thumb.taken()))
    page.wait_for_timeout(700)
    expect(page.get_by_role("menu")).to_have_count(0)
    assert new_page.console == []


def test_a_message_drawn_aside_is_replied_to(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, chat = pair(node(env=QUICK).url)
    bo.send(f"u:{anna.id}", "shall we sail at noon")
    page, thumb = telephone(new_page)
    enter(page, anna, f"chats/{chat}")
    message = bubble(page, "shall we sail at noon").locator(".bub")
    reply = page.locator(".ctx")
    expect(message).to_be_visible()
    for across, down in ((30, 0), (-90, 0), (40, 90), (0, -90)):
        thumb.stroke(middle(message), across, down)
        thumb.up()
    thumb.stroke(middle(message), 90, 6)
    expect(page.locator(".drawn")).to_have_count(1)
    thumb.taken()
    expect(page.locator(".drawn")).to_have_count(0)
    expect(reply).to_have_count(0)
    assert page.locator(".msg .body").evaluate("body => body.style.translate") == ""
    thumb.stroke(middle(message), 90, 6)
    thumb.up()
    expect(reply).to_contain_text("shall we sail at noon")
    expect(page.locator(".comp textarea")).to_be_focused()
    page.get_by_role("button", name="Cancel reply").click()
    expect(reply).to_have_count(0)
    # The other way.
    bubble(page, "shall we sail at noon").click(button="right")
    page.get_by_role("menuitem", name="Reply").tap()
    expect(reply).to_be_visible()


def test_scrolling_back_with_a_thumb_opens_no_menu(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, chat = pair(node(env=QUICK).url)
    for number in range(60):
        anna.send(f"u:{bo.id}", f"line {number}")
    page, thumb = telephone(new_page)
    enter(page, anna, f"chats/{chat}")
    newest = bubble(page, "line 59")
    expect(newest).to_be_in_viewport()
    for _ in range(3):
        thumb.stroke((180, 200), 0, 420)
        thumb.up()
    expect(newest).not_to_be_in_viewport()
    expect(page.get_by_role("menu")).to_have_count(0)
    page.get_by_role("button", name="Jump to the newest message").click()
    expect(newest).to_be_in_viewport()


def test_two_fingers_and_one_move_a_large_picture(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, chat = pair(node(env=QUICK).url)
    for name in ("one", "two"):
        file = bo.upload(samples.picture(size=(640, 400)), "image/jpeg", f"name={name}.jpg")
        bo.call("POST", "/messages", {"to": f"u:{anna.id}", "media": "picture", "file": file})
    page, thumb = telephone(new_page)
    enter(page, anna, f"chats/{chat}")
    page.locator(".pic .open").first.tap()
    image = page.locator(".lb figure img")
    count = page.locator(".lb header small")
    expect(count).to_contain_text("1 of 2")
    here = middle(image)
    x, y = here

    def scale() -> float:
        return float(image.evaluate("one => new DOMMatrix(getComputedStyle(one).transform).a"))

    # Broken off, a finger to the side turns no page and one downwards closes nothing.
    for across, down in ((-120, 0), (0, 120)):
        thumb.down(here)
        thumb.by(across, down)
        thumb.taken()
    expect(count).to_contain_text("1 of 2")
    thumb.down((x - 20, y), (x + 20, y))
    thumb.to((x - 80, y), (x + 80, y))
    thumb.up()
    assert 3 < scale() < 5
    # While it is large one finger moves it, and turns no page.
    before = image.bounding_box()
    thumb.down(here)
    thumb.by(-100, 10)
    thumb.up()
    after = image.bounding_box()
    assert before and after and after["x"] < before["x"] - 60
    expect(count).to_contain_text("1 of 2")
    thumb.down((x - 80, y), (x + 80, y))
    thumb.to((x - 5, y), (x + 5, y))
    thumb.up()
    assert scale() == 1
    expect(count).to_contain_text("1 of 2")
    thumb.down(here)
    thumb.by(-120, 5)
    thumb.up()
    expect(count).to_contain_text("2 of 2")
    page.get_by_role("button", name="Previous picture").click()
    expect(count).to_contain_text("1 of 2")
    page.get_by_role("button", name="Zoom in").click()
    assert scale() > 1
    page.get_by_role("button", name="Zoom out").click()
    assert scale() == 1
    thumb.down(here)
    thumb.by(4, 140)
    thumb.up()
    expect(page.locator(".lb")).to_have_count(0)


def test_a_picture_is_cut_with_fingers(node: NodeFactory, new_page: Pages) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page, thumb = telephone(new_page)
    enter(page, anna, "settings/profile")
    page.get_by_role("button", name="Change picture").tap()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").tap()
    chooser.value.set_files([shades()])
    frame = page.locator(".frame")
    zoom = page.get_by_role("slider", name="Zoom")
    whole = frame.screenshot()
    x, y = middle(frame)
    thumb.down((x, y))
    thumb.by(-60, 0)
    thumb.taken()
    assert frame.screenshot() == whole
    thumb.down((x, y))
    thumb.by(-60, 0)
    thumb.up()
    moved = frame.screenshot()
    assert moved != whole
    thumb.down((x - 30, y), (x + 30, y))
    thumb.to((x - 60, y), (x + 60, y))
    thumb.up()
    assert 1.8 < float(zoom.input_value()) < 2.2
    zoom.fill("1")
    page.get_by_role("button", name="Use it").tap()
    expect(page.get_by_text("Saved")).to_be_visible()


@pytest.mark.parametrize("end", ["send", "drop", "broken"])
def test_a_held_button_records(node: NodeFactory, new_page: Pages, end: str) -> None:
    anna, _, chat = pair(node(env=QUICK).url)
    page, thumb = telephone(new_page)
    enter(page, anna, f"chats/{chat}")
    fetched(page, "hold.js")
    microphone = page.get_by_role("button", name="Voice message")
    box = page.get_by_role("group", name="Record a voice message")
    microphone.tap(trial=True)  # Wait until it stands still.
    thumb.down(middle(microphone))
    expect(box.get_by_role("timer")).to_have_text(re.compile("0:0[1-9]"))
    expect(box.get_by_role("status")).to_have_text("Let go to send, slide away to discard")
    if end == "send":
        assert violations(page) == []
        thumb.by(-100, -40)
        expect(box.get_by_role("status")).to_have_text("Let go to discard")
        thumb.by(100, 40)
        expect(box.get_by_role("status")).to_have_text("Let go to send, slide away to discard")
        thumb.up()
        expect(page.locator(".msg.me .voice .meta use[href*='#check']")).to_be_attached()
    elif end == "drop":
        thumb.by(-100, -40)
        expect(box.get_by_role("status")).to_have_text("Let go to discard")
        thumb.up()
    else:
        thumb.taken()
        # Nothing that was said is lost: it can be heard, sent or discarded.
        expect(box.get_by_role("button", name="Play the recording")).to_be_visible()
        box.get_by_role("button", name="Discard the recording").tap()
    expect(microphone).to_be_visible()
    expect(box).to_have_count(0)
    expect(page.locator(".msg")).to_have_count(int(end == "send"))
    # A tap is the other way, and a finger that slides over the button begins nothing.
    thumb.down(middle(microphone))
    thumb.by(-40, 0)
    page.wait_for_timeout(500)
    thumb.up()
    expect(box).to_have_count(0)
    microphone.tap()
    expect(box.get_by_role("button", name="Stop and listen")).to_be_visible()


def test_what_the_menu_of_a_row_does_stands_beside_the_chat_too(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = (register(url, name) for name in ("Anna", "Bo"))
    befriend(anna, bo)
    bo.send(f"u:{anna.id}", "ahoy")
    page, thumb = telephone(new_page)
    enter(page, anna)
    fetched(page, "finger.js")
    # A finger that rests on the row opens it, one that scrolls or taps does not.
    thumb.down(middle(row(page, "Bo")))
    thumb.by(0, 30)
    page.wait_for_timeout(700)
    expect(page.get_by_role("menu")).to_have_count(0)
    thumb.up()
    thumb.down(middle(row(page, "Bo")))
    expect(page.get_by_role("menuitem", name="Pin")).to_be_visible()
    # It says whose it is, and covers the row.
    expect(page.get_by_role("menu", name="Bo")).to_contain_text("Bo")
    expect(page.locator(".menu .prev")).to_be_visible()
    page.wait_for_timeout(700)
    thumb.up()
    expect(page.get_by_role("menuitem", name="Pin")).to_be_visible()
    page.touchscreen.tap(180, 20)
    expect(page.get_by_role("menu")).to_have_count(0)
    row(page, "Bo").tap()
    # The name leads to the details, as the button beside it does.
    page.locator(".chat-h h2").tap()
    for name, shown in (("Pin", "pinned"), ("Mute notifications", "muted")):
        page.get_by_role("switch", name=name).tap()
        expect(page.get_by_role("switch", name=name)).to_be_checked()
        expect(row(page, "Bo").get_by_text(shown)).to_be_attached()
    page.get_by_role("button", name="Hide from the list").tap()
    expect(row(page, "Bo")).to_have_count(0)
    page.get_by_role("button", name="Undo").tap()
    expect(row(page, "Bo")).to_be_visible()
