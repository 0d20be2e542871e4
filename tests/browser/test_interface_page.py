"""``/docs``: Swagger UI, under the page's Content-Security-Policy."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import QUICK, enter, register
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def answer(page: Page, method: str, path: str) -> Locator:
    """Call an operation as it stands there; the row of its answer."""
    place = page.locator(f".opblock-{method}").filter(has=page.locator(f'[data-path="{path}"]'))
    place.locator(".opblock-summary-control").click()
    place.get_by_role("button", name="Try it out").click()
    place.get_by_role("button", name="Execute").click()
    return place.locator(".live-responses-table tbody .response").first


def test_the_interface_is_drawn_and_called_by_who_is_logged_in(
    node: NodeFactory, new_page: Pages
) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna)
    page.goto(f"{anna.url}/docs")
    asked = answer(page, "get", "/api/me")
    expect(asked.locator(".response-col_status")).to_contain_text("200")
    expect(asked).to_contain_text("Anna")
    # Only a page of ours may change something: it shows the token that goes with the cookie.
    changed = answer(page, "post", "/api/me/factor")
    expect(changed.locator(".response-col_status")).to_contain_text("200")
    assert new_page.console == []
