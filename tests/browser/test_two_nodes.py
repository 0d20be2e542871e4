"""Two people on two nodes talk in browsers, and have everything again after both were killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.services.node import Node, NodeFactory

PASSWORD = "correct-horse"
BACK_MS = 60_000
"""Three times the longest pause between two tries of a page to connect."""


class Person:
    """Someone at a browser that is open at one node."""

    def __init__(self, page: Page, node: Node, name: str) -> None:
        self.page = page
        self.node = node
        self.name = name
        page.goto(f"{node.url}/toRegister")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.fill("#repassword", PASSWORD)
        page.click("form[action='/register'] button.primary")
        page.wait_for_url("**/toChat**")
        self.id = int(
            page.evaluate("JSON.parse(document.getElementById('boot').textContent).user.id")
        )

    def open(self, conversation: str) -> None:
        """Open a conversation."""
        self.page.evaluate(f"location.hash = '#/chats/{conversation}'")
        expect(self.page.locator(".chat textarea")).to_be_visible()

    def say(self, text: str) -> None:
        """Write a message and press Enter."""
        self.page.fill(".chat textarea", text)
        self.page.press(".chat textarea", "Enter")

    def texts(self) -> list[str]:
        """The messages on the screen, from the top."""
        return self.page.locator(".chat .msg .tx").all_inner_texts()

    def sees(self, *texts: str) -> None:
        """Wait until these are the messages on the screen, in this order, and no others."""
        expect(self.page.locator(".chat .msg .tx")).to_have_text(list(texts), timeout=BACK_MS)

    def call(self, method: str, path: str, body: object) -> object:
        """Call the HTTP API as the page does."""
        return self.page.evaluate(
            """async ([method, path, body]) => {
                const xsrf = document.cookie.match(/_xsrf=([^;]*)/)[1];
                const headers = {"X-XSRFToken": xsrf, "Content-Type": "application/json"};
                const answer = await fetch(path, {method, headers, body: JSON.stringify(body)});
                if (!answer.ok) throw new Error(await answer.text());
                return (await answer.json()).data;
            }""",
            [method, path, body],
        )


def talk(one: Person, other: Person, restart: Callable[[], None]) -> None:
    """Everything that two people on two nodes do with each other."""
    private = f"p:{one.id}:{other.id}"
    one.open(private)
    one.say("你在吗？")
    other.open(private)
    other.sees("你在吗？")
    other.say("<b>在</b> 😀 & 好")
    one.sees("你在吗？", "<b>在</b> 😀 & 好")

    # Presence and typing of the other node's person.
    for person in (one, other):
        expect(person.page.locator(".chat-h .sub")).to_have_text("在线", use_inner_text=True)
    one.page.locator(".chat textarea").press_sequentially("正")
    expect(other.page.get_by_text("正在输入").first).to_be_visible()
    one.page.fill(".chat textarea", "")

    # Taken back: the text is nowhere any more.
    one.say("说错了")
    other.sees("你在吗？", "<b>在</b> 😀 & 好", "说错了")
    one.page.locator(".msg.me[data-seq]", has_text="说错了").press("Shift+F10")
    one.page.get_by_role("menuitem", name="撤回").click()
    for person in (one, other):
        person.sees("你在吗？", "<b>在</b> 😀 & 好")
        expect(person.page.locator(".chat .sys", has_text="撤回了一条消息")).to_have_count(1)
        assert "说错了" not in person.page.locator("body").inner_text()

    # A group and everyone.
    group = one.call("POST", "/api/groups", {"name": "夜班", "members": [other.id]})
    assert isinstance(group, dict)
    for person, text in ((one, "群里好"), (other, "收到")):
        person.open(f"g:{group['id']}")
        person.say(text)
        # Stored, not only shown: the other writes after it.
        stored = person.page.locator(".chat .msg.me[data-seq] .tx")
        expect(stored.last).to_have_text(text)
    for person in (one, other):
        person.sees("群里好", "收到")
    one.call("POST", "/api/messages", {"to": "all", "text": "全体注意"})
    for person in (one, other):
        person.page.evaluate("location.hash = '#/chats/all'")
        person.sees("全体注意")

    # Both nodes die, with a message written while nobody is there.
    one.open(private)
    other.open(private)
    one.node.kill9()
    other.node.kill9()
    one.say("写在断线时")
    expect(one.page.locator(".chat .msg .tx").last).to_have_text("写在断线时")
    restart()
    for person in (one, other):
        person.sees("你在吗？", "<b>在</b> 😀 & 好", "写在断线时")
    other.say("都回来了")
    for person in (one, other):
        person.sees("你在吗？", "<b>在</b> 😀 & 好", "写在断线时", "都回来了")
        person.open(f"g:{group['id']}")
        person.sees("群里好", "收到")
        person.page.reload()
        person.sees("群里好", "收到")


@pytest.fixture(params=["mariadb", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind."""
    if request.param == "mariadb":
        return str(request.getfixturevalue("mysql_url"))
    return f"sqlite:///{tmp_path / 'im.db'}"


@pytest.mark.timeout(240)
def test_two_people_on_two_nodes_talk_and_have_everything_after_both_nodes_died(
    node: NodeFactory, new_page: Callable[..., Page], database: str
) -> None:
    nodes = [node("--database", database) for _ in range(2)]

    def restart() -> None:
        for each in nodes:
            each.start()

    one = Person(new_page(locale="zh-CN"), nodes[0], "林晓")
    other = Person(new_page(locale="zh-CN"), nodes[1], "周明")
    talk(one, other, restart)
