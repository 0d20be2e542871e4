"""The page works in Firefox too: come in, talk, come again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.firefox import ENTER, Firefox
from tests.browser.people import PASSWORD, QUICK, register
from tests.services.node import NodeFactory
from tests.services.process import wait_until

LOG_OUT = """fetch("/api/logout", {
    method: "POST",
    headers: {"X-Xsrftoken": document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? ""},
}).then((answer) => `${answer.status}`)"""


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    """A window."""
    window = Firefox(tmp_path)
    yield window
    window.close()


@pytest.mark.timeout(180)
def test_one_registers_logs_in_talks_and_finds_it_again(
    node: NodeFactory, firefox: Firefox
) -> None:
    url = node(env=QUICK).url
    bo = register(url, "Bo")
    firefox.open(f"{url}/toRegister")
    for field, text in (("name", "Anna"), ("password", PASSWORD), ("repassword", PASSWORD)):
        firefox.fill(f"form [name={field}]", text)
    firefox.press(ENTER)
    firefox.wait("location.pathname === '/toChat' && document.querySelector('.app') !== null")
    me = int(firefox.evaluate("fetch('/api/me').then((a) => a.json()).then((a) => `${a.data.id}`)"))
    # Out, and in again by the form.
    assert firefox.evaluate(LOG_OUT) == "200"
    firefox.wait("location.pathname === '/'")
    firefox.fill("form[action='/login'] [name=name]", "Anna")
    firefox.fill("form[action='/login'] [name=password]", PASSWORD)
    firefox.press(ENTER)
    firefox.wait("location.pathname === '/toChat' && document.querySelector('.app') !== null")
    low, high = sorted((me, bo.id))
    conv = f"p:{low}:{high}"
    bo.send(f"u:{me}", "Hello from Bo")
    firefox.open(f"{url}/toChat#/chats/{conv}")
    firefox.wait("document.body.innerText.includes('Hello from Bo')")
    firefox.fill(".comp textarea", "Hello from Firefox")
    firefox.press(ENTER)
    bubble = "[...document.querySelectorAll('.bub')].filter((one) => one.innerText.includes('{}'))"
    firefox.wait(bubble.format("Hello from Firefox") + ".length === 1")

    def kept() -> list[str]:
        return [one["text"] for one in bo.call("GET", f"/messages?conv={conv}")["entries"]]

    said = ["Hello from Bo", "Hello from Firefox"]
    wait_until(lambda: kept() == said, timeout=20, what="the message on the server")
    bo.send(f"u:{me}", "And once more")
    firefox.wait(bubble.format("And once more") + ".length === 1")
    firefox.reload()
    for text in ("Hello from Bo", "Hello from Firefox", "And once more"):
        firefox.wait(bubble.format(text) + ".length === 1")
