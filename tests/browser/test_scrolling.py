"""Long conversations: what is read stays in place, and the document stays small."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import QUICK, Person, bubble, enter, private, register
from tests.services.chromium import Pages
from tests.services.node import NodeFactory
from tests.services.socket_answers import SocketAnswers

pytestmark = pytest.mark.no_service_worker

MESSAGES = 1_000
MAX_ROWS = 300

FILL = """([url, token, to, count]) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url);
  let answered = 0;
  socket.onopen = () => socket.send(JSON.stringify({ op: "hello", token }));
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.op === "welcome") {
      for (let n = 1; n <= count; n += 1) {
        const text = `message ${n}` + (n % 7 ? "" : "\\nwith a second line");
        socket.send(JSON.stringify({ op: "send", id: n, to, text }));
      }
    }
    if (frame.op === "error") reject(new Error(data));
    if (frame.op === "ok" && ++answered === count) { socket.close(); resolve(); }
  };
})"""
"""Writes many messages as one person, over a socket of its own."""

KEEP_BACK = """window.WebSocket = class extends WebSocket {
  set onmessage(handler) {
    super.onmessage = handler && ((event) => {
      if (window.keepBack) window.keptBack = () => handler.call(this, event);
      else handler.call(this, event);
    });
  }
};"""
"""With ``keepBack`` set, what the node sends next waits until ``keptBack`` is called."""


def long_chat(node: NodeFactory, new_page: Pages) -> tuple[Page, Person, Person]:
    """Anna's chat with Bo, who has written much; she has read it all."""
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    writer = new_page()
    writer.goto(f"{server.url}/")
    socket = server.url.replace("http", "ws") + "/ws"
    writer.evaluate(FILL, [socket, bo.token, f"u:{anna.id}", MESSAGES])
    anna.call("POST", "/messages/read", {"conv": private(anna, bo), "seq": MESSAGES})
    page = new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    enter(page, anna, f"chats/{private(anna, bo)}")
    expect(bubble(page, f"message {MESSAGES}")).to_be_visible()
    return page, anna, bo


def rows(page: Page) -> int:
    return page.locator(".rows-in > *").count()


def place_of(page: Page, text: str) -> float:
    box = bubble(page, text).bounding_box()
    assert box is not None
    return box["y"]


def top_message(page: Page) -> str:
    """The text of the first message that is in view."""
    text = page.evaluate(
        """() => {
          const top = document.querySelector('.log').getBoundingClientRect().top;
          for (const row of document.querySelectorAll('.rows-in .msg')) {
            if (row.getBoundingClientRect().top <= top + 4) continue;
            return row.querySelector('.tx').innerText;
          }
        }"""
    )
    assert isinstance(text, str)
    return text


def test_older_pages_come_without_moving_what_is_read(node: NodeFactory, new_page: Pages) -> None:
    page, _, _ = long_chat(node, new_page)
    for _ in range(12):
        page.locator(".log").evaluate("(log) => { log.scrollTop -= 500 }")
        page.wait_for_function("() => document.querySelector('.log').scrollTop > 0")
        seen = top_message(page)
        before = place_of(page, seen)
        # What is fetched now is above; the message that is read stays where it is.
        page.wait_for_timeout(120)
        assert abs(place_of(page, seen) - before) <= 2, seen
        assert rows(page) <= MAX_ROWS


def test_the_document_stays_small_down_to_the_first_message(
    node: NodeFactory, new_page: Pages
) -> None:
    page, _, _ = long_chat(node, new_page)
    log = page.locator(".log")
    for _ in range(200):
        log.evaluate("(log) => { log.scrollTop = 0 }")
        assert rows(page) <= MAX_ROWS
        if bubble(page, "message 1").count():
            break
        page.wait_for_timeout(30)
    expect(bubble(page, "message 1")).to_be_visible()
    page.get_by_role("button", name="Jump to the newest message").click()
    expect(bubble(page, f"message {MESSAGES}")).to_be_visible()
    assert rows(page) <= MAX_ROWS


def test_only_at_the_end_new_messages_are_followed(node: NodeFactory, new_page: Pages) -> None:
    page, anna, bo = long_chat(node, new_page)
    bo.send(f"u:{anna.id}", "followed")
    expect(bubble(page, "followed")).to_be_in_viewport()
    expect(page).to_have_title("Bo · LAN chat")
    page.locator(".log").evaluate("(log) => { log.scrollTop -= 900 }")
    seen = top_message(page)
    before = place_of(page, seen)
    bo.send(f"u:{anna.id}", "not followed")
    jump = page.locator(".jump")
    expect(jump).to_have_attribute("aria-label", "Jump to the newest message, 1 unread")
    assert abs(place_of(page, seen) - before) <= 2
    jump.click()
    expect(bubble(page, "not followed")).to_be_in_viewport()
    expect(jump).to_have_count(0)


def test_what_comes_while_one_scrolls_does_not_undo_it(node: NodeFactory, new_page: Pages) -> None:
    page, anna, bo = long_chat(node, new_page)
    page.add_init_script(KEEP_BACK)
    page.reload()
    expect(bubble(page, f"message {MESSAGES}")).to_be_in_viewport()
    page.locator(".log").evaluate("(log) => { log.scrollTop -= 900 }")
    expect(page.locator(".jump")).to_be_visible()
    page.evaluate("window.keepBack = true")
    bo.send(f"u:{anna.id}", "another")
    page.wait_for_function("() => Boolean(window.keptBack)")
    # Both before the next frame, in which the browser would tell of the scrolling.
    where = page.evaluate(
        """async () => {
          const log = document.querySelector(".log");
          const before = log.scrollTop;
          log.scrollTop -= 200;
          window.keptBack();
          window.keepBack = false;
          for (let n = 0; n < 3; n += 1) await new Promise(requestAnimationFrame);
          return log.scrollTop - before;
        }"""
    )
    assert abs(where + 200) <= 2
    page.evaluate(
        """() => {
          document.querySelector(".jump").click();
          document.querySelector(".log").dispatchEvent(new Event("scroll"));
        }"""
    )
    expect(bubble(page, "another")).to_be_in_viewport()


def test_one_opens_at_the_first_unread_message(node: NodeFactory, new_page: Pages) -> None:
    page, anna, bo = long_chat(node, new_page)
    page.goto(f"{anna.url}/toChat#/contacts")
    for number in range(30):
        bo.send(f"u:{anna.id}", f"new {number}")
    # Opened while they were still coming, it would follow them to the end.
    expect(page).to_have_title(re.compile(r"^\(30\) "))
    page.goto(f"{anna.url}/toChat#/chats/{private(anna, bo)}")
    expect(page.locator(".new")).to_be_in_viewport()
    expect(bubble(page, "new 0")).to_be_in_viewport()
    expect(page.locator(".jump")).to_be_visible()


def test_writing_is_answered_at_once(node: NodeFactory, new_page: Pages) -> None:
    """A key is painted within 50 ms more than nothing takes; generous here, for slow machines."""
    page, _, _ = long_chat(node, new_page)
    took = page.evaluate(
        """async () => {
          const area = document.querySelector('.comp textarea');
          const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
          const nothing = () => {};
          const key = () => {
            area.setRangeText('x', area.value.length, area.value.length, 'end');
            area.dispatchEvent(new Event('input', { bubbles: true }));
          };
          const painted = async (does) => {
            const began = performance.now();
            does();
            await frame();
            await frame();
            return performance.now() - began;
          };
          const more = [];
          for (let n = 0; n < 20; n += 1) {
            const without = await painted(nothing);
            more.push((await painted(key)) - without);
          }
          return more.sort((a, b) => a - b)[10];
        }"""
    )
    print(f"a key takes {took:.0f} ms more than nothing")
    assert took < 100


def test_earlier_messages_that_did_not_come_can_be_asked_for_again(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    for number in range(120):
        anna.call("POST", "/messages", {"to": f"u:{bo.id}", "text": f"message {number}"})
    page = new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    answers = SocketAnswers(page)
    enter(page, anna, f"chats/{private(anna, bo)}")
    expect(bubble(page, "message 119")).to_be_visible()
    answers.refuse("sync")
    page.locator(".log").evaluate("(log) => { log.scrollTop = 0 }")
    failed = page.get_by_role("alert").filter(has_text="Earlier messages did not come")
    expect(failed).to_be_visible()
    answers.clear()
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_have_count(0)
    page.locator(".log").evaluate("(log) => { log.scrollTop = 0 }")
    expect(bubble(page, "message 40")).to_be_attached()
