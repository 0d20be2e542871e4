"""Being told of new messages while one is elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.people import (
    QUICK,
    Person,
    at,
    bubble,
    enter,
    online,
    pair,
    register,
    row,
    until,
    write,
)
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

ATTENTION = """
  window.attention = "looking";
  Object.defineProperty(document, "visibilityState", {
    get: () => (window.attention === "hidden" ? "hidden" : "visible"),
  });
  document.hasFocus = () => window.attention === "looking";
"""
"""A headless browser has no windows behind which a page could be: the test says where one is."""

COUNTS = """
  window.sounds = window.told = window.asked = 0;
  const show = ServiceWorkerRegistration.prototype.showNotification;
  ServiceWorkerRegistration.prototype.showNotification = function (...about) {
    window.told += 1;
    return show.apply(this, about);
  };

  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) { window.sounds += 0.5; start.call(this, at); };
"""
"""Counts sounds, which have two tones, and notifications."""

UNDECIDED = """
  window.permission = "default";
  Object.defineProperty(Notification, "permission", { get: () => window.permission });
  Notification.requestPermission = async () => {
    window.asked += 1;
    return (window.permission = "granted");
  };
"""
"""Who was never asked; a headless browser answers no for them. They will agree."""

HOLD = """
  window.held = null;
  const list = ServiceWorkerRegistration.prototype.getNotifications;
  ServiceWorkerRegistration.prototype.getNotifications = async function (...about) {
    if (window.held) await new Promise((go) => window.held.push(go));
    return list.apply(this, about);
  };
"""
"""Asks what is shown only when the test lets it, once ``held`` is a list."""

SHOWN = """async () => {
  const { user } = JSON.parse(document.getElementById("boot").textContent);
  const registration = await navigator.serviceWorker.ready;
  const ask = () => registration.getNotifications();
  const list = await navigator.locks.request(`im-${user.id}:notices`, ask);
  return list.map(({ title, body, tag }) => ({ title, body, tag }));
}"""
"""What is shown, asked in turn with the page."""


def watch(new_page: Pages, person: Person, place: str = "", *, script: str = "") -> Page:
    """A person's page that knows where the person looks, and may show notifications."""
    page = new_page(locale="en-GB", permissions=["notifications"])
    page.context.add_init_script(ATTENTION + COUNTS + script)
    enter(page, person, place)
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    return page


def look(page: Page, attention: str) -> None:
    """Look at the page, aside, or have it hidden."""
    page.evaluate(
        """(attention) => {
          window.attention = attention;
          document.dispatchEvent(new Event("visibilitychange"));
          dispatchEvent(new Event(attention === "looking" ? "focus" : "blur"));
        }""",
        attention,
    )


def shown(page: Page) -> list[dict[str, Any]]:
    found = page.evaluate(SHOWN)
    assert isinstance(found, list)
    return found


def count(page: Page, what: str) -> float:
    found = page.evaluate(f"window.{what}")
    assert isinstance(found, int | float)
    return found


def test_a_hidden_page_tells_of_a_message_and_leads_to_it(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    page = watch(new_page, anna, "contacts")
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile(r"/favicon\.svg$"))
    look(page, "hidden")
    bo.send(f"u:{anna.id}", "The pump is on")
    until(page, lambda: len(shown(page)) == 1)
    assert shown(page) == [
        {"title": "Bo", "body": "The pump is on", "tag": f"{anna.id} {conversation}"}
    ]
    expect(page).to_have_title("(1) Contacts · LAN chat")
    expect(icon).to_have_attribute("href", re.compile(r"/favicon-unread\.svg$"))
    bo.send(f"u:{anna.id}", "and off again")
    until(page, lambda: shown(page)[0]["title"] == "Bo (2)")
    assert len(shown(page)) == 1

    worker = page.context.service_workers[0]
    worker.evaluate(
        """async () => {
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )
    expect(page.locator(".chat-h h2")).to_have_text("Bo")
    look(page, "looking")
    expect(bubble(page, "and off again")).to_be_in_viewport()
    expect(icon).to_have_attribute("href", re.compile(r"/favicon\.svg$"))
    until(page, lambda: shown(page) == [])


def test_who_looks_is_not_told_but_hears_of_other_conversations(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, conversation = pair(node(env=QUICK).url)
    cem = register(anna.url, "Cem")
    page = watch(new_page, anna, f"chats/{conversation}")
    page.locator(".chat-h").click()
    bo.send(f"u:{anna.id}", "in view")
    expect(bubble(page, "in view")).to_be_visible()
    cem.send(f"u:{anna.id}", "elsewhere")
    until(page, lambda: count(page, "sounds") == 1)
    look(page, "aside")
    bo.send(f"u:{anna.id}", "still in view")
    expect(bubble(page, "still in view")).to_be_visible()
    cem.send(f"u:{anna.id}", "elsewhere again")
    until(page, lambda: len(shown(page)) == 1)
    assert shown(page)[0]["title"] == "Cem (2)"
    assert count(page, "told") == 1


def test_of_two_tabs_one_tells(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, conversation = pair(node(env=QUICK).url)
    first = watch(new_page, anna)
    second = first.context.new_page()
    second.goto(first.url)
    online(second)
    pages = (first, second)
    for page in pages:
        page.locator(".rail .mark").click()
        look(page, "hidden")
    for number in range(1, 6):
        bo.send(f"u:{anna.id}", f"message {number}")
        until(first, lambda n=number: sum(count(page, "told") for page in pages) >= n)  # type: ignore[misc]
    assert sum(count(page, "told") for page in pages) == 5
    assert 1 <= sum(count(page, "sounds") for page in pages) <= 5
    # What one tab shows the other does not tell of.
    second.goto(re.sub("#.*", f"#/chats/{conversation}", second.url))
    look(second, "looking")
    expect(bubble(second, "message 5")).to_be_visible()
    bo.send(f"u:{anna.id}", "seen in the second")
    expect(bubble(second, "seen in the second")).to_be_visible()
    cem = register(anna.url, "Cem")
    look(second, "hidden")
    cem.send(f"u:{anna.id}", "not seen")
    until(first, lambda: sum(count(page, "told") for page in pages) >= 6)
    assert sum(count(page, "told") for page in pages) == 6


def muted_crew(new_page: Pages, anna: Person, bo: Person) -> tuple[Page, int]:
    """A page of Anna's on which she has muted a group that Bo made, and its number."""
    group: int = bo.call("POST", "/groups", {"name": "Deck crew", "members": [anna.id]})["id"]
    page = watch(new_page, anna)
    row(page, "Deck crew").click(button="right")
    page.get_by_role("menuitem", name="Mute").click()
    expect(row(page, "Deck crew").locator("use[href$='#bell-off']")).to_be_attached()
    return page, group


def test_a_muted_conversation_is_silent_until_one_is_named(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, _ = pair(*urls)
    page, group = muted_crew(new_page, anna, bo)
    look(page, "hidden")
    bo.send(f"g:{group}", "just talk")
    bo.call("POST", "/messages", {"to": f"g:{group}", "text": "@Anna now", "mentions": [anna.id]})
    until(page, lambda: len(shown(page)) == 1)
    assert shown(page)[0]["body"] == "Bo: @Anna now"
    assert count(page, "told") == 1


def test_a_muted_conversation_tells_what_named_one_while_there_was_no_link(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, _ = pair(node(env=QUICK).url)
    page, group = muted_crew(new_page, anna, bo)
    opened: list[WebSocketRoute] = []

    def open_once(socket: WebSocketRoute) -> None:
        opened.append(socket)
        if len(opened) == 1:
            socket.connect_to_server()

    page.route_web_socket("**/ws*", open_once)
    page.reload()
    online(page)
    look(page, "hidden")
    opened[0].close()
    until(page, lambda: len(opened) == 2)
    bo.call("POST", "/messages", {"to": f"g:{group}", "text": "@Anna now", "mentions": [anna.id]})
    bo.send(f"g:{group}", "just talk")
    assert shown(page) == []
    opened[1].connect_to_server()
    until(page, lambda: len(shown(page)) == 1)
    assert shown(page)[0]["body"] == "Bo: @Anna now"
    assert count(page, "told") == 1
    expect(row(page, "Deck crew").locator(".badge.at")).to_be_attached()


def test_what_is_told_is_chosen_in_the_settings(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, _ = pair(node(env=QUICK).url)
    page = watch(new_page, anna, "settings/notices")
    page.get_by_role("switch", name="Show the text").click()
    page.get_by_role("switch", name="Sound").click()
    look(page, "hidden")
    bo.send(f"u:{anna.id}", "a secret")
    until(page, lambda: len(shown(page)) == 1)
    assert shown(page)[0]["title"] == "Bo"
    assert shown(page)[0]["body"].startswith("New message · ")
    assert count(page, "sounds") == 0
    look(page, "looking")
    page.get_by_role("switch", name="Sound").click()
    assert count(page, "sounds") == 1
    page.get_by_role("switch", name="Notifications").click()
    page.reload()
    online(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    expect(page.get_by_role("switch", name="Notifications")).not_to_be_checked()
    page.locator(".rail .mark").click()
    look(page, "hidden")
    bo.send(f"u:{anna.id}", "another")
    until(page, lambda: count(page, "sounds") == 1)
    assert count(page, "told") == 0


def test_a_storm_makes_one_sound_and_writing_is_not_disturbed(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    cem = register(anna.url, "Cem")
    page = watch(new_page, anna, f"chats/{conversation}")
    page.locator(".comp textarea").press_sequentially("I am just")
    cem.send(f"u:{anna.id}", "while writing")
    expect(row(page, "Cem").locator(".badge")).to_contain_text("1 unread")
    page.wait_for_timeout(600)  # twice the time in which tabs agree
    assert count(page, "sounds") == 0
    look(page, "hidden")
    until(page, lambda: bool(cem.send(f"u:{anna.id}", "and later") and count(page, "sounds")))
    for number in range(8):
        cem.send(f"u:{anna.id}", f"storm {number}")
    expect(row(page, "Cem").locator(".pv")).to_have_text("storm 7")
    page.wait_for_timeout(600)
    assert count(page, "sounds") == 1


def test_what_was_read_elsewhere_or_taken_back_is_told_no_more(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    page = watch(new_page, anna)
    look(page, "hidden")
    seq = bo.send(f"u:{anna.id}", "read on the phone")
    until(page, lambda: len(shown(page)) == 1)
    phone = at(anna, bo.url)
    phone.call("POST", "/messages/read", {"conv": conversation, "seq": seq})
    until(page, lambda: shown(page) == [])
    seq = bo.send(f"u:{anna.id}", "wrong window")
    until(page, lambda: len(shown(page)) == 1)
    bo.call("POST", "/messages/recall", {"conv": conversation, "seq": seq})
    until(page, lambda: shown(page) == [])


def test_nothing_is_shown_while_the_browser_is_asked_what_it_shows(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, bo, conversation = pair(node(env=QUICK).url)
    cem = register(anna.url, "Cem")
    page = watch(new_page, anna, script=HOLD)
    look(page, "hidden")
    seq = bo.send(f"u:{anna.id}", "read on the phone")
    until(page, lambda: len(shown(page)) == 1)
    page.evaluate("window.held = []")
    anna.call("POST", "/messages/read", {"conv": conversation, "seq": seq})
    page.wait_for_function("() => window.held.length === 1")
    cem.send(f"u:{anna.id}", "meanwhile")
    expect(row(page, "Cem").locator(".badge")).to_contain_text("1 unread")
    page.wait_for_timeout(600)  # twice the time in which tabs agree
    assert count(page, "told") == 1
    page.evaluate("window.held.splice(0).forEach((go) => go()), window.held = null")
    until(page, lambda: [each["title"] for each in shown(page)] == ["Cem"])


def test_one_is_told_after_an_absence(node: NodeFactory, new_page: Pages) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    bo.send(f"u:{anna.id}", "before")
    page = watch(new_page, anna)
    look(page, "hidden")
    server.restart(kill=True)
    bo.send(f"u:{anna.id}", "meanwhile")
    until(page, lambda: len(shown(page)) == 1)
    assert shown(page)[0]["body"] == "meanwhile"


def test_the_permission_is_asked_for_only_when_one_wants_it(
    node: NodeFactory, new_page: Pages
) -> None:
    anna, _, conversation = pair(node(env=QUICK).url)
    page = watch(new_page, anna, f"chats/{conversation}", script=UNDECIDED)
    hint = page.locator(".hint-card")
    expect(hint).to_have_count(0)
    write(page, "hello")
    expect(hint).to_be_visible()
    assert violations(page) == []
    assert count(page, "asked") == 0
    page.get_by_role("button", name="Not now").click()
    expect(hint).to_have_count(0)
    page.reload()
    online(page)
    write(page, "hello again")
    expect(bubble(page, "hello again").locator("use[href$='#check']")).to_be_attached()
    expect(hint).to_have_count(0)
    page.goto(f"{anna.url}/toChat#/settings/notices")
    button = page.get_by_role("button", name="Turn on")
    expect(button).to_be_visible()
    assert count(page, "asked") == 0
    button.click()
    expect(page.get_by_role("switch", name="Notifications")).to_be_checked()
    assert count(page, "asked") == 1


@pytest.mark.parametrize("ended", ["here", "elsewhere"])
def test_what_was_told_goes_with_the_session(
    node: NodeFactory, new_page: Pages, ended: str
) -> None:
    anna, bo, _ = pair(node(env=QUICK).url)
    page = watch(new_page, anna, "settings/devices")
    look(page, "hidden")
    bo.send(f"u:{anna.id}", "The pump is on")
    until(page, lambda: len(shown(page)) == 1)
    if ended == "here":
        page.get_by_role("button", name="Log out", exact=True).click()
    else:
        anna.call("DELETE", "/sessions")
    expect(page).to_have_url(re.compile(r"/(\?next=.*)?$"))
    left = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())"
    assert page.evaluate(f"{left}.then((list) => list.length)") == 0
