"""What owner, administrators and members do with a group."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.people import (
    Person,
    at,
    befriend,
    confirm,
    enter,
    register,
    row,
    spread,
)
from tests.browser.test_accessibility import violations
from tests.services.chromium import Pages

pytestmark = pytest.mark.no_service_worker


def crew(urls: tuple[str, str]) -> tuple[Person, Person, Person, int]:
    """Anna owns a group with Bo and Cem."""
    anna, bo, cem = spread(urls, "Anna", "Bo", "Cem")
    befriend(anna, bo)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id, cem.id]})
    return anna, bo, cem, int(group["id"])


def test_one_joins_by_number_or_by_name(urls: tuple[str, str], new_page: Pages) -> None:
    _, _, _, group = crew(urls)
    emil, dora = spread(urls, "Emil", "Dora")
    for person, words in ((dora, str(group)), (emil, "Deck crew")):
        page = new_page(locale="en-GB")
        enter(page, person, "groups")
        page.get_by_role("button", name="Join a group").click()
        page.fill("#group-join", "no such group")
        confirm(page, "Join")
        expect(page.locator("#group-join-error")).to_have_text("There is no such group")
        page.fill("#group-join", words)
        confirm(page, "Join")
        expect(page.locator(".chat-h h2")).to_have_text("Deck crew")
        expect(page.locator(".sys").last).to_have_text("You joined")


def test_name_announcement_and_about_are_changed_for_all(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, _, group = crew(urls)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, anna, f"chats/g:{group}/details")
    enter(bos, bo, f"chats/g:{group}")
    page.get_by_role("button", name="Rename").click()
    page.fill("#edit-text", "Bridge")
    confirm(page, "Save")
    expect(bos.locator(".chat-h h2")).to_have_text("Bridge")
    expect(bos.locator(".sys").last).to_have_text("Anna renamed the group to “Bridge”")
    page.get_by_role("button", name="Edit Announcement").click()
    page.fill("#edit-text", "Quiet hours from ten")
    confirm(page, "Save")
    expect(bos.locator(".notice")).to_contain_text("Quiet hours from ten")
    bos.get_by_role("button", name="Close the announcement").click()
    bos.reload()
    expect(bos.locator(".chat-h h2")).to_have_text("Bridge")
    expect(bos.locator(".notice")).to_have_count(0)


def test_a_closed_announcement_stays_closed_when_it_comes_late(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, _, group = crew(urls)
    anna.call("PATCH", f"/groups/{group}", {"announcement": "Quiet hours from ten"})
    page = new_page(locale="en-GB")
    enter(page, bo, f"chats/g:{group}")
    page.get_by_role("button", name="Close the announcement").click()
    opened: list[WebSocketRoute] = []
    page.route_web_socket("**/ws*", lambda socket: opened.append(socket))
    page.reload()
    expect(page.locator(".chat-h")).to_be_visible()
    while not opened:
        page.wait_for_timeout(10)
    opened[0].connect_to_server()
    expect(page.locator(".chat-h")).to_contain_text("3 members")
    expect(page.locator(".notice")).to_have_count(0)


def test_roles_are_given_and_members_put_out(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, _, group = crew(urls)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, anna, f"chats/g:{group}/details")
    enter(bos, bo, f"chats/g:{group}/details")
    page.get_by_role("button", name="Actions for Bo").click()
    page.get_by_role("menuitem", name="Make admin").click()
    for each in (page, bos):
        member = each.locator(".side .mem", has_text="Bo")
        expect(member.locator(".tag")).to_have_text("Admin")
    # Who was made an administrator puts the other out, and is put out.
    bos.get_by_role("button", name="Actions for Cem").click()
    bos.get_by_role("menuitem", name="Remove from group").click()
    confirm(bos, "Remove from group")
    expect(row(page, "Deck crew").locator(".pv")).to_have_text("Bo removed Cem")
    page.get_by_role("button", name="Actions for Bo").click()
    page.get_by_role("menuitem", name="Remove from group").click()
    confirm(page, "Remove from group")
    expect(page.locator(".side .mem")).to_have_count(1)
    expect(row(page, "Deck crew").locator(".pv")).to_have_text("You removed Bo")
    expect(row(bos, "Deck crew")).to_have_count(0)
    assert [entry["user"]["id"] for entry in members(anna, group)] == [anna.id]


def test_a_group_is_handed_over_and_led_at_once_by_its_new_owner(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, _, group = crew(urls)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, anna, f"groups/{group}")
    enter(bos, bo, f"groups/{group}")
    expect(bos.get_by_role("button", name="Leave group")).to_be_visible()
    expect(bos.get_by_role("button", name="Rename")).to_have_count(0)
    page.get_by_role("button", name="Actions for Bo").click()
    page.get_by_role("menuitem", name="Hand the group over").click()
    confirm(page, "Hand the group over")
    page.goto(f"{anna.url}/toChat#/chats/g:{group}")
    expect(page.locator(".sys").last).to_have_text("You handed the group over to Bo")
    expect(bos.get_by_role("button", name="Dissolve group")).to_be_visible()
    bos.get_by_role("button", name="Rename").click()
    bos.fill("#edit-text", "Bridge")
    confirm(bos, "Save")
    expect(page.locator(".chat-h h2")).to_have_text("Bridge")
    # Who gave it away may leave it.
    page.goto(f"{anna.url}/toChat#/groups/{group}")
    page.get_by_role("button", name="Leave group").click()
    confirm(page, "Leave group")
    expect(bos.locator(".prof .mem")).to_have_count(2)


def members(person: Person, group: int) -> list[dict[str, dict[str, int]]]:
    found = person.call("GET", f"/groups/{group}/members")["members"]
    assert isinstance(found, list)
    return found


def test_a_member_leaves_and_the_owner_dissolves(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, cem, group = crew(urls)
    page, bos, cems = (new_page(locale="en-GB") for _ in range(3))
    enter(page, anna, f"groups/{group}")
    expect(page.locator(".prof .mem")).to_have_count(3)
    enter(bos, bo, f"groups/{group}")
    bos.get_by_role("button", name="Leave group").click()
    confirm(bos, "Leave group")
    expect(bos.locator(".pane .empty")).to_contain_text("No groups yet")
    expect(page.locator(".prof .mem")).to_have_count(2)
    enter(cems, at(cem, bo.url), "groups")
    expect(row(cems, "Deck crew")).to_be_visible()
    page.get_by_role("button", name="Dissolve group").click()
    confirm(page, "Dissolve group")
    for each in (page, cems):
        expect(each.locator(".pane .empty")).to_contain_text("No groups yet")


def test_members_bring_others_in(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, _, group = crew(urls)
    register(anna.url, "Dora")
    page = new_page(locale="en-GB")
    enter(page, bo, f"groups/{group}")
    page.get_by_role("button", name="Add").click()
    page.locator("dialog input[type=search]").fill("dor")
    page.get_by_label("Dora").check()
    confirm(page, "Add 1 person")
    expect(page.locator(".prof .mem", has_text="Dora")).to_be_visible()


def test_of_many_who_are_brought_in_the_first_are_named_and_all_are_reached(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, *sailors = spread(urls, "Anna", "Bo", *(f"Sailor {number}" for number in range(6)))
    group = bo.call("POST", "/groups", {"name": "Crew", "members": [anna.id]})["id"]
    page = new_page(locale="en-GB", viewport={"width": 360, "height": 740})
    enter(page, anna, f"chats/g:{group}")
    bo.call("POST", f"/groups/{group}/members", {"users": [one.id for one in sailors]})
    line = page.locator(".sys", has_text="Bo added Sailor 0, Sailor 1, Sailor 2 and 3 others")
    line.get_by_role("button", name="Show all").click()
    dialog = page.get_by_role("dialog", name="6 people")
    expect(dialog.get_by_role("listitem")).to_have_text([re.compile(one.name) for one in sailors])
    assert violations(page) == []
    dialog.get_by_role("button", name="Sailor 5").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".hero")).to_contain_text("Sailor 5")


def test_where_the_group_wants_it_only_those_who_lead_it_bring_others_in(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, _, group = crew(urls)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, f"groups/{group}")
    add = bos.get_by_role("button", name="Add", exact=True)
    add.click()
    expect(bos.locator("dialog input[type=search]")).to_be_visible()
    enter(page, anna, f"groups/{group}")
    page.get_by_role("switch", name="Only owner and admins add people").press("Space")
    expect(add).to_have_count(0)
    # What was open already is refused in words.
    register(anna.url, "Dora")
    bos.locator("dialog input[type=search]").fill("dor")
    bos.get_by_label("Dora").check()
    confirm(bos, "Add 1 person")
    refused = "Only those who lead this group bring others in"
    expect(bos.locator("dialog [role=alert]")).to_have_text(refused)
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_visible()


def test_who_is_silenced_reads_along_until_the_time_is_over_or_it_is_undone(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, anna, f"chats/g:{group}/details")
    enter(bos, bo, f"chats/g:{group}")
    box, told = bos.locator(".comp textarea"), bos.locator(".read-only")
    box.fill("not yet sent")
    menu = page.get_by_role("button", name="Actions for Bo")
    menu.click()
    page.get_by_role("menuitem", name="Silence…").click()
    page.select_option("#silence-for", label="Until undone")
    assert violations(page) == []
    confirm(page, "Silence")
    expect(bos.locator(".sys").last).to_have_text("Anna silenced you")
    expect(told).to_contain_text("until someone who leads it lets you write again")
    expect(box).to_have_count(0)
    expect(page.locator(".side .mem", has_text="Bo")).to_contain_text("Silenced")
    assert violations(bos) == []
    anna.send(f"g:{group}", "Read this, Bo")
    expect(bos.locator(".chat .msg .tx")).to_have_text(["Read this, Bo"])

    menu.click()
    page.get_by_role("menuitem", name="Let write again").click()
    expect(bos.locator(".sys").last).to_have_text("Anna let you write again")
    expect(box).to_have_value("not yet sent")

    # A time ends by itself.
    bos.clock.install()
    anna.call("PUT", f"/groups/{group}/members/{bo.id}/silence", {"minutes": 10})
    expect(told).to_contain_text("You are silenced in this group until")
    bos.clock.fast_forward("10:01")
    expect(box).to_have_value("not yet sent")
