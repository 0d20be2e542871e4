"""A phone comes into the account by the code that a logged-in device shows."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import (
    PASSWORD,
    QUICK,
    Person,
    at,
    befriend,
    bubble,
    enter,
    online,
    private,
    register,
    write,
)
from tests.browser.test_accessibility import combinations, look_at, open_page
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Mobile Safari/537.36",
}


def show_code(page: Page) -> str:
    """Have a code shown in the settings; its address."""
    page.get_by_role("button", name="Log in on a phone").click()
    page.locator("dialog").get_by_label("Current password").fill(PASSWORD)
    page.keyboard.press("Enter")
    address = page.get_by_label("Address", exact=True).input_value()
    expect(page.get_by_role("img", name=f"QR code: {address}")).to_be_visible()
    return address


def test_a_phone_at_another_node_comes_in_chats_and_is_logged_out(
    urls: tuple[str, str], new_page: Pages
) -> None:
    one, other = urls
    anna, bo = register(one, "Anna"), register(one, "Bo")
    befriend(anna, bo)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    phone = new_page(locale="en-GB", **PHONE)
    enter(bos, at(bo, one), f"chats/{private(anna, bo)}")
    enter(page, anna, "settings/devices")
    address = show_code(page)
    assert address.startswith(f"{one}/link#")
    phone.goto(address.replace(one, other))
    expect(phone.get_by_role("heading", level=1)).to_have_text("Log in as Anna?")
    code = address.partition("#")[2]
    assert phone.url == f"{other}/link", "the history does not have the code"
    assert code not in phone.evaluate("document.referrer")
    phone.get_by_role("button", name="Log in as Anna").click()
    phone.wait_for_url(f"{other}/toChat")

    expect(page.locator("dialog")).to_have_count(0)
    expect(page.get_by_text("New device: Chrome on Android")).to_be_visible()
    device = page.locator(".sess", has_text="Chrome on Android")
    expect(device).to_be_visible()

    phone.goto(f"{other}/toChat#/chats/{private(anna, bo)}")
    write(phone, "from the phone")
    expect(bubble(bos, "from the phone")).to_be_visible()
    device.get_by_role("button", name="Log out").click()
    expect(device).to_have_count(0)
    phone.wait_for_url(f"{other}/?next=**")
    online(page)


def test_closing_the_dialog_ends_the_code_and_it_can_be_typed_without_a_script(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    page = new_page(locale="en-GB")
    phone = new_page(locale="en-GB", java_script_enabled=False, **PHONE)
    answer = phone.context.request.post(
        f"{url}/api/login", data={"name": bo.name, "password": PASSWORD}
    )
    assert answer.ok
    enter(page, anna, "settings/devices")

    def type_code(address: str) -> None:
        phone.goto(address)
        phone.get_by_label("Code").fill(address.partition("#")[2])
        phone.get_by_role("button", name="Next").click()

    closed = show_code(page)
    with page.expect_response("**/api/sessions/link"):
        page.keyboard.press("Escape")
    type_code(closed)
    expect(phone.locator("#code-error")).to_contain_text("This code is no longer valid")
    type_code(show_code(page))
    expect(phone.locator("main")).to_contain_text("Bo is logged in here and will be logged out.")
    phone.get_by_role("button", name="Log Bo out, log in as Anna").click()
    phone.wait_for_url("**/toChat")
    expect(page.get_by_text("New device: Chrome on Android")).to_be_visible()
    with pytest.raises(OSError, match="401"):
        Person(bo.id, "Bo", answer.json()["data"]["token"], url).call("GET", "/me")


def test_a_phone_that_is_asked_about_encryption_first_still_has_the_code(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env={**QUICK, "IM_HTTP_TRUSTED_PROXIES": "127.0.0.1"}).url
    anna = register(url, "Anna")
    address = anna.call("POST", "/sessions/link", {"password": PASSWORD})["url"]
    phone = new_page(locale="en-GB", **PHONE)
    phone.set_extra_http_headers({"X-Forwarded-For": "10.1.2.3"})
    phone.goto(address)
    expect(phone.locator(".offer")).to_be_visible()
    phone.locator("form.stay button").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Log in as Anna?")


def over(route: Route) -> None:
    """The answer as it is, but for a time that is over."""
    response = route.fetch()
    answer = response.json()
    if response.ok and answer["data"].get("expires_at"):
        answer["data"]["expires_at"] = 1
    route.fulfill(response=response, json=answer)


@pytest.mark.parametrize(("language", "size"), combinations(wide="en"))
def test_the_way_of_a_phone_into_an_account_is_accessible(
    node: NodeFactory, new_page: Pages, language: str, size: str
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    anna.call("PATCH", "/me", {"language": language})
    page, phone = (open_page(new_page, language, size) for _ in range(2))
    enter(page, anna, "settings/devices")
    found: dict[str, list[str]] = {}
    look = partial(look_at, page, found)
    look_phone = partial(look_at, phone, found)

    look("devices", ".sess")
    page.locator(".opt", has=page.locator("use[href$='#qr']")).click()
    look("password", "#linking-password")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    look("wrong password", "#linking-password-error")
    page.fill("#linking-password", PASSWORD)
    page.keyboard.press("Enter")
    look("code", "dialog .qr-code")
    address = page.locator("#linking-url").input_value()

    phone.goto(f"{url}/link")
    look_phone("type the code", "#code")
    phone.fill("#code", "wrong")
    phone.keyboard.press("Enter")
    look_phone("wrong code", "#code-error")
    phone.goto(address)
    look_phone("question", "[name=confirmed] ~ .btn.primary")
    enter(phone, bo)
    phone.goto(address)
    look_phone("question to someone else", "form .sumerr")
    phone.context.clear_cookies()
    enter(phone, anna)
    phone.goto(address)
    look_phone("here already", "a.btn.primary")

    page.keyboard.press("Escape")
    page.route("**/api/sessions/link", over)
    page.locator(".opt", has=page.locator("use[href$='#qr']")).click()
    page.fill("#linking-password", PASSWORD)
    page.keyboard.press("Enter")
    look("over", "dialog [role=alert]")
    page.keyboard.press("Enter")
    look("a new one", "#linking-password")
    assert found == {}
