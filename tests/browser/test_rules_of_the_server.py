"""What the page does where the server's settings let people do more, or less, than at first."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.people import TWO_NODES, Person, bubble, enter, go, row, spread, write
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def people(node: NodeFactory, mysql_url: str, *names: str, **settings: str) -> list[Person]:
    """New accounts in turns at two nodes with these settings."""
    env = {**TWO_NODES, **settings}
    return spread([node("--database", mysql_url, env=env).url for _ in range(2)], *names)


def test_where_strangers_must_ask_first_what_one_wrote_goes_out_once_they_accept(
    node: NodeFactory, mysql_url: str, new_page: Pages
) -> None:
    anna, bo = people(node, mysql_url, "Anna", "Bo", IM_CHAT_STRANGERS="request")
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"contacts/{bo.id}")
    enter(bos, bo, "contacts")
    annas.get_by_role("button", name="Message").click()
    write(annas, "May I?")
    failed = annas.locator(".failed")
    expect(failed).to_contain_text("Add each other as contacts first")
    go(annas, f"contacts/{bo.id}")
    annas.get_by_role("button", name="Add").click()
    annas.get_by_role("dialog").get_by_role("button", name="Send request").click()
    bos.get_by_role("button", name="Accept").click()
    expect(row(annas, "Bo").locator(".pv")).to_have_text("online")
    annas.get_by_role("button", name="Message").click()
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_have_count(0)
    row(bos, "Anna").click()
    bos.get_by_role("button", name="Message").click()
    expect(bubble(bos, "May I?")).to_be_visible()


def test_where_everyone_with_an_account_may_they_write_to_all_and_guests_read(
    node: NodeFactory, mysql_url: str, new_page: Pages
) -> None:
    anna, bo = people(node, mysql_url, "Anna", "Bo", IM_BROADCAST_WHO="users")
    bos, guests = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, "chats/all")
    guests.goto(f"{anna.url}/")
    guests.click("details.guest summary")
    guests.click("form[action='/guest'] .btn.primary")
    row(guests, "Announcements").click()
    expect(guests.locator(".read-only")).to_have_text("Announcements are read only for you")
    write(bos, "The kettle is free again")
    expect(bubble(guests, "The kettle is free again")).to_be_visible()
