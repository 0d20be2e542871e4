"""People in browsers: how the tests register, log in and find their way."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from playwright.sync_api import Locator, Page, expect

PASSWORD = "a-long-password-1"
QUICK = {
    "IM_RELAY_BUS": "none",
    "IM_LIMITS_REGISTRATIONS": "1000/minute",
    "IM_LIMITS_FRAMES_PER_SECOND": "100000",
    "IM_LIMITS_FRAMES_BURST": "100000",
}
"""Environment of a node alone, with limits that a test may run against."""
TWO_NODES = {name: value for name, value in QUICK.items() if name != "IM_RELAY_BUS"}
"""As ``QUICK``, for nodes that hear each other."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account on a node."""

    id: int
    name: str
    token: str
    url: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the API; the answer's data."""
        request = urllib.request.Request(
            f"{self.url}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Accept-Language": "en",
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)["data"]

    def upload(self, data: bytes, type_: str, about: str) -> int:
        """Upload a file; its id."""
        request = urllib.request.Request(
            f"{self.url}/api/media?{about}",
            method="POST",
            data=data,
            headers={"Content-Type": type_, "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return int(json.load(response)["data"]["id"])

    def send(self, to: str, text: str) -> int:
        """Write a message; its number."""
        sent = self.call("POST", "/messages", {"to": to, "text": text})
        return int(sent["seq"])


def register(url: str, name: str) -> Person:
    """A new account that speaks English, made through the API."""
    nobody = Person(0, name, "", url)
    answer = nobody.call(
        "POST", "/register", {"name": name, "password": PASSWORD, "repassword": PASSWORD}
    )
    return Person(answer["user"]["id"], name, answer["token"], url)


def spread(urls: Sequence[str], *names: str) -> list[Person]:
    """New accounts, made at the nodes in turns: of two, whoever is named next is at the other."""
    return [register(url, name) for name, url in zip(names, cycle(urls), strict=False)]


def befriend(one: Person, other: Person) -> None:
    """They become contacts."""
    one.call("POST", "/contacts", {"user": other.id})
    other.call("POST", f"/contacts/{one.id}/accept")


def pair(*urls: str) -> tuple[Person, Person, str]:
    """Anna and Bo, who are contacts, and their conversation; with two nodes each is at one."""
    anna, bo = spread(urls, "Anna", "Bo")
    befriend(anna, bo)
    return anna, bo, private(anna, bo)


def at(person: Person, url: str) -> Person:
    """The same person at another node."""
    return Person(person.id, person.name, person.token, url)


def private(one: Person, other: Person) -> str:
    """The conversation of two people."""
    low, high = sorted((one.id, other.id))
    return f"p:{low}:{high}"


def enter(page: Page, person: Person, place: str = "") -> None:
    """Log in without the form and open the chat page, at ``#/place``."""
    answer = page.context.request.post(
        f"{person.url}/api/login", data={"name": person.name, "password": PASSWORD}
    )
    assert answer.ok, answer.text()
    page.goto(f"{person.url}/toChat#/{place}")
    expect(page.locator(".rail, .tabs").first).to_be_attached()
    online(page)


def online(page: Page) -> None:
    """Wait until the page has reached its node and knows the list."""
    expect(page.locator(".rail .lan:not(.wait, .bad)")).to_be_attached()
    expect(page.locator(".pane .skeleton")).to_have_count(0)


def go(page: Page, place: str) -> None:
    """Open a place of the page, as its own links do."""
    page.evaluate("(place) => { location.hash = `#/${place}`; }", place)


def confirm(page: Page, action: str) -> None:
    """Press a button of the open dialog."""
    page.locator("dialog").get_by_role("button", name=action).click()


FETCHED = """async (name) => {
  const all = performance.getEntriesByType("resource");
  const found = all.find((entry) => entry.name.endsWith(`/${name}`));
  if (!found) return false;
  await import(found.name);
  return true;
}"""


def fetched(page: Page, module: str) -> None:
    """Wait until a module has come that is fetched when the browser is idle, and has been run."""
    page.wait_for_function(FETCHED, arg=module)


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for what the page cannot be asked to expect: half a minute and more, for a lost link."""
    end = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < end, "it never came"
        page.wait_for_timeout(50)


def write(page: Page, text: str) -> None:
    """Write into the open conversation and press Enter."""
    box = page.locator(".comp textarea")
    box.fill(text)
    box.press("Enter")


def bubble(page: Page, text: str) -> Locator:
    """The message with exactly this text."""
    exact = re.compile(rf"^\s*{re.escape(text)}\s*$")
    return page.locator(".msg", has=page.locator(".tx", has_text=exact))


def row(page: Page, title: str) -> Locator:
    """A row of the list."""
    return page.locator(
        ".pane .row", has=page.locator(".nm", has_text=re.compile(rf"^{re.escape(title)}$"))
    )
