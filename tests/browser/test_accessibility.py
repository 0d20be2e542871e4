"""axe-core finds nothing on any page, in both languages, light and dark, on all screens."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from itertools import product

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import (
    PASSWORD,
    QUICK,
    Person,
    befriend,
    enter,
    online,
    private,
    register,
    write,
)
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules about colours, which are all that differs between light and dark."""
SIZES = {"narrow": (360, 740), "tablet": (768, 1024), "wide": (1440, 900)}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}

# A menu and the skip link stand outside the landmarks, so that one best practice is not asked for.
RUN = """async (runOnly) => {
  for (const one of document.getAnimations())
    if (Number.isFinite(one.effect.getComputedTiming().endTime)) one.finish();
  const result = await axe.run(document, { runOnly, rules: { region: { enabled: false } } });
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) =>
    node.target + ' ' + (node.any[0]?.message ?? node.all[0]?.message ?? '')).join(' | ')}`);
}"""


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is now, in light and in dark colours."""
    if not page.evaluate("typeof axe === 'object'"):
        source = files("axe_playwright_python") / "axe.min.js"
        page.evaluate(source.read_text("utf-8"))
    page.emulate_media(color_scheme="dark")
    dark = [f"dark: {found}" for found in page.evaluate(RUN, {"type": "rule", "values": COLOURS})]
    page.emulate_media(color_scheme="light")
    return [*dark, *page.evaluate(RUN, {"type": "tag", "values": TAGS})]


def look_at(page: Page, found: dict[str, list[str]], state: str, wait: str) -> None:
    """Wait for a state and look at it; what is wrong is put under its name."""
    expect(page.locator(wait).first).to_be_visible()
    if wrong := violations(page):
        found[state] = wrong
    wide = page.evaluate("document.scrollingElement.scrollWidth > innerWidth")
    assert not wide, f"{state}: nothing is wider than the window"


def combinations(wide: str) -> list[tuple[str, str]]:
    """Both languages on a phone and a tablet, and one of them on a screen that has room for any."""
    return [*product(LOCALES, ["narrow", "tablet"]), (wide, "wide")]


def open_page(new_page: Pages, language: str, size: str) -> Page:
    width, height = SIZES[size]
    return new_page(
        viewport={"width": width, "height": height},
        locale=LOCALES[language],
        reduced_motion="reduce",
    )


@pytest.mark.parametrize(("language", "size"), combinations(wide="en"))
def test_forms_are_accessible(node: NodeFactory, new_page: Pages, language: str, size: str) -> None:
    url = node(env=QUICK).url
    page = open_page(new_page, language, size)
    page.goto(f"{url}/")
    assert violations(page) == []
    page.fill("#name", "nobody")
    page.fill("#password", PASSWORD)
    page.click("form[action='/login'] .btn.primary")
    expect(page.locator(".sumerr")).to_be_visible()
    page.click("details.guest summary")
    assert violations(page) == []
    page.goto(f"{url}/toRegister")
    page.fill("#name", "anna")
    page.fill("#password", "short")
    page.fill("#repassword", "short")
    page.click("form[action='/register'] .btn.primary")
    expect(page.locator(".err")).to_be_visible()
    assert violations(page) == []


def world(url: str, language: str) -> tuple[Person, Person, int]:
    """Anna with a contact, a request, a group, a broadcast and a message of each kind."""
    master = register(url, "Master")
    anna, bo, cem = (register(url, name) for name in ("Anna", "陈静", "Cem"))
    anna.call("PATCH", "/me", {"language": language})
    befriend(anna, bo)
    cem.call("POST", "/contacts", {"user": anna.id, "note": "hello"})
    group = bo.call("POST", "/groups", {"name": "Deck crew", "members": [anna.id, cem.id]})
    bo.call("PATCH", f"/groups/{group['id']}", {"announcement": "Quiet hours from ten"})
    target = f"g:{group['id']}"
    question = bo.send(target, "See http://10.0.0.1/plan")
    bo.send(target, "👍")
    bo.call("POST", "/messages", {"to": target, "text": "@Anna look", "mentions": [anna.id]})
    anna.call("POST", "/messages", {"to": target, "text": "yes", "reply_to": question})
    wrong = bo.send(target, "wrong")
    bo.call("POST", "/messages/recall", {"conv": target, "seq": wrong})
    bo.send(f"u:{anna.id}", "private")
    master.send("all", "To everyone")
    return anna, bo, int(group["id"])


@pytest.mark.parametrize(("language", "size"), combinations(wide="zh"))
def test_the_pages_about_trust_are_accessible(
    node: NodeFactory, new_page: Pages, language: str, size: str
) -> None:
    url = node(env={**QUICK, "IM_HTTP_TRUSTED_PROXIES": "127.0.0.1"}).url
    page = open_page(new_page, language, size)
    page.set_extra_http_headers({"X-Forwarded-For": "10.1.2.3"})
    page.goto(f"{url}/")
    expect(page.locator(".offer")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{url}/trust")
    page.evaluate("for (const way of document.querySelectorAll('.ways details')) way.open = true")
    assert violations(page) == []
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide), "nothing is wider than the window"


@pytest.mark.parametrize(("language", "size"), combinations(wide="zh"))
def test_the_chat_page_is_accessible_in_every_state(
    node: NodeFactory, new_page: Pages, language: str, size: str
) -> None:
    server = node(env=QUICK)
    anna, bo, group = world(server.url, language)
    page = open_page(new_page, language, size)
    enter(page, anna)
    found: dict[str, list[str]] = {}

    def look(state: str, *, at: str | None = None, wait: str | None = None) -> None:
        if at is not None:
            page.goto(f"{server.url}/toChat#/{at}")
        if wait is not None:
            expect(page.locator(wait).first).to_be_visible()
        if wrong := violations(page):
            found[state] = wrong

    def act(state: str, action: Callable[[], None], wait: str) -> None:
        action()
        look(state, wait=wait)
        page.keyboard.press("Escape")

    look("list with an announcement", wait=".bcast")
    look("group chat", at=f"chats/g:{group}", wait=".hitme .at")
    act("emoji", lambda: page.locator(".comp .ib").first.click(), ".emo .grid button:nth-child(9)")
    own = page.locator(".msg.me[data-seq]").last
    act("message menu", lambda: (own.focus(), own.press("Shift+F10"))[0], ".menu .mi")
    act("forward", lambda: (own.focus(), own.press("f"))[0], "dialog .picks .mem")
    act(
        "readers",
        lambda: (
            own.focus(),
            own.press("Shift+F10"),
            page.locator(".mi", has=page.locator("use[href$='#eye']")).click(),
        )[0],
        "dialog .readers .mem",
    )
    act("reply", lambda: (own.focus(), own.press("r"))[0], ".ctx")
    act("search inside", lambda: page.keyboard.press("Control+Shift+f"), "dialog.pal .nothing")
    look("private chat", at=f"chats/{private(anna, bo)}", wait=".msg")
    act("quick replies", lambda: page.locator(".comp textarea").fill("/"), ".quick [role=row]")
    page.locator(".comp textarea").fill("")
    look("announcements", at="chats/all", wait=".msg")
    look("empty chat", at=f"chats/{private(anna, anna)}x", wait=".empty")
    look("group panel", at=f"chats/g:{group}/details", wait=".side .mem")
    look("person panel", at=f"chats/{private(anna, bo)}/details", wait=".side .hero")
    look("contacts", at="contacts", wait=".req")
    look("profile", at=f"contacts/{bo.id}", wait=".prof .hero")
    look("groups", at="groups", wait=".pane .row")
    look("group page", at=f"groups/{group}", wait=".prof .mem")
    act("leave a group", lambda: page.locator(".page .opt.dg").click(), "dialog.confirm")
    look("profile form", at="settings/profile", wait=".form")
    look("devices", at="settings/devices", wait=".sess")
    look("notices", at="settings/notices", wait=".card .opt")
    look("appearance", at="settings/appearance", wait=".seg")
    look("privacy", at="settings/privacy", wait=".switch:not([disabled])")
    act("delete the account", lambda: page.locator(".page .opt.dg").click(), "dialog .facts")
    look("own quick replies", at="settings/quick", wait=".qlist li")
    act("edit a quick reply", lambda: page.locator(".qlist .ib").nth(1).click(), "dialog .ta")
    page.goto(f"{server.url}/toChat#/chats")
    act("switcher", lambda: page.keyboard.press("Control+k"), "dialog.pal .row")
    field = page.locator(".pane-h input[type=search]")
    act("search", lambda: field.fill("a"), ".found .search-state")
    act("found", lambda: field.fill("look"), ".found .row .tm")
    act("nothing found", lambda: field.fill("zeppelin"), ".search-state .none")
    act("shortcuts", lambda: page.keyboard.press("Control+/"), "dialog .help")
    act(
        "create a group",
        lambda: (page.locator(".pane-t .ib").click(), page.get_by_role("menuitem").nth(1).click())[
            0
        ],
        "dialog .picks li",
    )
    page.goto(f"{server.url}/toChat#/chats/{private(anna, bo)}")
    online(page)
    expect(page.locator(".comp textarea")).to_be_visible()
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    write(page, "later")
    look("offline", wait=".banner")
    assert found == {}


def refuse(route: Route) -> None:
    """Answer as a node whose database is gone."""
    route.fulfill(status=503, json={"code": -1, "error": "unavailable", "message": "Not now"})


@pytest.mark.parametrize("size", SIZES)
def test_panes_that_wait_or_cannot_be_had_are_accessible(
    node: NodeFactory, new_page: Pages, size: str
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = open_page(new_page, "en", size)
    enter(page, anna)
    held: list[Route] = []
    page.route("**/api/groups", lambda route: held.append(route))
    page.goto(f"{anna.url}/toChat#/groups")
    page.reload()
    found: dict[str, list[str]] = {}
    look_at(page, found, "waiting", ".pane .skeleton")
    page.route("**/api/groups", refuse)
    for route in held:
        refuse(route)
    look_at(page, found, "not to be had", ".pane .empty .mono")
    assert found == {}


def test_new_messages_are_read_out_once(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    bo.send(f"u:{anna.id}", "before")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    expect(page.locator(".msg")).to_have_count(1)
    said = page.get_by_role("log").locator("p")
    expect(said).to_have_count(0)
    bo.send(f"u:{anna.id}", "after")
    expect(said).to_have_count(1)
    expect(said).to_contain_text("Bo, after, ")


def test_one_heading_names_the_page(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna = register(url, "Anna")
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740})
    enter(page, anna)
    for place, name in (("chats", "Chats"), ("contacts", "Contacts"), ("settings", "Settings")):
        page.goto(f"{url}/toChat#/{place}")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_cut_off_at_320_px_or_with_large_text(
    node: NodeFactory, new_page: Pages, width: int
) -> None:
    """WCAG 2.2, 1.4.4 and 1.4.10: no scrolling sideways."""
    server = node(env=QUICK)
    anna, _, group = world(server.url, "en")
    page = new_page(locale="en-GB", viewport={"width": width, "height": 700})
    enter(page, anna)
    if width > 1000:
        page.add_init_script(
            "addEventListener('DOMContentLoaded', () => "
            "document.documentElement.style.setProperty('font-size', '200%'))"
        )
    for place in ("chats", f"chats/g:{group}", "contacts", f"groups/{group}", "settings/devices"):
        page.goto(f"{server.url}/toChat#/{place}")
        page.reload()
        online(page) if width > 1000 else None
        page.wait_for_timeout(300)
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width, place
