"""Voice messages: recorded with Chromium's microphone, which beeps, and heard elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import QUICK, enter, pair, register, row
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker

AAC = Path(__file__).with_name("recording.mp4")
"""A tone of a second and a half as an iPhone's browser writes it: AAC in a fragmented MP4."""
FAST = """() => {
  const now = performance.now.bind(performance);
  performance.now = () => now() * 40;
}"""
"""A minute passes in a second and a half."""
SOUND = """() => {
  const play = HTMLAudioElement.prototype.play;
  window.played = [];
  HTMLAudioElement.prototype.play = function () {
    if (!played.includes(this)) played.push(this);
    return play.call(this);
  };
}"""
"""Keeps what plays where a test can look at it."""


def record(page: Page, seconds: int) -> Locator:
    """Begin a recording and let it run until its clock shows so many seconds."""
    page.get_by_role("button", name="Voice message").click()
    box = page.get_by_role("group", name="Record a voice message")
    expect(box.get_by_role("timer")).to_have_text(re.compile(rf"0:0[{seconds}-9]"))
    return box


def test_a_recording_is_heard_before_it_goes_and_on_another_node(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    bos.add_init_script(f"({SOUND})()")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")

    box = record(annas, 2)
    expect(box.get_by_role("button", name="Send the recording")).to_be_focused()
    heights = "(all) => Math.max(...all.map((bar) => Number(bar.getAttribute('height'))))"
    assert box.locator(".wave rect").evaluate_all(heights) > 3
    assert violations(annas) == []
    box.get_by_role("button", name="Stop and listen").click()
    box.get_by_role("button", name="Play the recording").click()
    expect(box.get_by_role("button", name="Pause")).to_be_visible()
    assert violations(annas) == []
    box.get_by_role("button", name="Send the recording").click()
    expect(annas.get_by_role("button", name="Voice message")).to_be_focused()
    expect(annas.locator(".msg.me .voice .meta use[href*='#check']")).to_be_attached()

    voice = bos.locator(".msg .voice")
    length = annas.locator(".msg.me .voice .info").inner_text()[:4]
    assert length >= "0:02"
    expect(voice.locator(".info")).to_contain_text(length)
    expect(voice.get_by_text("not played yet")).to_be_attached()
    seconds = int(length.removeprefix("0:"))
    expect(row(bos, "Anna").locator(".pv")).to_contain_text(f"[Voice] {seconds}″")
    assert violations(bos) == []
    voice.get_by_role("button", name="Speed 1×").click()
    voice.get_by_role("button", name="Speed 1.5×").click()
    voice.get_by_role("button", name="Play the recording").click()
    bos.wait_for_function("() => played[0]?.currentTime > 0.3 && played[0].playbackRate === 2")
    expect(voice.get_by_text("not played yet")).to_have_count(0)
    voice.get_by_role("button", name="Pause").click()
    expect(voice.get_by_role("button", name="Play the recording")).to_be_visible()
    voice.get_by_role("slider", name="Position").fill("0.5")
    bos.wait_for_function("() => Math.abs(played[0].currentTime - 0.5) < 0.2")
    # With the keys alone: the message, then its parts.
    message = bos.locator(".msg", has=bos.locator(".voice"))
    message.focus()
    message.press("Tab")
    expect(voice.get_by_role("button", name="Play the recording")).to_be_focused()


def test_one_recording_plays_at_a_time_and_the_next_follows(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, conversation = pair(url)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    bos.add_init_script(f"({SOUND})()")
    enter(annas, anna, f"chats/{conversation}")
    for count in (1, 2):
        record(annas, 1).get_by_role("button", name="Send the recording").click()
        expect(annas.locator(".msg.me .voice .meta use[href*='#check']")).to_have_count(count)
    enter(bos, bo, f"chats/{conversation}")
    plays = bos.get_by_role("button", name="Play the recording")
    plays.nth(1).click()
    bos.wait_for_function("() => played[0]?.currentTime > 0.1")
    plays.nth(0).click()
    bos.wait_for_function("() => played[1]?.currentTime > 0.1 && played[0].paused")
    expect(bos.get_by_role("button", name="Pause")).to_have_count(1)

    # Both were heard, so nothing follows; on a new device the second follows the first.
    bos.evaluate("Object.keys(localStorage).forEach((key) => localStorage.removeItem(key))")
    bos.reload()
    plays.nth(0).click()
    bos.wait_for_function("() => played[0]?.ended && played[1]?.currentTime > 0.1")


def test_recordings_in_mp4_are_heard_on_another_node(
    urls: tuple[str, str], new_page: Pages
) -> None:
    """One that the page makes, and one in AAC, which Chromium can play here but not write."""
    anna, bo, conversation = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    annas.add_init_script("""
      const able = MediaRecorder.isTypeSupported;
      MediaRecorder.isTypeSupported = (type) =>
        !/webm|ogg/.test(type) && able.call(MediaRecorder, type);
    """)
    bos.add_init_script(f"({SOUND})()")
    enter(annas, anna, f"chats/{conversation}")
    enter(bos, bo, f"chats/{conversation}")
    record(annas, 1).get_by_role("button", name="Send the recording").click()
    expect(annas.locator(".msg.me .voice .meta use[href*='#check']")).to_be_attached()
    file = anna.upload(AAC.read_bytes(), "audio/mp4", "duration_ms=1500&waveform=1,60,100,30")
    anna.call("POST", "/messages", {"to": f"u:{bo.id}", "media": "audio", "file": file})
    entries = bo.call("GET", f"/messages?conv={conversation}")["entries"]
    assert [entry["file"]["type"] for entry in entries] == ["audio/mp4", "audio/mp4"]

    voices = bos.locator(".msg .voice")
    expect(voices).to_have_count(2)
    voices.first.get_by_role("button", name="Play the recording").click()
    bos.wait_for_function("() => played[0]?.ended && played[1]?.ended")
    assert bos.evaluate("played[1].currentTime") > 1
    voices.last.get_by_role("slider", name="Position").fill("0.9")
    bos.wait_for_function("() => played[2]?.currentTime > 1")
    expect(bos.get_by_role("alert")).to_have_count(0)


def test_a_recording_ends_by_itself_after_a_minute(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    page.evaluate(FAST)
    page.get_by_role("button", name="Voice message").click()
    box = page.get_by_role("group", name="Record a voice message")
    expect(box).to_contain_text("One minute is full")
    expect(box.locator(".info")).to_contain_text("1:00")
    box.get_by_role("button", name="Discard the recording").click()
    expect(page.locator(".comp textarea")).to_be_visible()
    expect(page.locator(".voice")).to_have_count(0)


def test_escape_stops_a_recording_and_throws_away_nothing(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    page.locator(".comp textarea").fill("half a thought")
    box = record(page, 1)
    page.keyboard.press("Escape")
    expect(box.get_by_role("button", name="Play the recording")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".comp textarea")).to_have_value("half a thought")


def test_leaving_a_conversation_keeps_the_recording_there(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, conversation = pair(url)
    bo.send(f"u:{anna.id}", "say it")
    register(url, "Cid").send(f"u:{anna.id}", "ahoy")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    record(page, 1)
    row(page, "Cid").click()
    expect(page.get_by_text("The recording is kept with this conversation")).to_be_visible()
    expect(page.locator(".comp textarea")).to_be_visible()
    expect(row(page, "Bo").locator(".pv")).to_contain_text(re.compile(r"Draft: \[Voice\] [12]″"))
    page.reload()
    row(page, "Bo").click()
    box = page.get_by_role("group", name="Record a voice message")
    expect(box.get_by_role("button", name="Play the recording")).to_be_focused()
    assert violations(page) == []
    box.get_by_role("button", name="Send the recording").click()
    expect(page.locator(".msg.me .voice .meta use[href*='#check']")).to_be_attached()
    entry = bo.call("GET", f"/messages?conv={conversation}")["entries"][-1]
    assert entry["file"]["duration_ms"] >= 1000
    row(page, "Cid").click()
    row(page, "Bo").click()
    expect(page.locator(".comp textarea")).to_be_visible()


def test_closing_the_page_while_one_speaks_asks_first(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    box = record(page, 1)
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    box.get_by_role("button", name="Stop and listen").click()
    expect(box.get_by_role("button", name="Play the recording")).to_be_visible()


def test_a_refused_microphone_is_said_in_words(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, _, conversation = pair(url)
    page = new_page(locale="en-GB")
    page.add_init_script("""
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("no", "NotAllowedError");
      };
    """)
    enter(page, anna, f"chats/{conversation}")
    page.get_by_role("button", name="Voice message").click()
    expect(page.get_by_role("alert")).to_contain_text("The browser may not use the microphone")
    assert violations(page) == []
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".comp textarea")).to_be_visible()
