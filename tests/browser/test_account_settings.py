"""What one decides about one's own account: who sees what, a second factor, and leaving."""

from __future__ import annotations

import re
import time
from base64 import b32decode
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page, expect

from tests.browser.people import (
    PASSWORD,
    QUICK,
    Person,
    at,
    befriend,
    bubble,
    enter,
    go,
    pair,
    private,
    register,
    row,
    until,
    write,
)
from tests.browser.scanning import scanned
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker

ENROL_STEPS = 30
"""Seconds that a code is good for."""

KEPT = """async () => [
  ...(await indexedDB.databases()).map(({ name }) => name),
  ...Object.keys(localStorage).filter((key) => key.startsWith("im.")),
]"""
"""Names of what the browser keeps of accounts."""


def code(secret: str, seconds: float = 0) -> str:
    """What an authenticator app shows so many seconds from now."""
    totp = TOTP(b32decode(secret.replace(" ", "")), 6, SHA1(), ENROL_STEPS)  # noqa: S303
    return totp.generate(int(time.time() + seconds)).decode()


def turn_on(page: Page) -> tuple[str, list[str]]:
    """Set up the second factor in the settings; the secret and the recovery codes."""
    page.get_by_role("button", name="Set up a second factor").click()
    dialog = page.locator("dialog")
    address = scanned(dialog.get_by_role("img", name="QR code for your authenticator app"))
    assert violations(page) == []
    secret = parse_qs(urlsplit(address).query)["secret"][0]
    assert dialog.locator(".secret").inner_text().replace(" ", "") == secret
    # The step before this one, so that the one of now is still good for a log-in.
    dialog.get_by_label("Code that the app shows").fill(code(secret, -ENROL_STEPS))
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Turn on").click()
    expect(dialog.locator(".codes li")).to_have_count(10)
    assert violations(page) == []
    # Told once, so only who says that they are kept goes on.
    expect(dialog.get_by_role("button", name="Close")).to_have_count(0)
    codes = dialog.locator(".codes li").all_inner_texts()
    dialog.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_role("button", name="Turn off the second factor")).to_be_visible()
    return secret, codes


def log_in(page: Page, person: Person) -> None:
    """Name and password in the form."""
    page.goto(f"{person.url}/")
    page.fill("#name", person.name)
    page.fill("#password", PASSWORD)
    page.click("form[action='/login'] .btn.primary")


def test_read_receipts_are_turned_off_for_both_sides(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    befriend(anna, bo)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, anna, "settings/privacy")
    receipts = page.get_by_role("switch", name="Show when I have read messages")
    expect(receipts).to_have_attribute("aria-checked", "true")
    receipts.click()
    expect(receipts).to_have_attribute("aria-checked", "false")
    assert anna.call("GET", "/me/settings")["settings"]["read_receipts"] is False
    enter(bos, bo, f"chats/{private(anna, bo)}")
    write(bos, "are you there?")
    expect(bubble(bos, "are you there?")).to_be_visible()
    page.goto(f"{url}/toChat#/chats/{private(anna, bo)}")
    expect(bubble(page, "are you there?")).to_be_visible()
    expect(bubble(bos, "are you there?").locator("use[href$='#checks']")).to_be_attached()
    expect(page.locator(".row .badge")).to_have_count(0)
    expect(bos.locator(".seen")).to_have_count(0)
    page.goto(f"{url}/toChat#/settings/privacy")
    receipts.click()
    expect(receipts).to_have_attribute("aria-checked", "true")


def test_a_second_factor_is_set_up_and_asked_for_also_without_a_script(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/devices")
    secret, codes = turn_on(page)
    assert len(set(codes)) == 10

    there = new_page(locale="en-GB", java_script_enabled=False)
    log_in(there, anna)
    expect(there.locator("#code")).to_be_visible()
    there.fill("#password", PASSWORD)
    there.fill("#code", code(secret))
    there.click("form[action='/login'] .btn.primary")
    there.wait_for_url("**/toChat*")

    lost = new_page(locale="en-GB")
    log_in(lost, anna)
    expect(lost.locator("#code")).to_be_visible()
    assert violations(lost) == []
    lost.fill("#password", PASSWORD)
    lost.fill("#code", codes[3])
    lost.click("form[action='/login'] .btn.primary")
    lost.wait_for_url("**/toChat*")


def test_a_wrong_code_is_said_and_the_second_factor_is_turned_off_again(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/devices")
    page.get_by_role("button", name="Set up a second factor").click()
    dialog = page.locator("dialog")
    dialog.get_by_label("Code that the app shows").fill("000000")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Turn on").click()
    expect(dialog.locator("#factor-code-error")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    _, codes = turn_on(page)
    page.get_by_role("button", name="Turn off the second factor").click()
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_label("Code").fill(codes[0])
    dialog.get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("The second factor is off")).to_be_visible()
    assert anna.call("GET", "/me/factor") == {"enabled": False, "required": False}


def test_who_needs_a_second_factor_to_administer_is_led_to_it(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node("--admin-second-factor", "required", env=QUICK)
    page = new_page(locale="en-GB")
    enter(page, register(server.url, "Anna"), "admin/users")
    expect(page.get_by_role("heading", name="Turn on a second factor first")).to_be_visible()
    page.get_by_role("link", name="Set up a second factor").click()
    turn_on(page)
    page.get_by_role("link", name="Admin", exact=True).click()
    expect(page.get_by_role("heading", name="Administration", level=2)).to_be_visible()
    page.get_by_role("link", name="Users").click()
    expect(page.locator(".auser")).to_have_count(1)


def test_an_account_is_deleted_after_a_warning_and_the_password_at_every_node_at_once(
    urls: tuple[str, str], new_page: Pages
) -> None:
    register(urls[1], "Master")
    anna, bo, conversation = pair(*urls)
    anna.send(f"u:{bo.id}", "good bye")
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    page, other, bos = (new_page(locale="en-GB") for _ in range(3))
    enter(other, at(anna, urls[1]))
    enter(bos, bo, f"chats/{conversation}")
    expect(bos.locator(".chat-h h2")).to_have_text("Anna")
    enter(page, anna, "settings/privacy")
    page.get_by_role("button", name="Delete my account").click()
    dialog = page.locator("dialog")
    expect(dialog).to_contain_text("This cannot be undone.")
    expect(dialog.get_by_role("link", name="Take my data along first")).to_be_visible()
    expect(dialog.get_by_role("button", name="Delete my account")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Delete my account").click()
    dialog.get_by_label("I understand, and want to delete my account").check()
    dialog.get_by_label("Current password").fill("wrong")
    dialog.get_by_role("button", name="Delete my account").click()
    expect(dialog.locator("#departure-password-error")).to_be_visible()
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Delete my account").click()
    expect(page).to_have_url(f"{urls[0]}/")
    expect(other).to_have_url(re.compile(rf"^{urls[1]}/(\?next=.*)?$"))
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('im.'))") == []
    log_in(page, at(anna, urls[1]))
    expect(page.locator(".sumerr")).to_be_visible()

    # What was said stays; who said it is called nothing any more, and cannot be written to.
    expect(bubble(bos, "good bye")).to_be_visible()
    expect(bos.locator(".chat-h h2")).to_have_text("Deleted account")
    expect(bos.get_by_role("main").get_by_text("This account was deleted.").last).to_be_visible()
    expect(bos.locator(".comp")).to_have_count(0)
    expect(row(bos, "Deleted account")).to_be_visible()
    assert bos.locator(".chat-h .dot, .pane .dot").count() == 0
    go(bos, f"contacts/{anna.id}")
    expect(bos.locator(".hero h2")).to_contain_text("Deleted account")
    for act in ("Message", "Add contact", "Block"):
        expect(bos.get_by_role("button", name=act, exact=True)).to_have_count(0)
    go(bos, f"groups/{group}")
    expect(bos.locator(".prof .mem")).to_have_count(1)
    expect(bos.locator(".prof .mem")).to_contain_text("Owner")
    go(bos, "contacts")
    expect(bos.locator(".pane .row")).to_have_count(0)
    go(bos, f"chats/g:{group}")
    expect(bos.locator(".log .sys", has_text="Deleted account left")).to_be_visible()
    assert "Anna" not in bos.locator("body").inner_text()


@pytest.mark.parametrize("account", ["deleted", "logged out"])
def test_drafts_go_from_all_devices_with_the_account_and_not_with_a_session(
    node: NodeFactory, new_page: Pages, account: str
) -> None:
    url = node(env=QUICK).url
    register(url, "Master")
    anna, bo, conversation = pair(url)
    bo.send(f"u:{anna.id}", "hello")
    awake, asleep = new_page(locale="en-GB"), new_page(locale="en-GB")
    for page in (awake, asleep):
        enter(page, anna, f"chats/{conversation}")
        page.locator(".comp textarea").fill("a secret draft")
        go(page, "chats")
        expect(row(page, "Bo")).to_contain_text("a secret draft")
    asleep.goto("about:blank")
    if account == "deleted":
        anna.call("DELETE", "/me", {"password": PASSWORD})
    else:
        anna.call("DELETE", "/sessions")
    expect(awake).to_have_url(re.compile(r"/\?next="))
    asleep.goto(f"{url}/toChat")
    expect(asleep).to_have_url(re.compile(r"/\?next="))
    for page in (awake, asleep):
        if account == "deleted":
            until(page, lambda page=page: page.evaluate(KEPT) == [])
        else:
            log_in(page, anna)
            expect(row(page, "Bo")).to_contain_text("a secret draft")
