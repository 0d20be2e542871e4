"""A server and what guards an account are run with a keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.keys import Keys, sit_down
from tests.browser.people import PASSWORD, QUICK, Person, fetched, register
from tests.browser.test_account_settings import ENROL_STEPS, code
from tests.browser.test_keys_alone import crew
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def ready(page: Page) -> None:
    """Wait until the page that was loaded anew keeps the focus."""
    expect(page.locator(".rail .lan:not(.wait, .bad)")).to_be_attached()
    fetched(page, "focus-keeper.js")


def let_in(new_page: Pages, person: Person, password: str) -> None:
    """Log in with a password for one log-in, and choose another."""
    page = new_page(locale="en-GB")
    page.goto(f"{person.url}/")
    keys = Keys(page)
    keys.tab("textbox", "Name")
    keys.type(person.name)
    keys.tab("textbox", "Password")
    keys.type(password)
    keys.press("Enter")
    keys.tab("textbox", re.compile("^New password"))
    keys.tab("textbox", "Password", back=True)
    keys.type(password)
    keys.tab("textbox", re.compile("^New password"))
    keys.type("of my own choice")
    keys.press("Enter")
    page.wait_for_url("**/toChat*")


def test_a_server_is_run(node: NodeFactory, new_page: Pages) -> None:
    master, bo, _ = crew(node, "Master", "Bo", "Cem")
    page, keys = sit_down(new_page, master, "admin/users")
    manage = "Manage {}".format
    keys.open("button", manage("Bo"))
    keys.choose("Reset password")
    keys.seen()
    keys.press("Escape")
    keys.at("button", manage("Bo"))
    keys.press("Enter")
    keys.choose("Reset password")
    keys.open("button", "Reset")
    keys.at("textbox", "Password")
    given = page.get_by_label("Password", exact=True).input_value()
    keys.open("button", re.compile("^Copy"))
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    keys.open("button", "I have noted it")
    keys.at("button", manage("Bo"))
    let_in(new_page, bo, given)
    keys.press("Enter")
    keys.choose("Ban")
    keys.seen()
    keys.open("button", re.compile("^Ban"))
    expect(page.locator(".auser", has_text="Bo")).to_contain_text("Banned")
    keys.at("button", manage("Bo"))
    keys.press("Enter")
    keys.choose("Delete account")
    keys.open("button", re.compile("^Delete"))
    expect(page.get_by_role("button", name=manage("Bo"))).to_have_count(0)
    keys.at("button", re.compile("^Manage "))

    keys.open("link", "Registration")
    keys.tab("radio", "Everyone")
    keys.press("ArrowRight")
    keys.at("radio", "By invitation")
    expect(page.get_by_text("Set by an administrator.")).to_be_visible()
    keys.tab("switch", "Guests may come in")
    keys.press("Space")
    keys.seen()
    keys.open("button", "Back to the file")
    expect(page.get_by_text("As the configuration file says.")).to_be_visible()
    keys.seen()
    for note in ("class 7", "class 8"):
        keys.open("button", re.compile("Create an invitation$"))
        keys.at("textbox", "Note (optional)")
        keys.type(note)
        keys.press("Enter")
        keys.at("textbox", "Address")
        keys.open("button", re.compile("^Copy"))
        expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
        keys.press("Escape")
        keys.open("button", "I have noted it")
        keys.at("button", re.compile("Create an invitation$"))
    expect(page.locator(".sess")).to_have_count(2)
    for left in ("class 7", None):
        keys.tab("button", re.compile("^Revoke"))
        keys.press("Enter")
        keys.tab("button", "Revoke")
        keys.press("Enter")
        expect(page.locator(".sess")).to_have_count(int(left is not None))
        keys.at("button", re.compile(f"^Revoke {left}" if left else "Create an invitation$"))

    keys.open("link", "Broadcast")
    keys.tab("textbox", "Text of the announcement")
    keys.type("Fire drill at 16:30")
    keys.open("button", "Send to everyone")
    keys.at("button", "Cancel")
    keys.open("button", "Send to everyone")
    expect(page.get_by_role("status").filter(has_text="The announcement is out")).to_be_visible()
    # There is nothing more to send: the button has done its work.
    keys.at("textbox", "Text of the announcement")

    keys.open("link", "Limits")
    keys.tab("textbox", "Days")
    keys.press("Control+a")
    keys.type("30")
    keys.press("Enter")
    keys.at("button", "Cancel")
    keys.open("button", "Remove what is older")
    expect(page.get_by_text("Undo")).to_be_visible()
    keys.seen()
    keys.open("button", "Undo")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    keys.seen()
    keys.tab("searchbox", "Search")
    keys.type("registrations")
    expect(page.locator(".settings div")).to_have_count(1)


def test_a_second_factor_and_the_language_are_changed(node: NodeFactory, new_page: Pages) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page, keys = sit_down(new_page, anna, "settings/devices")
    keys.open("button", re.compile("^Set up a second factor"))
    keys.at("textbox", "Code that the app shows")
    keys.type("000000")
    keys.tab("textbox", "Current password")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    keys.seen()
    keys.tab("textbox", "Code that the app shows")
    keys.press("Control+a")
    keys.type(code(page.locator("code.secret").inner_text(), -ENROL_STEPS))
    keys.press("Enter")
    codes = page.locator(".codes li")
    expect(codes).to_have_count(10)
    keys.seen()
    keys.press("Escape")
    expect(codes).to_have_count(10)
    keys.open("button", "Copy")
    expect(page.get_by_role("status").filter(has_text="Codes copied")).to_be_visible()
    with page.expect_download():
        keys.open("button", "Save as a file")
    kept = codes.first.inner_text()
    keys.open("button", "I have kept them")
    keys.at("button", re.compile("^Turn off the second factor"))
    keys.press("Enter")
    keys.at("textbox", "Current password")
    keys.type(PASSWORD)
    keys.tab("textbox", "Code")
    keys.type(kept)
    keys.press("Enter")
    expect(page.get_by_text("The second factor is off")).to_be_visible()
    keys.at("button", re.compile("^Set up a second factor"))

    keys.open("link", "Appearance and language")
    keys.tab("radio", "English")
    keys.press("ArrowLeft")
    # The page is loaded anew, and one is where one was.
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
    ready(page)
    keys.at("radio", "简体中文")
    keys.press("ArrowRight")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    keys.at("radio", "English")
