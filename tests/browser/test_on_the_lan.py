"""A day of two people at two computers, each at a node of its own, over TLS and by address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import daily
from tests.browser.lan import Computer, Lan, fill_in, secure, sign_up
from tests.browser.people import PASSWORD, bubble, go, online, row, until, write
from tests.browser.test_account_settings import code, turn_on
from tests.browser.test_media import send, sent
from tests.browser.test_notices import ATTENTION, look, shown
from tests.browser.test_offline_start import kept
from tests.browser.test_voice import SOUND, record
from tests.services.chromium import Pages
from tests.services.node import Node


def come_to_trust(computer: Computer, node: Node) -> Page:
    """From the plain address over the offer and the instructions to the secure address."""
    page = computer.page()
    page.goto(node.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Continue securely?")
    page.get_by_role("link", name="Continue securely (recommended)").click()
    computer.trust(page)
    page = computer.page(permissions=["notifications", "clipboard-read", "clipboard-write"])
    page.context.add_init_script(ATTENTION + f"({SOUND})()")
    page.goto(node.url)
    expect(page.locator("#known")).to_be_visible()
    page.get_by_role("link", name="Continue securely (recommended)").click()
    expect(page).to_have_url(secure(node, "/"))
    assert page.evaluate("isSecureContext") is True
    return page


def speak(anna: Page, bo: Page) -> None:
    """Anna records, Bo listens."""
    record(anna, 1).get_by_role("button", name="Send the recording").click()
    bo.locator(".msg .voice").get_by_role("button", name="Play the recording").click()
    bo.wait_for_function("() => played[0]?.currentTime > 0.3")
    expect(bo.locator(".msg .voice").get_by_text("not played yet")).to_have_count(0)


def take_a_picture(bo: Page, anna: Page) -> None:
    """Bo's camera, seen by Anna."""
    bo.get_by_role("button", name="Take a picture").click()
    bo.get_by_role("dialog", name="Take a picture").get_by_role("button", name="Take it").click()
    before = sent(anna).count()
    send(bo.locator("dialog.send"))
    expect(sent(anna)).to_have_count(before + 1)


def be_told_while_away(anna: Page, bo: Page) -> None:
    """Anna's page is hidden: a notification names Bo, and leads to what he wrote."""
    go(anna, "contacts")
    look(anna, "hidden")
    write(bo, "Lunch?")
    until(anna, lambda: len(shown(anna)) == 1)
    assert (shown(anna)[0]["title"], shown(anna)[0]["body"]) == ("Bo", "Lunch?")
    anna.context.service_workers[0].evaluate(
        """async () => {
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )
    expect(anna.locator(".chat-h h2")).to_have_text("Bo")
    look(anna, "looking")
    until(anna, lambda: shown(anna) == [])


def log_in_with_two_factors(bo: Page, elsewhere: Page, at: Node) -> None:
    """Bo sets up a second factor and logs in with it at the other node."""
    go(bo, "settings/devices")
    secret, _ = turn_on(bo)
    elsewhere.goto(secure(at, "/"))
    elsewhere.fill("#name", "Bo")
    elsewhere.fill("#password", PASSWORD)
    elsewhere.click("form[action='/login'] .btn.primary")
    expect(elsewhere.locator("#code")).to_be_visible()
    fill_in(elsewhere, "login", code=code(secret))
    expect(row(elsewhere, "Anna")).to_be_visible()
    elsewhere.context.close()


def go_on_without_a_server(bo: Page, anna: Page, node: Node) -> None:
    """Bo closes the page, his node dies, he opens the page and writes; it goes out later."""
    kept(bo)
    errors = bo.context.new_cdp_session(bo).send("Page.getInstallabilityErrors")
    assert {error["errorId"] for error in errors["installabilityErrors"]} <= {"in-incognito"}
    context = bo.context
    bo.close()
    node.kill9()
    page = context.new_page()
    page.goto(secure(node, "/toChat"))
    expect(page.locator(".banner")).to_contain_text("Offline")
    daily.open_chat(page, "Anna")
    expect(bubble(page, "Since noon")).to_be_visible()
    write(page, "written without a server")
    expect(page.locator(".banner")).to_contain_text("1 message will go out")
    node.start()
    online(page)
    expect(bubble(anna, "written without a server")).to_be_visible()
    expect(bubble(page, "written without a server").locator("use[href*='#check']")).to_be_attached()


@pytest.mark.timeout(240)
def test_two_people_at_two_computers_do_everything_over_tls(
    lan: Lan, new_page: Pages, tmp_path: Path
) -> None:
    (one, other), (annas, bos) = lan.nodes, lan.computers
    anna = come_to_trust(annas, one)
    sign_up(anna, "Anna")
    daily.found_a_group(anna)
    address = daily.invite(anna)

    bo = come_to_trust(bos, other)
    bo.goto(address)
    expect(bo).to_have_url(re.compile(f"^{re.escape(secure(one))}/toRegister"))
    fill_in(bo, "register", name="Bo", repassword=PASSWORD)
    expect(row(bo, daily.GROUP)).to_be_visible()
    bo.goto(secure(other))
    fill_in(bo, "login", name="Bo")

    daily.become_contacts(anna, bo)
    daily.write_to_each_other(anna, bo)
    daily.answer_quickly(anna, bo)
    daily.show_pictures(anna, bo, tmp_path)
    speak(anna, bo)
    take_a_picture(bo, anna)
    daily.hand_over_a_file(anna, bo)
    be_told_while_away(anna, bo)
    daily.find_again(anna)
    daily.talk_in_the_group(anna, bo)
    daily.show_ones_face(anna, bo)
    log_in_with_two_factors(bo, bos.page(), one)

    go(anna, "admin/nodes")
    for name in ("one", "other"):
        state = anna.get_by_role("region", name=name, exact=True).locator(".st")
        expect(state).to_have_text("Healthy")
    daily.open_chat(anna, "Bo")
    go_on_without_a_server(bo, anna, other)
    assert [line for line in new_page.console if line.startswith("exception")] == []
