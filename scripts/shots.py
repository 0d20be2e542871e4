#!/usr/bin/env python3
"""Pictures of every page and state: both languages, light and dark, phone and desktop.

``make shots``: starts a node with sample data in a temporary folder, drives Chromium and writes
``build/shots/<name>-<language>-<theme>-<size>.png``. ``shots.py chat menu-zh-dark-phone`` takes
only those: all of a state, or one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, product
from operator import itemgetter
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from sample_data import PASSWORD, WORDS, Language, Sample, populate, register  # noqa: E402
from shooter import Shooter  # noqa: E402
from shots_admin import OPERATOR  # noqa: E402
from shots_finding import FINDING  # noqa: E402
from shots_media import MEDIA  # noqa: E402
from shots_messages import MESSAGES  # noqa: E402
from shots_states import STATES  # noqa: E402

from tests.services.chromium import ARGUMENTS, executable  # noqa: E402
from tests.services.node import NodeFactory  # noqa: E402
from tests.services.ports import PortReservations  # noqa: E402

ELSEWHERE = "chat.example"
RESOLVE = f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"
OUT = ROOT / "build" / "shots"
SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (360, 740)}
LOCALES: dict[Language, str] = {"zh": "zh-CN", "en": "en-GB"}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def chat(shooter: Shooter) -> None:
    shooter.chats(shooter.group)


def talk(shooter: Shooter) -> None:
    """The same without the announcement to everyone."""
    shooter.chats(shooter.group)
    for button in shooter.page.locator(".bcast .btn").all():
        button.click()
    shooter.page.wait_for_selector(".bcast", state="detached")


def private(shooter: Shooter) -> None:
    shooter.chats(shooter.sample.private(1))


def empty(shooter: Shooter) -> None:
    shooter.chats()


def conversations(shooter: Shooter) -> None:
    shooter.chats()


def back(shooter: Shooter) -> None:
    """Above the newest messages, with the way to them."""
    talk(shooter)
    shooter.page.locator(".log").evaluate("(log) => log.scrollBy(0, -260)")
    shooter.page.wait_for_selector(".jump")


def emoji(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".comp .tools .ib").first.click()
    shooter.page.wait_for_selector(".emo .grid button:nth-child(12)")


def offline(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.context.set_offline(True)
    shooter.page.evaluate("dispatchEvent(new Event('offline'))")
    shooter.page.wait_for_selector(".banner", timeout=10_000)
    shooter.page.fill(".comp textarea", WORDS[shooter.sample.me.api.language].waiting)
    shooter.page.press(".comp textarea", "Enter")
    shooter.page.wait_for_timeout(300)


def person(shooter: Shooter) -> None:
    """Beside a chat, with more groups in common than are shown at once."""
    who = shooter.sample.people[1]
    names = WORDS[shooter.sample.me.api.language].short[:3]
    for name in names:
        made = who.api.call("POST", "/groups", {"name": name, "members": [shooter.sample.me.id]})
        shooter.after.callback(who.api.call, "DELETE", f"/groups/{made['id']}")
    shooter.chats(shooter.sample.private(1), details=True)
    shooter.page.wait_for_selector(".side a.mem >> nth=4")


def announcements(shooter: Shooter) -> None:
    shooter.chats("all")


def contacts(shooter: Shooter) -> None:
    shooter.at("#/contacts")


def profile(shooter: Shooter) -> None:
    shooter.at(f"#/contacts/{shooter.sample.people[1].id}")
    shooter.page.wait_for_selector(".prof .hero")


def groups(shooter: Shooter) -> None:
    shooter.at("#/groups")


def group(shooter: Shooter) -> None:
    shooter.at(f"#/groups/{shooter.sample.groups[0]['id']}")
    shooter.page.wait_for_selector(".prof .mem")


def details(shooter: Shooter) -> None:
    shooter.chats(shooter.group, details=True)
    shooter.page.wait_for_selector(".side .mem")


def create(shooter: Shooter) -> None:
    shooter.at("#/groups")
    shooter.page.locator(".pane-t .ib").click()
    shooter.page.locator("[role=menuitem]").first.click()
    shooter.page.wait_for_selector("dialog .picks li")


def settings(shooter: Shooter) -> None:
    shooter.at("#/settings")
    shooter.page.wait_for_selector(".card")


def devices(shooter: Shooter) -> None:
    shooter.at("#/settings/devices")
    shooter.page.wait_for_selector(".sess")


def appearance(shooter: Shooter) -> None:
    shooter.at("#/settings/appearance")
    shooter.page.wait_for_selector(".card")


def notices(shooter: Shooter) -> None:
    shooter.at("#/settings/notices")
    shooter.page.wait_for_selector(".card .opt")


def new_version(shooter: Shooter) -> None:
    other = {"Etag": '"000000000000"'}
    shooter.page.route("**/service-worker.js", lambda route: route.fulfill(headers=other))
    shooter.chats(shooter.group)
    shooter.page.evaluate("dispatchEvent(new Event('offline'))")
    shooter.page.context.set_offline(True)
    shooter.page.wait_for_selector(".banner", timeout=10_000)
    shooter.page.context.set_offline(False)
    shooter.page.wait_for_selector(".new-version", timeout=60_000)


def palette(shooter: Shooter) -> None:
    shooter.chats()
    shooter.page.keyboard.press("Control+k")
    shooter.page.wait_for_selector("dialog.pal .row")


def shortcuts(shooter: Shooter) -> None:
    shooter.chats()
    shooter.page.keyboard.press("Control+/")
    shooter.page.wait_for_selector("dialog .help")


def undo(shooter: Shooter) -> None:
    shooter.chats(shooter.sample.private(1))
    message = shooter.page.locator(".msg:not(.me)[data-seq]").first
    message.focus()
    message.press("Delete")
    shooter.page.wait_for_selector(".toast")


INSIDE: list[Callable[[Shooter], None]] = [
    conversations, chat, talk, back, private, *MESSAGES, emoji, details,
    person,
    announcements, *MEDIA, contacts, profile, groups, group, create, settings, devices,
    notices, appearance, palette, *FINDING,
    shortcuts, undo, offline, new_version, *STATES,
]  # fmt: skip


def login(page: Page, url: str) -> None:
    page.goto(f"{url}/")


def login_error(page: Page, url: str) -> None:
    page.goto(f"{url}/")
    page.fill("#name", "nobody")
    page.fill("#password", "not-the-password")
    page.locator("form[action='/login'] .btn.primary").click()
    page.wait_for_selector(".sumerr")


def guest(page: Page, url: str) -> None:
    page.goto(f"{url}/")
    page.click("details.guest summary")


def sign_up(page: Page, url: str) -> None:
    page.goto(f"{url}/toRegister")


def sign_up_error(page: Page, url: str) -> None:
    page.goto(f"{url}/toRegister")
    page.fill("#name", "x" * 8)
    page.fill("#password", "abc")
    page.fill("#repassword", "abc")
    page.locator(".sheet-in .btn.primary").click()
    page.wait_for_selector(".sumerr")


def offer(page: Page, url: str) -> None:
    page.set_extra_http_headers({"X-Forwarded-For": "10.1.2.3"})
    page.goto(f"{url}/secure?next=/toChat")
    page.set_extra_http_headers({})


def trust(page: Page, url: str) -> None:
    size = page.viewport_size
    if size is not None and size["width"] < 720:
        page.set_extra_http_headers({"User-Agent": "iPhone"})
    page.goto(f"{url}/trust")
    page.set_extra_http_headers({})


def plain(page: Page, url: str) -> None:
    """The chat at an address that Chromium takes for another machine's, without TLS."""
    elsewhere = url.replace("127.0.0.1", ELSEWHERE)
    language: Language = "zh" if "zh" in page.evaluate("navigator.language") else "en"
    page.goto(f"{elsewhere}/")
    page.fill("#name", newcomer(language))
    page.fill("#password", PASSWORD)
    page.locator("form[action='/login'] .btn.primary").click()
    page.wait_for_selector(".bcast")
    page.wait_for_timeout(400)


OUTSIDE: list[Callable[[Page, str], None]] = [
    login, login_error, guest, sign_up, sign_up_error, offer, trust, plain,
]  # fmt: skip
LONG = {"trust"}
"""Pages that are taken whole, also what is below the window."""
PROXY = {"IM_HTTP_TRUSTED_PROXIES": "127.0.0.1", "IM_TLS_PLAIN": "ask"}
"""So that a browser here can be one of another machine."""


def name_of(function: Callable[..., None]) -> str:
    return function.__name__.replace("_", "-")


def newcomer(language: Language) -> str:
    """The name of who has just come."""
    return f"new{language}"


def enter(context: BrowserContext, url: str, name: str) -> None:
    """Log a person into a browser."""
    answer = context.request.post(f"{url}/api/login", data={"name": name, "password": PASSWORD})
    if not answer.ok:
        raise RuntimeError(answer.text())


@dataclass(frozen=True, slots=True)
class Look:
    """One language, theme and size, and which of its pictures are wanted."""

    language: Language
    theme: Theme
    size: str
    only: frozenset[str]

    def path(self, name: str) -> Path:
        return OUT / f"{name}-{self.language}-{self.theme}-{self.size}.png"

    def wants(self, name: str) -> bool:
        return not self.only or not self.only.isdisjoint({name, self.path(name).stem})


def shoot(browser: Browser, url: str, sample: Sample, look: Look) -> int:
    """The pictures of one look; how many."""
    outside = [state for state in OUTSIDE if look.wants(name_of(state))]
    people = (
        (sample.me.name, INSIDE),
        (newcomer(look.language), [empty]),
        (sample.operator.name, OPERATOR),
    )
    inside = [(who, s) for who, states in people for s in states if look.wants(name_of(s))]
    width, height = SIZES[look.size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale=LOCALES[look.language],
        color_scheme=look.theme,
        has_touch=look.size == "phone",
        reduced_motion="reduce",
        service_workers="block",
    )
    page = context.new_page()

    def save(name: str) -> None:
        page.screenshot(path=look.path(name), full_page=name in LONG)

    for visit in outside:
        visit(page, url)
        save(name_of(visit))
    shooter = Shooter(page, url, sample)
    for who, states in groupby(inside, itemgetter(0)):
        page.goto("about:blank")
        context.clear_cookies()
        enter(context, url, who)
        for _, state in states:
            state(shooter)
            save(name_of(state))
            shooter.settle()
    context.close()
    return len(outside) + len(inside)


def take(only: frozenset[str]) -> int:
    """Take the pictures that were asked for, or all; how many."""
    OUT.mkdir(parents=True, exist_ok=True)
    names = [name_of(state) for state in (*OUTSIDE, *INSIDE, empty, *OPERATOR)]
    ports = PortReservations()
    taken = 0
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=executable(), args=[*ARGUMENTS, RESOLVE]
            )
            for language in LOCALES:
                looks = [Look(language, *rest, only) for rest in product(THEMES, SIZES)]
                wanted = [look for look in looks if any(map(look.wants, names))]
                if not wanted:
                    continue
                factory = NodeFactory(ports)
                try:
                    node = factory(env=PROXY)
                    sample = populate(node.url, language)
                    register(node.url, language, newcomer(language))
                    for look in wanted:
                        taken += shoot(browser, node.url, sample, look)
                finally:
                    factory.close()
            browser.close()
    finally:
        ports.close()
    return taken


if __name__ == "__main__":
    print(f"{take(frozenset(sys.argv[1:]))} pictures in {OUT.relative_to(ROOT)}")
