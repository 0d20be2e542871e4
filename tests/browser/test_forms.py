"""Registering, logging in and coming in as a guest, with a script and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import PASSWORD, QUICK, register
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.fill(f".sheet-in [name={name}]", value)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_one_registers_and_logs_in_again(node: NodeFactory, new_page: Pages, script: bool) -> None:
    url = node(env=QUICK).url
    page = new_page(locale="zh-CN", java_script_enabled=script)
    page.goto(f"{url}/toRegister")
    fill(page, name="林晓", password=PASSWORD, repassword=PASSWORD)
    page.click("form[action='/register'] .btn.primary")
    page.wait_for_url("**/toChat*")
    page.context.clear_cookies()
    page.goto(f"{url}/")
    fill_login(page, "林晓", PASSWORD)
    page.wait_for_url("**/toChat*")


def fill_login(page: Page, name: str, password: str) -> None:
    page.fill("form[action='/login'] [name=name]", name)
    page.fill("form[action='/login'] [name=password]", password)
    page.click("form[action='/login'] .btn.primary")


def test_without_a_script_the_chat_says_what_it_needs(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    register(url, "anna")
    page = new_page(locale="en-GB", java_script_enabled=False)
    page.goto(f"{url}/")
    fill_login(page, "anna", PASSWORD)
    expect(page.locator(".no-script:visible")).to_contain_text("JavaScript")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_wrong_password_is_said_in_a_summary_that_has_the_focus(
    node: NodeFactory, new_page: Pages, script: bool
) -> None:
    url = node(env=QUICK).url
    register(url, "anna")
    page = new_page(locale="en-GB", java_script_enabled=script)
    page.goto(f"{url}/")
    fill_login(page, "anna", "not-the-password")
    summary = page.locator(".sumerr")
    expect(summary).to_have_text("That name and password do not match")
    expect(summary).to_be_focused()
    expect(page.locator("#name")).to_have_value("anna")
    expect(page.locator("#password")).to_have_value("")


def test_a_taken_name_is_said_beside_the_name(node: NodeFactory, page: Page) -> None:
    url = node(env=QUICK).url
    register(url, "林晓")
    page.goto(f"{url}/toRegister")
    fill(page, name="林晓", password=PASSWORD, repassword=PASSWORD)
    page.click("form[action='/register'] .btn.primary")
    expect(page.locator("#name-error")).to_have_text("这个用户名已有人使用")
    expect(page.locator("#name")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".sumerr")).to_be_focused()


def test_two_passwords_that_differ_are_not_even_sent(node: NodeFactory, page: Page) -> None:
    page.goto(f"{node(env=QUICK).url}/toRegister")
    fill(page, name="林晓", password=PASSWORD, repassword="another")
    page.press("#repassword", "Tab")
    expect(page.locator("#repassword-error")).to_have_text("两次输入的密码不一致")
    page.click("form[action='/register'] .btn.primary")
    expect(page).to_have_url(re.compile("toRegister"))
    page.fill("#repassword", PASSWORD)
    page.click("form[action='/register'] .btn.primary")
    page.wait_for_url("**/toChat*")


def test_without_a_script_the_node_compares_the_passwords(
    node: NodeFactory, new_page: Pages
) -> None:
    page = new_page(locale="en-GB", java_script_enabled=False)
    page.goto(f"{node(env=QUICK).url}/toRegister")
    fill(page, name="anna", password=PASSWORD, repassword="another")
    page.click("form[action='/register'] .btn.primary")
    expect(page.locator("#repassword-error")).to_have_text("The two passwords differ")


def test_a_guest_comes_in_without_a_word(node: NodeFactory, new_page: Pages) -> None:
    page = new_page(locale="en-GB", java_script_enabled=False)
    page.goto(f"{node(env=QUICK).url}/")
    page.click("details.guest summary")
    page.click("form[action='/guest'] .btn.primary")
    page.wait_for_url("**/toChat*")


def test_browsers_may_fill_the_forms_in(node: NodeFactory, page: Page) -> None:
    """WCAG 2.2, 1.3.5 and 3.3.8: names and passwords are marked as what they are."""
    url = node(env=QUICK).url
    page.goto(f"{url}/")
    expect(page.locator("#name")).to_have_attribute("autocomplete", "username")
    expect(page.locator("#password")).to_have_attribute("autocomplete", "current-password")
    page.goto(f"{url}/toRegister")
    for name in ("password", "repassword"):
        expect(page.locator(f"#{name}")).to_have_attribute("autocomplete", "new-password")


def test_language_and_theme_are_kept_for_the_next_page(node: NodeFactory, page: Page) -> None:
    url = node(env=QUICK).url
    page.goto(f"{url}/toRegister")
    page.click("[name=language]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("[name=theme]")
    page.goto(f"{url}/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("h1")).to_have_text("Welcome back")


def test_the_password_can_be_shown(node: NodeFactory, page: Page) -> None:
    page.goto(f"{node(env=QUICK).url}/")
    page.fill("#password", "secret")
    page.get_by_role("button", name="显示密码").click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="隐藏密码").click()
    expect(page.locator("#password")).to_have_attribute("type", "password")
