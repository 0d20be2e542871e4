"""How people come into a group: by link, with and without an account, and by approval."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import PASSWORD, QUICK, Person, at, confirm, enter, register, row, spread
from tests.browser.scanning import scanned
from tests.browser.test_accessibility import combinations, look_at, open_page
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def crew(urls: Sequence[str], *names: str) -> tuple[int, list[Person]]:
    """Anna leads a group; the others are not in it."""
    anna, *others = spread(urls, "Anna", *names)
    group = anna.call("POST", "/groups", {"name": "Deck crew"})["id"]
    return int(group), [anna, *others]


def names(person: Person, group: int) -> set[str]:
    members = person.call("GET", f"/groups/{group}/members")["members"]
    return {member["user"]["name"] for member in members}


def join_by_name(page: Page, person: Person, name: str) -> None:
    enter(page, person, "groups")
    page.get_by_role("button", name="Join a group").click()
    page.fill("#group-join", name)
    confirm(page, "Join")


def test_a_link_leads_in_until_it_is_revoked(urls: tuple[str, str], new_page: Pages) -> None:
    group, (anna, bo, cem) = crew(urls, "Bo", "Cem")
    page, bos, cems = (new_page(locale="en-GB") for _ in range(3))
    enter(page, anna, f"groups/{group}")
    page.get_by_role("button", name="Create a link").click()
    page.select_option("#link-days", "30 days")
    confirm(page, "Create a link")
    address = page.get_by_label("Link into the group", exact=True).input_value()
    assert scanned(page.get_by_role("img", name=f"QR code: {address}")) == address
    confirm(page, "I have noted it")
    expect(page.get_by_text("The link is good until")).to_be_visible()
    enter(bos, bo)
    bos.goto(address.replace(anna.url, bo.url))
    expect(bos.get_by_role("heading", level=1)).to_have_text("Deck crew")
    bos.get_by_role("button", name="Join").click()
    expect(bos.locator(".chat-h h2")).to_have_text("Deck crew")
    page.get_by_role("button", name="Revoke Link into the group").click()
    confirm(page, "Revoke")
    expect(page.get_by_text("There is no valid link.")).to_be_visible()
    enter(cems, at(cem, bo.url))
    cems.goto(address.replace(anna.url, bo.url))
    expect(cems.locator("main")).to_contain_text("This link is no longer valid")
    assert names(anna, group) == {"Anna", "Bo"}


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_link_leads_through_registration_and_log_in_back_to_the_group(
    node: NodeFactory, new_page: Pages, script: bool
) -> None:
    group, (anna, _) = crew([node(env=QUICK).url], "Bo")
    address = anna.call("POST", f"/groups/{group}/link", {"days": 1})["url"]
    new, known = (new_page(locale="en-GB", java_script_enabled=script) for _ in range(2))
    new.goto(address)
    new.get_by_role("link", name="Create an account").click()
    for field, value in (("name", "Dora"), ("password", PASSWORD), ("repassword", PASSWORD)):
        new.fill(f"#{field}", value)
    new.locator("form[action='/register'] .btn.primary").click()
    known.goto(address)
    known.fill("#name", "Bo")
    known.fill("#password", PASSWORD)
    known.locator("form[action='/login'] .btn.primary").click()
    for page in (new, known):
        expect(page.get_by_role("heading", level=1)).to_have_text("Deck crew")
        page.get_by_role("button", name="Join").click()
        page.wait_for_url(re.compile("/toChat#/chats/g:"))
    assert names(anna, group) == {"Anna", "Bo", "Dora"}


def test_a_group_that_asks_first_lets_in_or_declines(
    urls: tuple[str, str], new_page: Pages
) -> None:
    group, (anna, bo, cem) = crew(urls, "Bo", "Cem")
    page, bos, cems = (new_page(locale="en-GB") for _ in range(3))
    enter(page, anna, f"groups/{group}")
    page.get_by_role("switch", name="Approve who joins").click()
    expect(page.get_by_role("switch", name="Approve who joins")).to_be_checked()
    join_by_name(bos, bo, "Deck crew")
    expect(bos.get_by_text("This group asks first")).to_be_visible()
    expect(page.locator(".rail .badge")).to_contain_text("1 person asks to join")
    expect(row(page, "Deck crew").locator(".badge")).to_contain_text("1 person asks")
    join_by_name(cems, at(cem, bo.url), str(group))
    expect(page.locator(".asks")).to_have_count(2)
    cems.get_by_role("link", name="Groups").click()
    asked = cems.get_by_role("region", name="Asked to join")
    expect(asked).to_contain_text("Deck crew")
    expect(asked).to_contain_text("waiting for an answer")
    page.get_by_role("button", name="Decline Cem").click()
    expect(page.locator(".asks")).to_have_count(1)
    expect(asked).to_contain_text("not accepted")
    asked.get_by_role("button", name="Ask again").click()
    expect(cems.get_by_text("You can ask again in 24 h.")).to_be_visible()
    page.get_by_role("button", name="Accept Bo").click()
    expect(page.locator(".asks")).to_have_count(0)
    expect(page.locator(".rail .badge")).to_have_count(0)
    expect(row(bos, "Deck crew")).to_be_visible()
    assert names(anna, group) == {"Anna", "Bo"}


def test_a_group_is_made_with_what_it_is_about(node: NodeFactory, new_page: Pages) -> None:
    anna = register(node(env=QUICK).url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "groups")
    page.get_by_role("button", name="Create a group").click()
    page.fill("#group-name", "Night shift")
    page.fill("#group-note", "From ten to six")
    confirm(page, "Create (1 person)")
    expect(page.locator(".chat-h h2")).to_have_text("Night shift")
    (group,) = anna.call("GET", "/groups")["groups"]
    assert group["note"] == "From ten to six"


@pytest.mark.parametrize(("language", "size"), combinations(wide="zh"))
def test_the_ways_into_a_group_are_accessible(
    node: NodeFactory, new_page: Pages, language: str, size: str
) -> None:
    group, (anna, bo) = crew([node(env=QUICK).url], "Bo")
    anna.call("PATCH", "/me", {"language": language})
    anna.call("PATCH", f"/groups/{group}", {"approval": True})
    link = anna.call("POST", f"/groups/{group}/link", {"days": 1})
    with pytest.raises(OSError, match="403"):
        bo.call("POST", "/groups/join", {"group": group})
    page = open_page(new_page, language, size)
    enter(page, anna, f"groups/{group}")
    found: dict[str, list[str]] = {}
    look = partial(look_at, page, found)

    look("requests and link", ".asks")
    page.locator(".ways h3 .btn").click()
    look("new link", "#link-days")
    page.locator("dialog .btn.primary").click()
    look("made link", "dialog .qr")
    page.goto(link["url"])
    look("gone", "main")
    assert found == {}
