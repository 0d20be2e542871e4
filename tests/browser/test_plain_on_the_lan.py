"""A day of two people without TLS: what is missing is said where one looks for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import daily
from tests.browser.lan import Computer, Lan, fill_in, secure, sign_up
from tests.browser.people import PASSWORD, QUICK, bubble, go, online, row, write
from tests.services.chromium import Pages
from tests.services.netns import Namespace, Network
from tests.services.node import Node, NodeFactory

pytestmark = pytest.mark.timeout(240)
"""Networks come and go only while no other test has a browser open."""


def go_on_without(page: Page, address: str) -> None:
    """The offer, which is made once."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Continue securely?")
    page.get_by_role("button", name="Continue without").click()


def look_for_what_is_missing(page: Page) -> None:
    """Microphone, camera and notifications, each where one would use it."""
    daily.open_chat(page, "Bo")
    for button, words in (
        ("Voice message", "Recording needs a secure address (https)"),
        ("Take a picture", "The camera needs a secure address"),
    ):
        page.get_by_role("button", name=button).click()
        said = page.get_by_role("alert")
        expect(said).to_contain_text(words)
        expect(said.get_by_role("link", name="Make it secure")).to_have_attribute("href", "/trust")
        page.get_by_role("button", name=re.compile("Close|Cancel")).last.click()
        expect(said).to_have_count(0)
    go(page, "settings/notices")
    said = page.locator(".opt", has_text="Notifications need a secure connection (https)")
    expect(said.get_by_role("link", name="Make it secure")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on")).to_have_count(0)
    expect(page.get_by_role("switch", name="Sound")).to_be_checked()
    go(page, "settings/devices")
    expect(page.locator(".card", has_text="This page is not encrypted")).to_be_visible()


def go_on_without_a_server(bo: Page, anna: Page, node: Node) -> None:
    """Bo's node dies while his page is open, which is told to stay so; what he writes goes out."""
    node.kill9()
    expect(bo.locator(".banner")).to_contain_text("Offline")
    expect(bo.locator(".bcast")).to_contain_text("Leave this page open")
    daily.open_chat(bo, "Anna")
    write(bo, "written without a server")
    node.start()
    online(bo)
    expect(bubble(anna, "written without a server")).to_be_visible()
    expect(bo.locator(".bcast")).to_have_count(0)


def test_two_people_at_two_computers_do_without_tls_what_can_be_done(
    lan: Lan, new_page: Pages, new_computer: Callable[[Namespace], Computer], tmp_path: Path
) -> None:
    # Anna runs a node on her own machine, and invites from there, where it is "localhost".
    (one, other), (annas, bos) = lan.nodes, lan.computers
    servers = new_computer(lan.machines[0]).page()
    servers.goto(f"http://localhost:{one.port}")
    sign_up(servers, "Anna")
    daily.found_a_group(servers)
    address = daily.invite(servers)
    servers.context.close()

    anna = annas.page(permissions=["clipboard-read", "clipboard-write"])
    go_on_without(anna, one.url)
    fill_in(anna, "login", name="Anna")
    assert anna.evaluate("isSecureContext") is False
    notice = anna.locator(".bcast", has_text="no microphone, no notifications and no offline use")
    notice.get_by_role("button", name="Got it").click()
    expect(notice).to_have_count(0)

    bo = bos.page()
    go_on_without(bo, address)
    fill_in(bo, "register", name="Bo", repassword=PASSWORD)
    expect(row(bo, daily.GROUP)).to_be_visible()
    go_on_without(bo, other.url)
    fill_in(bo, "login", name="Bo")
    bo.get_by_role("button", name="Got it").click()
    bo.reload()
    online(bo)
    expect(bo.locator(".bcast")).to_have_count(0)

    daily.become_contacts(anna, bo)
    daily.write_to_each_other(anna, bo)
    daily.answer_quickly(anna, bo)
    daily.show_pictures(anna, bo, tmp_path)
    daily.hand_over_a_file(anna, bo)
    daily.find_again(anna)
    daily.talk_in_the_group(anna, bo)
    daily.show_ones_face(anna, bo)
    look_for_what_is_missing(anna)
    daily.open_chat(anna, "Bo")
    go_on_without_a_server(bo, anna, other)
    assert [line for line in new_page.console if line.startswith("exception")] == []


@pytest.fixture
def alone(
    node: NodeFactory,
    netns: Callable[[int], Network],
    new_computer: Callable[[Namespace], Computer],
    request: pytest.FixtureRequest,
) -> tuple[Node, Computer, Namespace]:
    """A node that has the setting ``tls.plain`` that the test asks for, and a computer."""
    machine, there = netns(2).machines
    started = node(env={**QUICK, "IM_TLS_PLAIN": request.param}, namespace=machine)
    return started, new_computer(there), there


@pytest.mark.parametrize("alone", ["refuse"], indirect=True)
def test_where_it_is_refused_a_device_is_told_how_before_its_browser_warns(
    alone: tuple[Node, Computer, Namespace],
) -> None:
    node, computer, there = alone
    page = computer.page()
    page.goto(f"{node.url}/toRegister")
    expect(page.locator("main")).to_contain_text("This server accepts secure connections only.")
    expect(page.get_by_role("button", name="Continue without")).to_have_count(0)
    page.get_by_role("link", name="Continue securely (recommended)").click()
    computer.trust(page)
    page = computer.page()
    page.goto(f"{node.url}/toRegister")
    expect(page).to_have_url(secure(node, "/toRegister"))
    fill_in(page, "register", name="Anna", repassword=PASSWORD)
    page.goto(f"{node.url}/toChat")
    expect(page).to_have_url(re.compile(f"^{secure(node, '/toChat')}"))
    assert "secure_only" in there.run("curl", "-s", f"{node.url}/api/me")


@pytest.mark.parametrize("alone", ["allow"], indirect=True)
def test_where_it_is_allowed_nobody_is_asked_and_the_page_says_what_is_missing(
    alone: tuple[Node, Computer, Namespace],
) -> None:
    node, computer, there = alone
    page = computer.page()
    page.goto(node.url)
    sign_up(page, "Anna")
    expect(page).to_have_url(re.compile(f"^{node.url}/toChat"))
    notice = page.locator(".bcast", has_text="This page is not encrypted")
    notice.get_by_role("link", name="Make it secure").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Let this device trust the server")
    assert "unauthorized" in there.run("curl", "-s", f"{node.url}/api/me")
