"""A group shows its past to those who join, once who leads it allows that."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.people import at, befriend, confirm, enter, go, row, spread
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages

SWITCH = "New members see earlier messages"


def texts(page: Page, *wanted: str) -> None:
    """Wait until these messages are on the screen and no others."""
    expect(page.locator(".chat .msg .tx")).to_have_text(list(wanted))


def test_new_members_see_earlier_messages_once_that_is_allowed(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, cem = spread(urls, "Anna", "Bo", "Cem")
    befriend(anna, bo)
    group = anna.call("POST", "/groups", {"name": "Deck crew"})["id"]
    place = f"chats/g:{group}"
    anna.send(f"g:{group}", "Sails at dawn")
    annas, bos, cems = (new_page(locale="en-GB") for _ in range(3))

    enter(bos, bo, "groups")
    bos.get_by_role("button", name="Join a group").click()
    bos.fill("#group-join", "Deck crew")
    confirm(bos, "Join")
    expect(bos.locator(".sys").last).to_have_text("You joined")
    anna.send(f"g:{group}", "Welcome, Bo")
    texts(bos, "Welcome, Bo")
    go(bos, f"{place}/details")
    expect(bos.locator(".side")).to_contain_text("They see only what is said after they join")
    expect(bos.get_by_role("switch", name=SWITCH)).to_have_count(0)

    enter(annas, anna, f"{place}/details")
    switch = annas.get_by_role("switch", name=SWITCH)
    expect(switch).not_to_be_checked()
    switch.focus()
    annas.keyboard.press("Space")
    expect(switch).to_be_checked()
    for page, who in ((annas, "You"), (bos, "Anna")):
        expect(page.locator(".sys").last).to_have_text(
            f"{who} let new members see earlier messages"
        )
    expect(bos.locator(".side")).to_contain_text("They see all that was said before they joined")
    assert violations(annas) == violations(bos) == []
    texts(bos, "Welcome, Bo")

    # Who joins now sees it all, and nothing of it is unread.
    annas.get_by_role("button", name="Add", exact=True).click()
    annas.locator("dialog input[type=search]").fill("cem")
    annas.get_by_label("Cem").check()
    confirm(annas, "Add 1 person")
    enter(cems, at(cem, urls[1]), "chats")
    expect(row(cems, "Deck crew").locator(".badge")).to_have_count(0)
    row(cems, "Deck crew").click()
    texts(cems, "Sails at dawn", "Welcome, Bo")

    # So does who is put out and comes back, on a page that held what they saw before.
    annas.get_by_role("button", name="Actions for Bo").click()
    annas.get_by_role("menuitem", name="Remove from group").click()
    confirm(annas, "Remove from group")
    expect(row(bos, "Deck crew")).to_have_count(0)
    anna.call("POST", f"/groups/{group}/members", {"users": [bo.id]})
    row(bos, "Deck crew").click()
    texts(bos, "Sails at dawn", "Welcome, Bo")
