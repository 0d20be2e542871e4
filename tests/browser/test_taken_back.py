"""What the node refuses, or does not hear, is taken back on the page."""

from __future__ import annotations

import json

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.people import QUICK, bubble, enter, online, pair, private, register, until
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def test_a_message_that_could_not_be_deleted_for_me_is_there_again(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    anna.send(f"u:{bo.id}", "keep this")
    page = new_page(locale="en-GB")
    refusing = [True]
    asked: list[int] = []
    answered: list[int] = []

    def refuse(socket: WebSocketRoute) -> None:
        node_side = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            frame = json.loads(message)
            if frame["op"] == "hide" and refusing:
                refusal = {"op": "error", "id": frame["id"], "code": "forbidden"}
                socket.send(json.dumps({**refusal, "message": "Not now"}))
            else:
                asked.extend([frame["id"]] if frame["op"] == "hide" else [])
                node_side.send(message)

        def tell(message: str | bytes) -> None:
            socket.send(message)
            answered.extend(number for number in asked if json.loads(message).get("id") == number)

        socket.on_message(pass_on)
        node_side.on_message(tell)

    page.route_web_socket("**/ws*", refuse)
    enter(page, bo, f"chats/{private(anna, bo)}")
    message, toast = bubble(page, "keep this"), page.locator(".toast")
    message.press("Delete")
    expect(toast).to_have_text("Not now")
    expect(message).to_be_visible()
    refusing.clear()
    message.press("Delete")
    expect(message).to_have_count(0)
    toast.get_by_role("button", name="Undo").click()
    expect(message).to_be_visible()
    # What the page has not heard to be done would be taken back. It hears in order.
    until(page, lambda: len(answered) == 2)
    anna.send(f"u:{bo.id}", "and this")
    expect(bubble(page, "and this")).to_be_visible()
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    message.press("Delete")
    expect(toast).to_have_text("There is no connection now. Try again when it is back.")
    expect(message).to_be_visible()
    server.start()
    online(page)
    page.reload()
    online(page)
    expect(message).to_be_visible()


def test_what_is_being_answered_is_shown_as_it_is_now(node: NodeFactory, new_page: Pages) -> None:
    anna, bo, conversation = pair(node(env=QUICK).url)
    seq = bo.send(f"u:{anna.id}", "a slip")
    page = new_page(locale="en-GB")
    enter(page, anna, f"chats/{conversation}")
    bubble(page, "a slip").press("r")
    answered = page.locator(".comp .quote")
    expect(answered).to_contain_text("a slip")
    bo.call("POST", "/messages/recall", {"conv": conversation, "seq": seq})
    expect(answered).to_contain_text("This message was recalled")
    expect(answered).not_to_contain_text("a slip")
