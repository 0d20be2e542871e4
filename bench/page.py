"""How the page feels with 10,000 messages and 200 conversations: frames, keys, switches.

    python -m bench.page                            prints the medians of five rounds as Markdown
    python -m bench.page --turn 100                 the wheel at a hand's pace

A real Chromium without a screen, driven as by a person: the wheel turns, keys are pressed, rows
are clicked. Beside it, in turns, a page that has nothing but a list to scroll, a field and a
button: what the browser and the machine take for themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from im.store import conversations, users
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.entries import NewEntry
from im.store.log_writer import LogWriter
from tests.browser.people import QUICK, Person, enter, pair
from tests.handlers import samples
from tests.services.chromium import ARGUMENTS, executable
from tests.services.long_talk import Talk, make_talk
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations

MESSAGES = 10_000
OTHERS = 200
TURNS = 150
TURN_PX = 400
"""Of the wheel: 150 turns, at most 60 a second, far faster than anyone reads; a notch is 100."""
KEYS = 30
SWITCHES = 12
PAUSE_MS = 40

WATCH = """() => {
  const afterPaint = (tell) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => tell(performance.now());
    port2.postMessage(null);
  });
  const figures = { frames: [], tasks: [], keys: [], clicks: [] };
  window.figures = figures;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) figures.tasks.push(task.duration);
  }).observe({ type: 'longtask' });
  const frame = (now) => {
    figures.frames.push(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  addEventListener('keydown', ({ timeStamp }) => {
    afterPaint((now) => figures.keys.push(now - timeStamp));
  }, true);
  addEventListener('click', ({ timeStamp }) => {
    const wait = () => window.shown()
      ? afterPaint((now) => figures.clicks.push(now - timeStamp))
      : setTimeout(wait);
    wait();
  });
}"""
"""Notes frames, tasks over 50 ms, and how long after a key or a click what it does is painted."""

EMPTY = """<!doctype html><title>empty</title>
<style>.log { height: 500px; overflow: auto } .log div { height: 700000px }</style>
<div class=log><div></div></div><textarea></textarea><button class=row>one</button><p>none</p>"""
EMPTY_SHOWN = """() => {
  const words = document.querySelector('p');
  document.querySelector('button').addEventListener('click', () => { words.textContent += '.'; });
  document.querySelector('.log').scrollTop = 700000;
  window.shown = () => true;
}"""
OURS_SHOWN = """() => {
  window.shown = () => {
    const current = document.querySelector('.pane .row[aria-current] .nm')?.textContent;
    const title = document.querySelector('.chat-h h2')?.textContent;
    const loaded = document.querySelector('.rows-in .msg');
    return current === window.wanted && title === window.wanted && loaded;
  };
}"""


@dataclass(frozen=True)
class Figures:
    """Of one round."""

    frames: float
    worst_frame: float
    long_tasks: float
    longest_task: float
    key: float
    worst_key: float
    switch: float


def talk_with_others(url: str, me: int) -> None:
    """200 more conversations in the list, the first of them with 200 messages."""

    async def make() -> None:
        database = open_database(DatabaseSettings(url))

        def people(cursor: Cursor) -> list[tuple[int, int]]:
            made = []
            for number in range(OTHERS):
                user = users.create(cursor, f"Colleague {number}", "user", None, None, None, "en")
                made.append((conversations.private(cursor, me, user.id).id, user.id))
            return made

        writer = LogWriter(database)
        try:
            talks = await database.write(people)
            for place, (conversation, user) in enumerate(reversed(talks), 1):
                for number in range(200 if place == OTHERS else 1):
                    key = number.to_bytes(16, "big")
                    text = f"What was said {number}"
                    await writer.append(
                        NewEntry(conversation, user, key, media="text", content=text)
                    )
        finally:
            await writer.close()
            await database.close()

    with asyncio.Runner() as runner:
        runner.run(make())


@contextmanager
def talk() -> Iterator[tuple[Person, str]]:
    """A node with the conversation; who has it and its name."""
    ports = PortReservations()
    nodes = NodeFactory(ports)
    try:
        server = nodes(env=QUICK)
        anna, bo, conversation = pair(server.url)
        files = [
            bo.upload(samples.picture(size=size), "image/jpeg", f"name={size[0]}.jpg")
            for size in ((640, 400), (300, 500), (80, 80))
        ]
        server.terminate()
        url = f"sqlite:///{server.data / 'im.db'}"
        talk_with_others(url, anna.id)
        make_talk(url, Talk((anna.id, bo.id), MESSAGES, files, int(time.time() * 1000)))
        server.start()
        anna.call("POST", "/messages/read", {"conv": conversation, "seq": MESSAGES})
        yield anna, conversation
    finally:
        nodes.close()
        ports.close()


def measure(
    page: Page, turn_px: int, key: Callable[[], None], switch: Callable[[int], None]
) -> Figures:
    """Turn the wheel over the log, press keys in the field, switch to and fro."""
    box = page.locator(".log").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.evaluate("() => { for (const list of Object.values(figures)) list.length = 0; }")
    session = page.context.new_cdp_session(page)
    turn: dict[str, Any] = {
        **{"type": "mouseWheel", "x": box["x"] + 200, "y": box["y"] + 200},
        **{"deltaX": 0, "deltaY": -turn_px},
    }
    for _ in range(TURNS):
        session.send("Input.dispatchMouseEvent", turn)
    frames, tasks = page.evaluate("() => [[...figures.frames], [...figures.tasks]]")
    gaps = [after - before for before, after in pairwise(frames)]
    for _ in range(KEYS):
        key()
        page.wait_for_timeout(PAUSE_MS)
    for number in range(SWITCHES):
        switch(number)
        page.wait_for_function(f"() => figures.clicks.length > {number}")
    keys, clicks = page.evaluate("() => [figures.keys, figures.clicks]")
    return Figures(
        frames=1000 * len(gaps) / sum(gaps),
        worst_frame=max(gaps),
        long_tasks=len(tasks),
        longest_task=max(tasks, default=0),
        key=statistics.median(keys),
        worst_key=max(keys),
        switch=statistics.median(clicks[2:]),
    )


def empty_page(page: Page, turn_px: int) -> Figures:
    """What the browser takes for itself."""
    page.set_content(EMPTY)
    page.evaluate(WATCH)
    page.evaluate(EMPTY_SHOWN)

    def key() -> None:
        page.locator("textarea").press("x")

    return measure(page, turn_px, key, lambda _: page.locator("button").click())


def our_page(page: Page, turn_px: int, anna: Person, conversation: str) -> Figures:
    """The messenger, at the end of the long conversation; it has been to the other one."""
    enter(page, anna, f"chats/{conversation}")
    expect(page.locator(f".rows-in [data-seq='{MESSAGES}']")).to_be_visible()
    page.evaluate(WATCH)
    page.evaluate(OURS_SHOWN)
    names = ("Colleague 0", "Bo")

    def key() -> None:
        page.locator(".comp textarea").press("x")

    def switch(number: int) -> None:
        page.evaluate("(name) => { window.wanted = name; }", names[number % 2])
        page.locator(".pane .row", has_text=names[number % 2]).first.click()

    return measure(page, turn_px, key, switch)


def report(rounds: list[tuple[Figures, Figures]]) -> str:
    """The medians as a table."""
    lines = ["| | an empty page | with 10,000 messages |", "|---|---|---|"]
    rows = {
        "frames": "frames/s while the wheel turns",
        "worst_frame": "longest time between two of them, ms",
        "long_tasks": "tasks over 50 ms meanwhile",
        "longest_task": "the longest of them, ms",
        "key": "a key until it is painted, ms",
        "worst_key": f"the slowest of {KEYS}, ms",
        "switch": "a click on a loaded conversation until it is painted, ms",
    }
    for field, words in rows.items():
        sides = zip(*rounds, strict=True)
        cells = [statistics.median(getattr(one, field) for one in side) for side in sides]
        lines.append(f"| {words} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure in turns and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", type=int, default=TURN_PX, help="px of a turn of the wheel")
    wanted = parser.parse_args()
    with talk() as (anna, conversation), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        rounds = []
        for _ in range(wanted.rounds):
            pages = [browser.new_page(viewport={"width": 1280, "height": 800}) for _ in range(2)]
            empty = empty_page(pages[0], wanted.turn)
            rounds.append((empty, our_page(pages[1], wanted.turn, anna, conversation)))
            for page in pages:
                page.context.close()
        browser.close()
    print(report(rounds))


if __name__ == "__main__":
    main()
