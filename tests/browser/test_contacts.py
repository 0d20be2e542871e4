"""Finding people, asking them, and keeping them away."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.people import (
    QUICK,
    Person,
    befriend,
    bubble,
    confirm,
    enter,
    go,
    online,
    private,
    register,
    row,
    spread,
    until,
    write,
)
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def test_two_people_find_each_other_and_begin_to_chat(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, "contacts")
    enter(bos, bo)
    annas.get_by_role("button", name="Find people").last.click()
    annas.locator("dialog input[type=search]").fill("bo")
    annas.get_by_role("button", name="Add").click()
    annas.fill("#request-note", "I sit next door")
    annas.get_by_role("button", name="Send request").click()
    expect(annas.locator(".pane .row .pv")).to_have_text("request sent")

    expect(bos.locator(".rail .it .badge")).to_contain_text("1 new request")
    bos.goto(f"{bo.url}/toChat#/contacts")
    expect(bos.locator(".req")).to_contain_text("I sit next door")
    bos.get_by_role("button", name="Accept").click()
    expect(row(bos, "Anna")).to_be_visible()
    expect(bos.locator(".pane .sec")).to_have_text(["A"])
    expect(row(annas, "Bo").locator(".pv")).to_have_text("online")

    row(bos, "Anna").click()
    bos.get_by_role("button", name="Message").click()
    write(bos, "Hello neighbour")
    annas.goto(f"{anna.url}/toChat#/chats")
    row(annas, "Bo").click()
    expect(bubble(annas, "Hello neighbour")).to_be_visible()


def test_declining_can_be_undone_and_is_final_after_a_while(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    bo.call("POST", "/contacts", {"user": anna.id})
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, "contacts")
    expect(row(bos, "Anna")).to_contain_text("request sent")
    enter(page, anna, "contacts")
    request = page.locator(".req")
    page.get_by_role("button", name="Decline").click()
    expect(request).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(request).to_be_visible()
    page.get_by_role("button", name="Decline").click()
    expect(page.locator(".toast")).to_have_count(0, timeout=10_000)
    page.reload()
    expect(page.locator(".pane .empty")).to_be_visible()
    assert anna.call("GET", "/contacts")["contacts"] == []
    # Bo sees how it stands, and may ask again, but not at once.
    row(bos, "Anna").click()
    expect(row(bos, "Anna")).to_contain_text("request not accepted")
    bos.get_by_role("button", name="Ask again").click()
    bos.get_by_role("dialog").get_by_role("button", name="Send request").click()
    expect(bos.get_by_role("dialog")).to_contain_text("You can ask again in 24 h.")
    bos.keyboard.press("Escape")
    bos.get_by_role("button", name="Forget the request").click()
    expect(row(bos, "Anna")).to_have_count(0)


def test_a_remark_is_seen_by_oneself_everywhere(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    befriend(anna, bo)
    bo.send(f"u:{anna.id}", "hello")
    page = new_page(locale="en-GB")
    enter(page, anna, f"contacts/{bo.id}")
    page.get_by_role("button", name="Remark").click()
    page.fill("#remark", "Bo from the bridge")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".hero h2")).to_contain_text("Bo from the bridge")
    expect(row(page, "Bo from the bridge")).to_be_visible()
    page.goto(f"{anna.url}/toChat#/chats")
    expect(row(page, "Bo from the bridge")).to_be_visible()


def test_who_is_blocked_cannot_write_until_it_is_taken_back(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    befriend(anna, bo)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, f"contacts/{bo.id}")
    annas.get_by_role("button", name="Block").click()
    confirm(annas, "Block")
    expect(annas.get_by_role("button", name="Unblock")).to_be_visible()
    enter(bos, bo, f"contacts/{anna.id}")
    bos.get_by_role("button", name="Message").click()
    write(bos, "hello?")
    expect(bos.locator(".failed")).to_contain_text("This person has blocked you")
    # Nor does one write to somebody whom one has blocked.
    go(annas, f"chats/{private(anna, bo)}")
    expect(annas.get_by_text("You have blocked Bo.")).to_be_visible()
    expect(annas.locator(".comp")).to_have_count(0)
    annas.get_by_role("button", name="Unblock").click()
    expect(annas.locator(".comp textarea")).to_be_visible()
    bos.get_by_role("button", name="Retry").click()
    expect(bos.locator(".failed")).to_have_count(0)


def test_somebody_is_unknown_only_once_the_node_has_said_so(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    page = new_page(locale="en-GB")
    held: list[Route] = []
    page.route("**/api/users?ids=*", lambda route: held.append(route))
    unknown = page.get_by_role("heading", name="There is no such person")
    enter(page, anna, f"contacts/{bo.id}")
    until(page, lambda: len(held) == 1)
    expect(unknown).to_have_count(0)
    held[0].continue_()
    expect(page.locator(".hero")).to_contain_text("Bo")
    go(page, "contacts/999999")
    until(page, lambda: len(held) == 2)
    expect(unknown).to_have_count(0)
    held[1].continue_()
    expect(unknown).to_be_visible()


def test_whoever_is_blocked_is_listed_once_and_said_to_be(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, cem, dora = (register(url, name) for name in ("Anna", "Bo", "Cem", "Dora"))
    befriend(anna, bo)
    anna.call("POST", "/contacts", {"user": dora.id})
    dora.call("POST", f"/contacts/{anna.id}/decline")
    for one in (bo, cem, dora):
        anna.call("PUT", f"/contacts/{one.id}/block")
    page = new_page(locale="en-GB")
    enter(page, anna, "contacts")
    for one in (bo, cem, dora):
        page.get_by_role("searchbox").fill(one.name)
        expect(page.locator(".pane .row .nm")).to_have_text([one.name])
        expect(page.locator(".pane .row .pv")).to_have_text("blocked")
        expect(page.locator(".pane .nothing")).to_have_count(0)


def test_initials_lead_to_their_people(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna = register(url, "Anna")
    for name in ("Bo", "Cem", "Dora", "Emil", "Fritz", "Gerda", "Hans", "林晓", "周明"):
        befriend(anna, register(url, name))
    page = new_page(locale="en-GB", viewport={"width": 900, "height": 420})
    enter(page, anna, "contacts")
    letters = page.get_by_role("navigation", name="Jump to an initial").get_by_role("button")
    expect(letters).to_have_text(["B", "C", "D", "E", "F", "G", "H", "L", "Z"])
    letters.last.click()
    expect(row(page, "周明")).to_be_focused()
    expect(row(page, "周明")).to_be_in_viewport()
    expect(row(page, "Bo")).not_to_be_in_viewport()
    letters.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row(page, "Cem")).to_be_focused()
    page.get_by_role("searchbox").fill("Bo")
    expect(letters).to_have_count(0)


def listed(person: Person) -> list[str]:
    """The conversations that a person's node would list."""
    found = person.call("GET", "/conversations")["conversations"]
    return [summary["conv"] for summary in found if not summary.get("hidden")]


def test_pinned_muted_and_hidden_conversations(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, cem = spread(urls, "Anna", "Bo", "Cem")
    for person in (bo, cem):
        person.send(f"u:{anna.id}", f"from {person.name}")
    page = new_page(locale="en-GB")
    enter(page, anna)
    names = page.locator(".pane .row .nm")
    expect(names).to_have_text(["Cem", "Bo", "Announcements"])

    def choose(title: str, item: str) -> None:
        row(page, title).click(button="right")
        page.get_by_role("menuitem", name=item).click()

    choose("Bo", "Pin")
    expect(names).to_have_text(["Bo", "Cem", "Announcements"])
    choose("Cem", "Mute notifications")
    expect(row(page, "Cem").locator(".badge")).to_have_class("badge off")
    expect(page).to_have_title("(1) Chats · LAN chat")
    choose("Cem", "Hide")
    expect(names).to_have_text(["Bo", "Announcements"])
    page.get_by_role("button", name="Undo").click()
    expect(names).to_have_text(["Bo", "Cem", "Announcements"])
    choose("Cem", "Hide")
    expect(names).to_have_text(["Bo", "Announcements"])
    until(page, lambda: private(anna, cem) not in listed(anna))
    page.reload()
    expect(names).to_have_text(["Bo", "Announcements"])
    cem.send(f"u:{anna.id}", "here I am again")
    expect(names).to_have_text(["Bo", "Cem", "Announcements"])


def test_the_card_of_a_person_leads_to_the_groups_in_common(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo, cem = (register(url, name) for name in ("Anna", "Bo", "Cem"))
    befriend(anna, bo)
    for number in range(1, 8):
        anna.call("POST", "/groups", {"name": f"Team {number}", "members": [bo.id]})
    anna.call("POST", "/groups", {"name": "Without Bo", "members": [cem.id]})
    page = new_page(locale="en-GB")
    enter(page, anna, f"contacts/{bo.id}")
    common = page.locator(".prof .block", has_text="Groups in common · 7")
    expect(common.get_by_role("link")).to_have_count(5)
    common.get_by_role("button", name="Show all").click()
    expect(common.get_by_role("link")).to_have_count(7)
    common.get_by_role("link", name="Team 6").click()
    expect(page.get_by_role("heading", name="Team 6")).to_be_visible()
    # A block ends no membership: both still see where they meet.
    page.goto(f"{url}/toChat#/contacts/{bo.id}")
    page.get_by_role("button", name="Block", exact=True).click()
    confirm(page, "Block")
    expect(page.get_by_role("button", name="Unblock")).to_be_visible()
    expect(common.get_by_role("link")).to_have_count(5)
    bos = new_page(locale="en-GB")
    enter(bos, bo, f"contacts/{anna.id}")
    expect(bos.get_by_text("Groups in common · 7")).to_be_visible()
    # Who shares none has none of it.
    page.goto(f"{url}/toChat#/contacts/{cem.id}")
    anna.call("DELETE", "/groups/8")
    expect(page.locator(".prof .hero")).to_contain_text("Cem")
    expect(page.get_by_text("Groups in common")).to_have_count(0)


def test_a_conversation_is_marked_as_unread_on_all_devices_until_it_is_opened(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    bo.send(f"u:{anna.id}", "to think about")
    anna.call("POST", "/messages/read", {"conv": private(anna, bo), "seq": 1})
    here, there = new_page(locale="en-GB"), new_page(locale="en-GB")
    for page in (here, there):
        enter(page, anna)
        expect(row(page, "Bo").locator(".pv")).to_have_text("to think about")
        expect(row(page, "Bo").locator(".badge")).to_have_count(0)
    row(here, "Bo").focus()
    here.keyboard.press("Shift+F10")
    here.get_by_role("menuitem", name="Mark as unread").press("Enter")
    for page in (here, there):
        expect(row(page, "Bo").locator(".badge.sole")).to_have_text("Unread")
        # Where the count of a row stands.
        box, line = row(page, "Bo").locator(".badge").bounding_box(), row(page, "Bo").bounding_box()
        assert box and line and box["x"] > line["x"] and box["width"] == box["height"] == 12
        assert box["y"] + box["height"] < line["y"] + line["height"]
        expect(page).to_have_title("(1) Chats · LAN chat")
    there.reload()
    there.get_by_role("button", name="Unread").click()
    expect(there.locator(".pane .row .nm")).to_have_text(["Bo"])
    row(there, "Bo").click()
    expect(bubble(there, "to think about")).to_be_visible()
    for page in (here, there):
        expect(row(page, "Bo").locator(".badge")).to_have_count(0)
        expect(page).to_have_title(re.compile(r"^(Bo|Chats) · LAN chat$"))
    # That of the open one stays until it is chosen again.
    row(there, "Bo").click(button="right")
    there.get_by_role("menuitem", name="Mark as unread").click()
    expect(row(here, "Bo").locator(".badge.sole")).to_be_attached()
    expect(row(there, "Bo").locator(".badge.sole")).to_be_attached()
    row(there, "Bo").click()
    for page in (here, there):
        expect(row(page, "Bo").locator(".badge")).to_have_count(0)
    # Of the announcements as well, and it can be taken off without opening.
    row(here, "Announcements").click(button="right")
    here.get_by_role("menuitem", name="Mark as unread").click()
    expect(row(there, "Announcements").locator(".badge.sole")).to_be_attached()
    row(here, "Announcements").click(button="right")
    here.get_by_role("menuitem", name="Mark as read").click()
    expect(row(there, "Announcements").locator(".badge")).to_have_count(0)


def test_what_cannot_be_done_with_a_conversation_now_says_why(
    node: NodeFactory, new_page: Pages
) -> None:
    server = node(env=QUICK)
    anna, bo = register(server.url, "Anna"), register(server.url, "Bo")
    bo.send(f"u:{anna.id}", "hello")
    page = new_page(locale="en-GB")
    enter(page, anna)
    # The menu is fetched with its first use.
    row(page, "Bo").click(button="right")
    expect(page.get_by_role("menuitem", name="Hide")).to_be_visible()
    page.keyboard.press("Escape")
    server.kill9()
    expect(page.locator(".banner")).to_be_visible()
    for item in ("Hide", "Mute notifications", "Pin"):
        row(page, "Bo").click(button="right")
        page.get_by_role("menuitem", name=item, exact=True).click()
        expect(page.locator(".toast")).to_have_text(
            "There is no connection now. Try again when it is back."
        )
        row(page, "Bo").click(button="right")
        expect(page.get_by_role("menuitem", name=item, exact=True)).to_be_visible()
        page.keyboard.press("Escape")


def test_the_announcements_are_pinned_and_muted_for_good(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo = spread(urls, "Anna", "Bo")
    anna.send("all", "to everyone")
    anna.send(f"u:{bo.id}", "to Bo")
    page = new_page(locale="en-GB")
    enter(page, bo)
    names = page.locator(".pane .row .nm")
    expect(names).to_have_text(["Anna", "Announcements"])
    for item in ("Pin", "Mute notifications"):
        row(page, "Announcements").click(button="right")
        page.get_by_role("menuitem", name=item).click()
    expect(names).to_have_text(["Announcements", "Anna"])
    page.reload()
    expect(names).to_have_text(["Announcements", "Anna"])
    expect(row(page, "Announcements").locator("use[href$='#bell-off']")).to_be_attached()


def test_announcements_that_were_hidden_stay_hidden_for_those_who_make_them(
    node: NodeFactory, new_page: Pages
) -> None:
    url = node(env=QUICK).url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    anna.send(f"u:{bo.id}", "to Bo")
    page = new_page(locale="en-GB")
    enter(page, anna)
    names = page.locator(".pane .row .nm")
    expect(names).to_have_text(["Bo", "Announcements"])
    row(page, "Announcements").click(button="right")
    page.get_by_role("menuitem", name="Hide").click()
    expect(names).to_have_text(["Bo"])
    page.reload()
    online(page)
    expect(names).to_have_text(["Bo"])
    anna.send("all", "to everyone")
    expect(names).to_have_text(["Announcements", "Bo"])
