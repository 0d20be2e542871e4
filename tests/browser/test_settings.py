"""Profile, devices, password, preferences, and guests who stay."""

from __future__ import annotations

import re
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from playwright.sync_api import Route, expect

from tests.browser.people import PASSWORD, QUICK, at, bubble, enter, online, pair, register, row
from tests.browser.scanning import scanned
from tests.browser.test_accessibility import violations
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

WIDER_THAN_PHONES = 720
"""CSS pixels; narrower pages do not show where a phone finds the server."""


def test_the_profile_is_changed_and_wrong_entries_are_said_beside_their_field(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna = register(url, "Anna")
    register(url, "Bo")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/profile")
    page.fill("#profile-name", "Bo")
    page.fill("#profile-phone", "123")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".err").first).to_be_visible()
    expect(page.locator(".sumerr")).to_be_focused()
    assert violations(page) == []
    page.fill("#profile-name", "Anna L")
    page.fill("#profile-phone", "13800138000")
    page.fill("#profile-note", "Bridge")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    me = anna.call("GET", "/me")
    assert (me["name"], me["phone"], me["note"]) == ("Anna L", "13800138000", "Bridge")


def test_other_devices_are_logged_out_at_once(urls: tuple[str, str], new_page: Pages) -> None:
    anna = register(urls[0], "Anna")
    here, there = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(there, at(anna, urls[1]))
    enter(here, anna, "settings/devices")
    expect(here.locator(".sess")).to_have_count(3)
    here.get_by_role("button", name="Log out all others").click()
    here.locator("dialog").get_by_role("button", name="Log out all others").click()
    expect(here.locator(".sess")).to_have_count(1)
    expect(there).to_have_url(f"{urls[1]}/?next=%2FtoChat")
    expect(there.get_by_role("heading", level=1)).to_have_text("Welcome back")


def test_who_is_logged_out_without_a_way_to_the_log_in_is_told_and_finds_it_later(
    node: NodeFactory, new_page: Pages
) -> None:
    """On a first visit the code that leads away has not come yet."""
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB", service_workers="block")
    page.route("**/app/leaving.js", lambda route: route.abort())
    enter(page, anna)
    anna.call("DELETE", "/sessions")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Your session is over. Log in to go on")
    assert violations(page) == []
    page.unroute("**/app/leaving.js")
    told.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")


def test_what_cannot_be_fetched_is_not_opened_and_says_so(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB", service_workers="block")
    enter(page, anna)
    page.route("**/app/ui/palette/help.js", lambda route: route.abort())
    page.keyboard.press("Control+/")
    expect(page.locator(".toast")).to_contain_text("There is no connection now")
    page.unroute("**/app/ui/palette/help.js")
    page.keyboard.press("Control+/")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_a_new_password_ends_the_sessions_at_other_nodes_and_opens_new_ones_there(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna = register(urls[0], "Anna")
    here, there = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(there, at(anna, urls[1]))
    enter(here, anna, "settings/devices")
    opener = here.get_by_role("button", name="Change password")
    opener.click()
    dialog = here.get_by_role("dialog", name="Change password")
    expect(here.locator("#password-password")).to_be_focused()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    opener.click()
    here.fill("#password-password", "wrong")
    here.fill("#password-new_password", "another-password-2")
    here.fill("#password-repassword", "another-password-3")
    submit = dialog.get_by_role("button", name="Change password")
    submit.click()
    expect(here.locator("#password-repassword-error")).to_have_text("The two passwords differ")
    here.fill("#password-repassword", "another-password-2")
    submit.click()
    expect(here.locator(".sumerr")).to_be_focused()
    here.fill("#password-password", PASSWORD)
    submit.click()
    expect(dialog).to_have_count(0)
    expect(here.get_by_text("Password changed")).to_be_visible()

    expect(there).to_have_url(f"{urls[1]}/?next=%2FtoChat")
    for password in (PASSWORD, "another-password-2"):
        there.fill("#name", "Anna")
        there.fill("#password", password)
        there.click("form[action='/login'] .btn.primary")
        if password == PASSWORD:
            expect(there.locator(".sumerr")).to_contain_text("do not match")
    online(there)
    here.reload()
    online(here)
    expect(here.locator(".sess")).to_have_count(2)


def test_theme_and_language_hold_at_once_and_after_logging_out(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB", color_scheme="light")
    enter(page, anna, "settings/appearance")
    page.get_by_role("radio", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("radio", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{anna.url}/toChat#/settings/devices")
    page.get_by_role("button", name="退出登录", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("欢迎回来")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_guest_registers_and_keeps_what_was_said(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    bo = register(url, "Bo")
    page = new_page(locale="en-GB")
    page.goto(f"{url}/")
    page.click("details.guest summary")
    page.fill("#guest-name", "Visitor")
    page.click("form[action='/guest'] .btn.primary")
    page.wait_for_url("**/toChat*")
    guest = int(page.evaluate("JSON.parse(document.querySelector('#boot').textContent).user.id"))
    bo.send(f"u:{guest}", "welcome")
    row(page, "Bo").click()
    expect(bubble(page, "welcome")).to_be_visible()
    page.goto(f"{url}/toChat#/settings/profile")
    # A guest has a face as well.
    page.get_by_role("button", name="Change picture").click()
    dialog = page.get_by_role("dialog", name="My picture")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": samples.photograph()}
    )
    dialog.get_by_role("button", name="Use it").click()
    expect(page.locator(".me-head .av img")).to_be_visible()
    assert violations(page) == []
    page.fill("#register-name", "Vera")
    page.fill("#register-password", PASSWORD)
    page.fill("#register-repassword", PASSWORD)
    page.get_by_role("button", name="Create and enter").click()
    expect(page.get_by_text("You are registered now")).to_be_visible()
    expect(page.locator("#profile-name")).to_have_value("Vera")
    expect(page.locator(".me-head .av img")).to_be_visible()
    page.goto(f"{url}/toChat#/chats")
    row(page, "Bo").click()
    expect(bubble(page, "welcome")).to_be_visible()


def test_the_page_asks_no_other_host_and_breaks_no_rule_of_its_own(
    node: NodeFactory, new_page: Pages
) -> None:
    """A tour: only this node is asked, and the console stays empty (policy, trusted types)."""
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    enter(page, anna, "chats/all")
    page.locator(".comp textarea").fill("To everyone 😀")
    page.get_by_role("button", name="Emoji").click()
    expect(page.locator(".emo .grid button").nth(20)).to_be_visible()
    page.keyboard.press("Escape")
    for place in ("contacts", "groups", "settings/profile", "settings/devices"):
        page.goto(f"{anna.url}/toChat#/{place}")
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.pal")).to_be_visible()
    assert asked == {anna.url.split("/")[2]}
    assert new_page.console == []


def test_all_of_ones_data_is_had_from_any_node_and_read_without_one(
    urls: tuple[str, str], new_page: Pages, tmp_path: Path
) -> None:
    anna, bo, conversation = pair(*urls)
    plan = b"%PDF-1.7\n" + bytes(900)
    for sender, to, media, data, type_, name in (
        (at(anna, urls[1]), bo, "picture", samples.photograph(), "image/jpeg", "quay.jpg"),
        (bo, anna, "file", plan, "application/pdf", "watch.pdf"),
    ):
        file = sender.upload(data, type_, f"name={name}")
        said = {"to": f"u:{to.id}", "media": media, "file": file, "text": f"keep {name}"}
        sender.call("POST", "/messages", said)
    page = new_page(locale="en-GB", service_workers="block")
    enter(page, anna, "settings/privacy")

    def elsewhere(route: Route) -> None:
        """Whether it can be had is asked at the other node, as through a proxy before both."""
        asked.append(route.request.method)
        route.continue_(url=f"{urls[1]}/api/me/export")

    asked: list[str] = []
    page.route("**/api/me/export", elsewhere, times=1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Take my data along").click()
    assert asked == ["HEAD"]
    assert download.value.suggested_filename.startswith("Anna 2")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        log = f"conversations/{conversation.replace(':', '-')}/messages.jsonl"
        assert "keep quay.jpg" in archive.read(log).decode()
        archive.extractall(tmp_path)
    page.goto((tmp_path / "index.html").as_uri())
    assert violations(page) == []
    page.get_by_role("link", name="Bo").click()
    expect(page.get_by_text("keep watch.pdf")).to_be_visible()
    page.wait_for_function("() => document.querySelector('img').naturalWidth === 64")
    assert violations(page) == []
    kept = page.get_by_role("link", name="watch.pdf").evaluate("link => link.href")
    assert Path(url2pathname(urlsplit(kept).path)).read_bytes() == plan


def test_why_ones_data_cannot_be_had_is_said_in_words(node: NodeFactory, new_page: Pages) -> None:
    anna = register(node(env=QUICK | {"IM_LIMITS_EXPORTS": "1/hour"}).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/privacy")
    link, error = page.get_by_role("link", name="Take my data along"), page.get_by_role("alert")
    expect(link).to_be_visible()
    page.context.set_offline(True)
    link.click()
    expect(error.get_by_text("There is no connection now")).to_be_visible()
    page.context.set_offline(False)
    with page.expect_download() as download:
        link.click()
    assert zipfile.is_zipfile(download.value.path())
    expect(error.get_by_text("There is no connection now")).to_have_count(0)
    link.click()
    expect(error.get_by_text("Too often. Try again in")).to_be_visible()
    page.get_by_role("button", name="Delete my account").click()
    dialog = page.locator("dialog")
    dialog.get_by_role("link", name="Take my data along first").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Too often. Try again in")


def test_the_server_shows_a_phone_where_it_is(node: NodeFactory, new_page: Pages) -> None:
    # On an address of the LAN, as a phone cannot come to loopback.
    url = node(env=QUICK | {"IM_HTTP_ADDRESS": "0.0.0.0", "IM_HTTP_ANNOUNCE": "false"}).url
    anna = register(url, "Anna")
    page = new_page(locale="en-GB")
    page.goto(url)
    page.get_by_text("Open on your phone").click()
    picture = page.get_by_role("img", name="QR code of http://")
    address = scanned(picture, narrow=WIDER_THAN_PHONES)
    expect(picture).to_have_accessible_name(f"QR code of {address}")
    enter(page, anna, "settings/devices")
    picture = page.get_by_role("img", name="QR code of this server's address")
    assert scanned(picture, narrow=WIDER_THAN_PHONES) == address
    page.goto(address)
    expect(page).to_have_title(re.compile("LAN chat"))


def test_a_device_whose_clock_is_wrong_is_told(node: NodeFactory, new_page: Pages) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/devices")
    expect(page.get_by_text("Set up a second factor")).to_be_visible()
    expect(page.get_by_text("ahead of the server's")).to_have_count(0)
    page.clock.install(time=time.time() + 600)
    page.reload()
    expect(page.locator(".card").get_by_text("10 min ahead of the server's")).to_be_visible()
    # Once where times are read, and for good in the settings.
    page.get_by_role("link", name="Chats").click()
    notice = page.get_by_role("status", name="Clock")
    expect(notice).to_contain_text("10 min ahead of the server's")
    assert violations(page) == []
    notice.get_by_role("button", name="Got it").click()
    expect(notice).to_have_count(0)
    page.reload()
    online(page)
    expect(page.locator(".banners")).to_be_attached()
    expect(notice).to_have_count(0)
