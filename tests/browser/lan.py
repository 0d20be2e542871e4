"""Computers of people on a LAN: browsers on machines of their own, away from the nodes."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.people import PASSWORD
from tests.services.chromium import BrowserThread, Pages
from tests.services.netns import Namespace
from tests.services.node import Node


def secure(node: Node, path: str = "") -> str:
    """The node's secure address."""
    return node.url.replace("http:", "https:") + path


class Computer:
    """A machine of the LAN where one person has a browser, with a home folder of their own."""

    def __init__(
        self, thread: BrowserThread, pages: Pages, home: Path, machine: Namespace | None = None
    ) -> None:
        """Without a machine it is the one of the tests."""
        home.mkdir(exist_ok=True)
        self._thread = thread
        self._pages = pages
        self._home = home
        self._machine = machine
        self._browser: Browser | None = None

    def page(self, **options: object) -> Page:
        """A page in a new profile of this computer's browser."""
        if self._browser is None:
            self._browser = self._thread.elsewhere(self._home, self._machine)
        words = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options}
        return self._pages(self._browser, **words)

    def trust(self, page: Page) -> None:
        """Do what the page about trust, which is open, says for this computer; the browser ends."""
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download the certificate").click()
        waiting.value.save_as(self._home / waiting.value.suggested_filename)
        said = page.locator("details[open] li", has_text="certutil").inner_text()
        [command] = re.findall(r"certutil .*", said)
        subprocess.run(
            ["sh", "-c", command],
            cwd=self._home,
            env={**os.environ, "HOME": str(self._home)},
            check=True,
            capture_output=True,
        )
        self.close()

    def close(self) -> None:
        """End the browser; the next ``page`` starts it again."""
        if self._browser is not None:
            self._thread.call(self._browser.close)
            self._browser = None


@dataclass(frozen=True, slots=True)
class Lan:
    """Two nodes with one database and the computers of two people, each a machine of its own."""

    nodes: tuple[Node, Node]
    computers: tuple[Computer, Computer]
    machines: list[Namespace]
    """The nodes' machines first."""


def sign_up(page: Page, name: str) -> None:
    """From the log-in page to the chat, by the forms, as people do."""
    page.get_by_role("link", name="Create an account").click()
    fill_in(page, "register", name=name, repassword=PASSWORD)


def fill_in(page: Page, form: str, **values: str) -> None:
    """Fill in a form without which nobody comes in, and send it."""
    for field, value in {"password": PASSWORD, **values}.items():
        page.fill(f"form[action='/{form}'] [name={field}]", value)
    page.locator(f"form[action='/{form}'] .btn.primary").click()
    page.wait_for_url("**/toChat**")
    expect(page.locator(".rail .lan:not(.wait, .bad)")).to_be_attached()
