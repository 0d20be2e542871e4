"""Tokens and webhooks, as the one who connects a program makes and ends them."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import urllib.error
from contextlib import closing
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.browser.people import (
    PASSWORD,
    QUICK,
    Person,
    bubble,
    confirm,
    enter,
    register,
    spread,
)
from tests.browser.test_accessibility import combinations, look_at, open_page
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def run(line: str) -> str:
    """What a line of a terminal answers."""
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def test_a_token_is_made_shown_once_used_and_revoked(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    register(url, "Master")
    anna = register(url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/programs")
    expect(page.get_by_text("No tokens yet")).to_be_visible()
    page.get_by_role("button", name="Create a token").click()
    expect(page.locator("dialog")).not_to_contain_text("administer")
    page.fill("#token-name", "nightly build")
    page.get_by_label("read").uncheck()
    expect(page.locator("dialog .btn.primary")).to_be_disabled()
    page.get_by_label("read").check()
    page.get_by_label("send").check()
    page.select_option("#token-days", "30 days")
    page.locator("dialog .btn.primary").click()
    secret = page.get_by_label("Token", exact=True).input_value()
    line = page.get_by_label("Try it in a terminal").input_value()
    page.get_by_role("button", name="Copy Token").click()
    expect(page.locator("#token-secret-hint")).to_have_text("Copied")
    assert secret.startswith("imt_") and secret in line
    assert '"code":0' in run(line)
    confirm(page, "I have noted it")
    token = page.locator(".sess", has_text="nightly build")
    expect(token).to_contain_text("read, send · never used · until")
    page.reload()
    expect(token).to_contain_text("last used just now")
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke nightly build").click()
    confirm(page, "Revoke")
    expect(page.get_by_text("No tokens yet")).to_be_visible()
    assert "unauthorized" in run(line)


def test_long_after_the_log_in_a_token_is_made_with_the_password(
    node: NodeFactory, new_page: Pages
) -> None:
    master_node = node(env=QUICK)
    master = register(master_node.url, "Master")
    page = new_page(locale="en-GB")
    enter(page, master, "settings/programs")
    with closing(sqlite3.connect(master_node.data / "im.db", timeout=20)) as database, database:
        database.execute("UPDATE session SET created_at = created_at - 660000")
    page.get_by_role("button", name="Create a token").click()
    page.fill("#token-name", "nightly build")
    page.locator("dialog .btn.primary").click()
    expect(page.locator("#token-password-error")).to_have_text(
        "You logged in a while ago: your password is asked for"
    )
    page.fill("#token-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Token", exact=True)).to_have_value(re.compile("imt_"))


def test_an_administrator_makes_a_bot_and_its_token(node: NodeFactory, new_page: Pages) -> None:
    master = register(node(env=QUICK).url, "Master")
    bot = master.call("POST", "/users", {"name": "Build", "kind": "bot"})
    page = new_page(locale="en-GB")
    enter(page, master, "admin/users")
    page.get_by_role("button", name="Manage Build").click()
    page.get_by_role("menuitem", name="Tokens").click()
    page.get_by_role("button", name="Create a token").click()
    page.fill("#token-name", "ci")
    page.get_by_label("send").check()
    page.locator("dialog .btn.primary").click()
    secret = page.get_by_label("Token", exact=True).input_value()
    program = Person(bot["id"], "Build", secret, master.url)
    program.send(f"u:{master.id}", "green")
    confirm(page, "I have noted it")
    expect(page.locator(".sess")).to_contain_text("ci")
    page.goto(f"{master.url}/toChat#/chats/p:{master.id}:{bot['id']}")
    expect(bubble(page, "green")).to_be_visible()
    expect(page.locator(".chat-h .sub")).to_have_text("Bot · offline", use_inner_text=True)
    expect(page.locator(".chat-h .prog")).to_be_visible()


def test_a_webhook_is_made_writes_and_is_revoked(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    group = anna.call("POST", "/groups", {"name": "Night shift", "members": [bo.id]})["id"]
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, f"chats/g:{group}/details")
    expect(bos.locator(".side .mem")).to_have_count(2)
    expect(bos.get_by_role("button", name="Add a webhook")).to_have_count(0)
    enter(page, anna, f"chats/g:{group}/details")
    page.get_by_role("button", name="Add a webhook").click()
    page.fill("#hook-name", "Backup")
    confirm(page, "Add")
    line = page.get_by_label("Try it in a terminal").input_value()
    assert '"code":0' in run(line)
    expect(bubble(bos, "The backup is done")).to_contain_text("The backup is done")
    expect(bos.locator(".msg .by")).to_have_text("Backup Webhook")
    expect(bos.locator(".msg .face .prog")).to_be_visible()
    # It is never here, so it is not said to be away either.
    expect(bos.locator(".side .mem", has_text="Backup").locator("small")).to_have_text("Webhook")
    confirm(page, "I have noted it")
    page.reload()
    expect(page.locator(".hooks .mem")).to_contain_text("last used just now")
    page.get_by_role("button", name="Revoke Backup").click()
    confirm(page, "Revoke")
    expect(page.locator(".hooks .mem")).to_have_count(0)
    assert "not_found" in run(line)
    # Nothing is offered that a webhook would be refused.
    page.goto(f"{anna.url}/toChat#/admin/users")
    expect(page.locator(".auser", has_text="Backup").locator(".role")).to_have_text("Webhook")
    page.get_by_role("button", name="Manage Backup").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Profile", "What they did"])
    page.get_by_role("menuitem", name="Profile").click()
    expect(page.locator(".prof")).to_contain_text("A program writes here through an address")
    expect(page.locator(".prof .kv")).not_to_contain_text("Status")
    expect(page.locator(".prof .act")).to_have_count(0)
    expect(bubble(bos, "The backup is done")).to_be_visible()


def test_a_slip_of_the_hand_loses_neither_what_is_typed_nor_a_secret(
    node: NodeFactory, new_page: Pages
) -> None:
    page = new_page(locale="en-GB")
    enter(page, register(node(env=QUICK).url, "Anna"), "settings/programs")
    begin = page.get_by_role("button", name="Create a token")
    begin.click()
    ask = page.get_by_role("dialog", name="Create a token")
    expect(ask.locator("#token-name")).to_be_focused()
    page.mouse.click(5, 5)
    expect(ask).to_have_count(0)
    begin.click()
    ask.locator("#token-name").fill("backup")
    page.mouse.click(5, 5)
    # Marking the text may end beside the dialog.
    box = ask.locator("#token-name").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 9, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    expect(ask.locator("#token-name")).to_have_value("backup")
    ask.locator(".btn.primary").click()
    made = page.get_by_role("dialog", name="backup")
    secret = made.get_by_label("Token", exact=True)
    expect(secret).to_be_focused()
    page.mouse.click(5, 5)
    page.keyboard.press("Escape")
    expect(secret).to_have_value(re.compile(r"\S{20}"))
    made.get_by_role("button", name="I have noted it").click()
    expect(made).to_have_count(0)


def test_guests_are_offered_no_tokens(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    page = new_page(locale="en-GB")
    page.goto(f"{url}/")
    page.click("details.guest summary")
    page.click("form[action='/guest'] .btn.primary")
    page.wait_for_url("**/toChat*")
    page.goto(f"{url}/toChat#/settings/appearance")
    expect(page.locator(".snav a[href$=programs]")).to_have_count(0)
    with pytest.raises(urllib.error.HTTPError):
        Person(0, "", "", url).call("GET", "/tokens")


@pytest.mark.parametrize(("language", "size"), combinations(wide="en"))
def test_what_is_for_programs_is_accessible(
    node: NodeFactory, new_page: Pages, language: str, size: str
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    anna.call("PATCH", "/me", {"language": language})
    anna.call("POST", "/tokens", {"name": "nightly build", "scopes": ["read", "send"], "days": 9})
    group = anna.call("POST", "/groups", {"name": "Night shift"})["id"]
    anna.call("POST", f"/groups/{group}/webhooks", {"name": "Backup"})
    page = open_page(new_page, language, size)
    enter(page, anna, "settings/programs")
    found: dict[str, list[str]] = {}
    look = partial(look_at, page, found)

    look("tokens", ".sess")
    page.locator(".card.list .btn.primary").click()
    look("new token", "#token-days")
    page.fill("#token-name", "x")
    page.locator("dialog .btn.primary").click()
    look("made token", "#token-line")
    page.locator("dialog .btn.primary").click()
    page.goto(f"{anna.url}/toChat#/chats/g:{group}/details")
    look("webhooks", ".hooks .mem")
    page.locator(".hooks .btn").first.click()
    look("new webhook", "#hook-name")
    page.fill("#hook-name", "Build")
    page.locator("dialog .btn.primary").click()
    look("made webhook", "#hook-line")
    assert found == {}
