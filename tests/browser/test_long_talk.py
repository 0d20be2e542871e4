"""Years of messages: whichever way one goes through them, each is met once and nothing grows."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import QUICK, Person, enter, pair
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.long_talk import Talk, make_talk
from tests.services.node import NodeFactory

MESSAGES = 10_000
MAX_ROWS = 300
MAX_HELD = 1_000
TURN_PX = 2_400
"""So far one turn of the wheel goes."""
SLACK_PX = 2

WATCH = """(turn) => {
  const log = document.querySelector('.log');
  const content = document.querySelector('.rows-in');
  const seen = { met: new Set(), most: 0, wrong: [], back: 0, forth: 0 };
  window.seen = seen;
  const look = () => {
    const rows = content.querySelectorAll('[data-seq]');
    seen.most = Math.max(seen.most, rows.length);
    let before = null;
    for (const row of rows) {
      const seq = Number(row.dataset.seq);
      if (before !== null && seq !== before + 1) seen.wrong.push(`${seq} after ${before}`);
      seen.met.add(seq);
      before = seq;
    }
  };
  look();
  new MutationObserver(look).observe(content, { childList: true });
  let eye = null;
  const frame = () => {
    const edge = log.getBoundingClientRect().top;
    if (eye?.row.isConnected) {
      const moved = eye.row.getBoundingClientRect().top - edge - eye.top;
      seen.back = Math.max(seen.back, -moved);
      seen.forth = Math.max(seen.forth, moved);
    }
    const row = [...content.children].find((one) => one.getBoundingClientRect().bottom > edge);
    eye = row ? { row, top: row.getBoundingClientRect().top - edge } : null;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
"""Looks at every change of the rows, and in every frame at how the first row in view has moved."""

SETTLED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const first = document.querySelector('.rows-in [data-seq]').dataset.seq;
  done(Number(first) === 1 && document.querySelector('.log').scrollTop === 0);
})))"""


def long_talk(node: NodeFactory, new_page: Pages, read: int = MESSAGES) -> tuple[Page, Person, str]:
    """Anna's page, open at her conversation with Bo, of which she has read so much."""
    server = node(env=QUICK)
    anna, bo, conv = pair(server.url)
    files = [
        bo.upload(samples.picture(size=size), "image/jpeg", f"name={size[0]}.jpg")
        for size in ((640, 400), (300, 500), (80, 80))
    ]
    server.terminate()
    url = f"sqlite:///{server.data / 'im.db'}"
    make_talk(url, Talk((anna.id, bo.id), MESSAGES, files, int(time.time() * 1000)))
    server.start()
    if read:
        anna.call("POST", "/messages/read", {"conv": conv, "seq": read})
    page = new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    enter(page, anna, f"chats/{conv}")
    return page, anna, conv


def message(page: Page, number: int):  # type: ignore[no-untyped-def]
    return page.locator(f".rows-in [data-seq='{number}']")


def held(page: Page) -> int:
    """Messages that the page keeps in its memory."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    prototype = session.send("Runtime.evaluate", {"expression": "Object.prototype"})
    objects = session.send(
        "Runtime.queryObjects", {"prototypeObjectId": prototype["result"]["objectId"]}
    )
    count = session.send(
        "Runtime.callFunctionOn",
        {
            "objectId": objects["objects"]["objectId"],
            "functionDeclaration": """function () {
              return this.filter((one) => one.op === 'message' && one.seq > 0).length;
            }""",
            "returnByValue": True,
        },
    )
    session.detach()
    return int(count["result"]["value"])


@pytest.mark.timeout(240)
def test_ten_thousand_messages_are_each_met_once_and_the_place_under_the_eye_stays(
    node: NodeFactory, new_page: Pages
) -> None:
    page, _, _ = long_talk(node, new_page)
    expect(message(page, MESSAGES)).to_be_in_viewport()
    page.evaluate(WATCH, TURN_PX)
    page.mouse.move(800, 300)
    for _ in range(MESSAGES):
        page.mouse.wheel(0, -TURN_PX)
        if page.evaluate(SETTLED):
            break
    expect(message(page, 1)).to_be_in_viewport()
    seen = page.evaluate("() => ({ ...window.seen, met: window.seen.met.size })")
    assert seen["wrong"] == []
    assert seen["met"] == MESSAGES
    assert seen["most"] <= MAX_ROWS
    # What moves under the eye is what the wheel moves, whatever comes above meanwhile.
    assert seen["back"] <= SLACK_PX
    assert seen["forth"] <= TURN_PX + SLACK_PX
    assert held(page) <= MAX_HELD + MAX_ROWS

    page.get_by_role("button", name="Jump to the newest message").click()
    expect(message(page, MESSAGES)).to_be_in_viewport()
    assert held(page) <= MAX_HELD + MAX_ROWS


def test_keys_lead_up_to_the_first_message_and_back_to_the_last(
    node: NodeFactory, new_page: Pages
) -> None:
    page, anna, conv = long_talk(node, new_page)
    page.goto(f"{anna.url}/toChat#/chats/{conv}/300")
    expect(message(page, 300)).to_be_focused()
    page.keyboard.press("PageUp")
    expect(message(page, 300)).not_to_be_in_viewport()
    while not message(page, 1).count():
        page.keyboard.press("Home")
        page.evaluate(SETTLED)
    page.keyboard.press("Home")
    expect(message(page, 1)).to_be_focused()
    expect(message(page, 1)).to_be_in_viewport()
    page.keyboard.press("End")
    expect(message(page, 1)).not_to_be_in_viewport()
