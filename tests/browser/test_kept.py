"""What the browser keeps of conversations: there without a server, never what was taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.people import (
    QUICK,
    Person,
    befriend,
    bubble,
    enter,
    online,
    private,
    register,
    row,
    until,
)
from tests.services.chromium import Pages
from tests.services.node import Node, NodeFactory

LOGS = """async (user) => {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(`im-${user}`);
    request.onsuccess = () => resolve(request.result);
    request.onerror = reject;
  });
  const read = (name) => new Promise((resolve) => {
    const request = database.transaction(name).objectStore(name).getAll();
    request.onsuccess = () => resolve(request.result);
  });
  const [lists, logs] = [await read("lists"), await read("logs")];
  database.close();
  return { lists, logs };
}"""


def stored(page: Page, person: Person) -> dict[str, Any]:
    """What the browser has on its disk."""
    found = page.evaluate(LOGS, person.id)
    assert isinstance(found, dict)
    return found


def texts(page: Page, person: Person, conversation: str) -> list[str]:
    """The texts that are kept of a conversation."""
    for log in stored(page, person)["logs"]:
        if log["conv"] == conversation and "entries" in log:
            return [entry.get("text", "") for entry in log["entries"]]
    return []


def world(node: NodeFactory, new_page: Pages) -> tuple[Node, Person, Person, Page]:
    """Anna has read what Bo wrote, in a browser that can open the page without its server."""
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    befriend(anna, bo)
    for text in ("first", "second", "third"):
        bo.send(f"u:{anna.id}", text)
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{private(anna, bo)}")
    expect(bubble(page, "third")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    until(page, lambda: texts(page, anna, private(anna, bo)) == ["first", "second", "third"])
    until(page, lambda: len(stored(page, anna)["lists"][0]["contacts"]) == 1)
    return server, anna, bo, page


def test_lists_and_messages_are_there_without_a_server(node: NodeFactory, new_page: Pages) -> None:
    server, anna, bo, page = world(node, new_page)
    place = page.url
    server.kill9()
    page.goto("about:blank")
    page.goto(place)
    expect(bubble(page, "third")).to_be_visible()
    expect(page.locator(".banner")).to_contain_text("Offline")
    expect(row(page, "Bo").locator(".pv")).to_have_text("third")
    page.get_by_role("link", name="Contacts").click()
    expect(row(page, "Bo")).to_be_visible()
    page.goto(f"{server.url}/toChat#/chats/p:1:999")
    expect(page.locator(".chat .empty")).to_contain_text("not kept on this device")
    server.start()
    online(page)
    bo.send(f"u:{anna.id}", "fourth")
    page.goto(place)
    expect(bubble(page, "fourth")).to_be_visible(timeout=40_000)
    expect(bubble(page, "third")).to_have_count(1)


def test_what_was_taken_back_meanwhile_is_erased_at_the_next_contact_before_it_is_shown(
    node: NodeFactory, new_page: Pages
) -> None:
    _, anna, bo, page = world(node, new_page)
    conversation = private(anna, bo)
    place = page.url
    page.goto("about:blank")
    bo.call("POST", "/messages/recall", {"conv": conversation, "seq": 2})
    opened: list[WebSocketRoute] = []
    page.route_web_socket("**/ws*", lambda socket: opened.append(socket))
    page.add_init_script(
        """
        window.seen = [];
        new MutationObserver(() => {
          const places = document.querySelectorAll(".tx, .pv");
          for (const { innerText } of places) window.seen.push(innerText);
        }).observe(document, { childList: true, subtree: true, characterData: true });
        """
    )
    page.goto(place)
    until(page, lambda: bool(opened))
    opened[0].connect_to_server()
    expect(page.locator(".sys")).to_have_text("Bo recalled a message")
    expect(bubble(page, "third")).to_be_visible()
    assert "second" not in page.evaluate("window.seen")
    until(page, lambda: texts(page, anna, conversation) == ["first", "", "third"])


def test_also_of_conversations_that_are_not_looked_at(node: NodeFactory, new_page: Pages) -> None:
    server, anna, bo, page = world(node, new_page)
    conversation = private(anna, bo)
    page.goto(f"{server.url}/toChat#/contacts")
    page.reload()
    online(page)
    # While it is heard but not on the screen.
    bo.call("POST", "/messages/recall", {"conv": conversation, "seq": 1})
    until(page, lambda: texts(page, anna, conversation) == ["", "second", "third"])
    # While nobody was there.
    page.goto("about:blank")
    bo.call("POST", "/messages/recall", {"conv": conversation, "seq": 2})
    page.goto(f"{server.url}/toChat#/contacts")
    until(page, lambda: texts(page, anna, conversation) == ["", "", "third"])


def test_what_is_kept_is_bounded_and_goes_with_the_session(
    node: NodeFactory, new_page: Pages
) -> None:
    _, anna, bo, page = world(node, new_page)
    conversation = private(anna, bo)
    for number in range(60):
        bo.send(f"u:{anna.id}", f"more {number}")
    expect(bubble(page, "more 59")).to_be_visible()
    until(page, lambda: texts(page, anna, conversation)[-1:] == ["more 59"])
    assert len(texts(page, anna, conversation)) == 50
    anna.call("DELETE", "/sessions")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")
    assert stored(page, anna) == {"lists": [], "logs": []}


def test_a_known_chat_opens_without_asking_for_its_messages(
    node: NodeFactory, new_page: Pages
) -> None:
    _, _, _, page = world(node, new_page)
    place = page.url
    page.goto("about:blank")
    asked: list[str] = []

    def watch(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            asked.append(str(message))
            if '"sync"' not in str(message):
                server.send(message)

        socket.on_message(pass_on)

    page.route_web_socket("**/ws*", watch)
    page.goto(place)
    expect(bubble(page, "third")).to_be_visible()
    assert any('"conversations"' in frame for frame in asked)


def written_elsewhere(node: NodeFactory, new_page: Pages) -> tuple[Page, str]:
    """A browser that keeps a chat of 40 messages and has left its page, with the page's address;
    afterwards one wrote with another device."""
    _, anna, bo, page = world(node, new_page)
    place = page.url
    for number in range(40):
        bo.send(f"u:{anna.id}", f"line {number}")
    until(page, lambda: "line 39" in texts(page, anna, private(anna, bo)))
    until(page, lambda: stored(page, anna)["lists"][0]["conversations"][0]["unread"] == 0)
    page.goto("about:blank")
    anna.send(f"u:{bo.id}", "from the phone")
    return page, place


def test_a_kept_chat_opens_at_its_end_where_one_wrote_elsewhere_meanwhile(
    node: NodeFactory, new_page: Pages
) -> None:
    """What is kept ends before the chat does, and is not shown before the node has the rest."""
    page, place = written_elsewhere(node, new_page)
    page.goto(place)
    expect(bubble(page, "from the phone")).to_be_in_viewport()


def test_a_kept_chat_opens_at_its_end_also_where_the_window_changes_before_the_rest_has_come(
    node: NodeFactory, new_page: Pages
) -> None:
    """As a phone's does, whose bars go; whoever draws again then knows of what is missing."""
    page, place = written_elsewhere(node, new_page)
    held: list[Callable[[], None]] = []

    def watch(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if '"sync"' in str(message):
                held.append(lambda: server.send(message))
            else:
                server.send(message)

        socket.on_message(pass_on)

    page.route_web_socket("**/ws*", watch)
    page.goto(place)
    until(page, lambda: bool(held))
    expect(page.locator(".log .skeleton")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 640})
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    held.pop(0)()
    expect(bubble(page, "from the phone")).to_be_in_viewport()
