"""What the one who runs a server does on its page, and that others are kept out kindly."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import PASSWORD, QUICK, befriend, bubble, confirm, enter, register, spread
from tests.browser.scanning import scanned
from tests.browser.test_accessibility import combinations, look_at, open_page, violations
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def user(page: Page, name: str) -> Locator:
    return page.locator(".auser", has=page.locator("b", has_text=re.compile(f"^{name}$")))


def choose(page: Page, name: str, action: str) -> None:
    page.get_by_role("button", name=f"Manage {name}").click()
    page.get_by_role("menuitem", name=action).click()


def log_in(page: Page, name: str, password: str) -> None:
    page.fill("#name", name)
    page.fill("#password", password)
    page.locator("form[action='/login'] .btn.primary").click()


def test_others_are_told_kindly_that_it_is_not_for_them(node: NodeFactory, new_page: Pages) -> None:
    _, bo = spread([node(env=QUICK).url], "Master", "Bo")
    page = new_page(locale="en-GB")
    enter(page, bo, "admin/users")
    expect(page.locator(".rail .it")).to_have_count(4)
    expect(page.get_by_role("heading", name="This place is for administrators")).to_be_visible()
    page.get_by_role("link", name="To my chats").click()
    expect(page).to_have_url(f"{bo.url}/toChat#/chats")


def test_who_becomes_an_administrator_has_the_page_at_once(
    urls: tuple[str, str], new_page: Pages
) -> None:
    master, bo = spread(urls, "Master", "Bo")
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo)
    expect(bos.locator(".rail .it")).to_have_count(4)
    enter(page, master, "admin/users")
    choose(page, "Bo", "Make administrator")
    confirm(page, "Make administrator")
    expect(user(page, "Bo").locator(".tag")).to_have_text("Administrator")
    bos.get_by_role("link", name="Admin", exact=True).click()
    expect(bos.get_by_role("heading", name="Administration", level=2)).to_be_visible()
    choose(page, "Bo", "Take the role away")
    confirm(page, "Take the role away")
    expect(bos.get_by_role("heading", name="This place is for administrators")).to_be_visible()


def test_people_are_found_and_seen_page_by_page(node: NodeFactory, new_page: Pages) -> None:
    master, *_ = spread(
        [node(env=QUICK).url], "Master", *(f"Person {number:02}" for number in range(60))
    )
    page = new_page(locale="en-GB", viewport={"width": 1280, "height": 600})
    enter(page, master, "admin/users")
    expect(page.locator(".auser")).to_have_count(50)
    page.locator(".auser").last.scroll_into_view_if_needed()
    expect(page.locator(".auser")).to_have_count(61)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    page.get_by_placeholder("Name, phone or e-mail").fill("person 5")
    expect(page.locator(".auser")).to_have_count(10)
    page.get_by_placeholder("Name, phone or e-mail").fill("nobody at all")
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    page.get_by_placeholder("Name, phone or e-mail").fill("")
    page.get_by_role("button", name="Administrators").click()
    expect(page.locator(".auser")).to_have_count(1)


def test_a_ban_has_a_reason_ends_everything_and_is_undone(
    urls: tuple[str, str], new_page: Pages
) -> None:
    master, bo = spread(urls, "Master", "Bo")
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo)
    enter(page, master, "admin/users")
    choose(page, "Bo", "Ban")
    expect(page.get_by_label("Reason (optional)")).to_be_focused()
    page.keyboard.type("lost tablet")
    confirm(page, "Ban")
    expect(user(page, "Bo").locator(".st")).to_have_text("Banned")
    expect(bos.get_by_role("heading", level=1)).to_have_text("Welcome back")
    log_in(bos, "Bo", PASSWORD)
    expect(bos.locator(".sumerr")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(user(page, "Bo").locator(".st")).to_have_count(0)
    log_in(bos, "Bo", PASSWORD)
    bos.wait_for_url("**/toChat*")
    choose(page, "Bo", "What they did")
    expect(page.locator(".audit li")).to_have_count(3)
    page.get_by_role("link", name="Show what everybody did").click()
    banned = page.locator(".audit li", has_text="Master banned Bo")
    expect(banned).to_contain_text("because: lost tablet")


def test_a_profile_is_changed_for_someone_seen_at_once_and_undone(
    urls: tuple[str, str], new_page: Pages
) -> None:
    master, bo, _ = spread(urls, "Master", "Bo", "Cem")
    befriend(master, bo)
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, "settings/profile")
    enter(page, master, "admin/users")
    choose(page, "Bo", "Edit profile")
    assert violations(page) == []
    dialog = page.get_by_role("dialog", name="Profile of Bo")
    dialog.get_by_label("Name").fill("Cem")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#user-name")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name").fill("Bo Berg")
    dialog.get_by_label("Note").fill("Bridge")
    dialog.get_by_label("E-mail").fill("bo@ship.example")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(user(page, "Bo Berg")).to_contain_text("bo@ship.example")
    expect(bos.locator(".me-head h3")).to_have_text("Bo Berg")
    page.get_by_role("button", name="Undo").click()
    expect(user(page, "Bo")).not_to_contain_text("bo@ship.example")
    expect(bos.locator(".me-head h3")).to_have_text("Bo")
    me = bo.call("GET", "/me")
    assert (me["name"], me["note"], me.get("email")) == ("Bo", "", None)
    choose(page, "Bo", "What they did")
    page.get_by_role("link", name="Show what everybody did").click()
    expect(page.locator(".audit li", has_text="Master changed Bo")).to_have_count(2)


def test_a_forgotten_password_is_replaced_by_one_for_one_log_in(
    node: NodeFactory, new_page: Pages
) -> None:
    master, bo = spread([node(env=QUICK).url], "Master", "Bo")
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, master, "admin/users")
    choose(page, "Bo", "Reset password")
    confirm(page, "Reset")
    given = page.get_by_label("Password", exact=True).input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("dialog .hint")).to_have_text("Copied")
    confirm(page, "I have noted it")
    expect(user(page, "Bo").locator(".st")).to_have_text("To choose a password")
    bos.goto(f"{bo.url}/")
    log_in(bos, "Bo", given)
    bos.fill("#password", given)
    assert violations(bos) == []
    bos.fill("#new_password", "of my own choice")
    bos.locator("form[action='/login'] .btn.primary").click()
    bos.wait_for_url("**/toChat*")


def test_people_and_bots_are_added_and_accounts_deleted(node: NodeFactory, new_page: Pages) -> None:
    master, _ = spread([node(env=QUICK).url], "Master", "Bo")
    page = new_page(locale="en-GB")
    enter(page, master, "admin/users")
    page.get_by_role("button", name="Add a user").click()
    page.fill("#new-user-name", "Bo")
    page.fill("#new-user-password", PASSWORD)
    confirm(page, "Add")
    expect(page.locator("#new-user-name-error")).to_have_text("That name is taken")
    page.fill("#new-user-name", "Cem")
    confirm(page, "Add")
    expect(user(page, "Cem")).to_be_visible()
    page.get_by_role("button", name="Add a user").click()
    page.get_by_role("radio", name="Bot").click()
    page.fill("#new-user-name", "Build")
    confirm(page, "Add")
    expect(user(page, "Build").locator(".tag")).to_have_text("Bot")
    expect(user(page, "Build").locator(".prog")).to_be_visible()
    choose(page, "Cem", "Delete account")
    expect(page.locator("dialog")).to_contain_text("This cannot be undone")
    confirm(page, "Delete account")
    expect(user(page, "Cem")).to_have_count(0)


def test_registration_is_closed_and_an_invitation_leads_in_until_it_is_revoked(
    urls: tuple[str, str], new_page: Pages
) -> None:
    master = register(urls[0], "Master")
    group = master.call("POST", "/groups", {"name": "Class 7"})
    page, guest = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(page, master, "admin/registration")
    expect(page.get_by_text("No invitations")).to_be_visible()
    page.get_by_role("radio", name="By invitation").click()
    expect(page.get_by_text("Set by an administrator.")).to_be_visible()
    page.get_by_role("button", name="Create an invitation").click()
    page.fill("#invite-note", "class 7")
    page.fill("#invite-uses", "1000000")
    page.select_option("#invite-group", "Class 7")
    confirm(page, "Create an invitation")
    expect(page.locator("#invite-uses-error")).to_contain_text("From 1 to")
    page.fill("#invite-uses", "2")
    confirm(page, "Create an invitation")
    address = page.get_by_label("Address").input_value()
    assert scanned(page.get_by_role("img", name=f"QR code: {address}")) == address
    confirm(page, "I have noted it")
    expect(page.locator(".sess")).to_contain_text("class 7")
    expect(page.locator(".sess")).to_contain_text("0 came, 2 left")
    guest.goto(address.replace(*urls))
    expect(guest.locator("#repassword")).to_be_visible()
    assert violations(guest) == []
    for field, value in (("name", "Dora"), ("password", PASSWORD), ("repassword", PASSWORD)):
        guest.fill(f"#{field}", value)
    guest.locator("form[action='/register'] .btn.primary").click()
    guest.wait_for_url("**/toChat*")
    members = master.call("GET", f"/groups/{group['id']}/members")["members"]
    assert [member["user"]["name"] for member in members] == ["Master", "Dora"]
    page.get_by_role("button", name="Revoke class 7").click()
    confirm(page, "Revoke")
    expect(page.get_by_text("No invitations")).to_be_visible()
    page.get_by_role("button", name="Back to the file").click()
    expect(page.get_by_role("radio", name="Everyone")).to_have_attribute("aria-checked", "true")


def test_the_figures_are_live_and_a_node_that_is_gone_is_shown_as_gone(
    node: NodeFactory, new_page: Pages, mysql_url: str
) -> None:
    one, other = (
        node("--database", mysql_url, env={**QUICK, "IM_NODE_NAME": name})
        for name in ("one", "other")
    )
    master = register(one.url, "Master")
    page = new_page(locale="en-GB")
    enter(page, master, "admin")
    state = page.locator("tbody tr", has_text="other").locator(".st")
    expect(state).to_have_text("Healthy")
    expect(page.locator("[data-figure=online]")).to_have_text("1")
    expect(page.get_by_role("img", name=re.compile("Online now, last 5 minutes"))).to_be_visible()
    bo = new_page(locale="en-GB")
    enter(bo, register(one.url, "Bo"))
    expect(page.locator("[data-figure=online]")).to_have_text("2")
    other.kill9()
    expect(state).to_contain_text("Gone, last heard")
    page.get_by_role("link", name="Nodes", exact=True).click()
    expect(page.get_by_text("1 node is gone")).to_be_visible()
    expect(page.get_by_role("region", name="other").locator(".st")).to_contain_text("Gone")
    one.kill9()
    expect(page.get_by_text("Not up to date")).to_be_visible()


def test_everyone_is_written_to_after_a_second_look(urls: tuple[str, str], new_page: Pages) -> None:
    master, bo = spread(urls, "Master", "Bo")
    page, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo)
    enter(page, master, "admin/broadcast")
    page.get_by_label("Text of the announcement").fill("Fire drill at 16:30")
    page.get_by_role("button", name="Send to everyone").click()
    expect(page.locator("dialog")).to_contain_text("Fire drill at 16:30")
    confirm(page, "Cancel")
    expect(page.get_by_label("Text of the announcement")).to_have_value("Fire drill at 16:30")
    page.get_by_role("button", name="Send to everyone").click()
    confirm(page, "Send to everyone")
    expect(page.get_by_text("The announcement is out")).to_be_visible()
    expect(bos.locator(".bcast")).to_contain_text("Fire drill at 16:30")
    page.get_by_role("link", name="Earlier announcements").click()
    expect(bubble(page, "Fire drill at 16:30")).to_be_visible()


def test_the_audit_log_is_filtered_and_goes_on_in_the_readers_own_time(
    node: NodeFactory, new_page: Pages
) -> None:
    master, *_ = spread(
        [node(env=QUICK).url], "Master", *(f"Person {number:02}" for number in range(60))
    )
    page = new_page(locale="en-GB", timezone_id="Asia/Kolkata")
    enter(page, master, "admin/audit")
    expect(page.locator(".audit li").first).to_contain_text("Master logged in")
    said = page.locator(".audit time").first
    moment = said.get_attribute("datetime")
    local = page.evaluate(
        "(at) => new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Kolkata' })", moment
    )
    expect(said).to_have_text(local)
    page.select_option("#audit-kind", "Accounts")
    expect(page.locator(".audit li").first).to_contain_text("Person 59 registered")
    page.locator(".audit li").last.scroll_into_view_if_needed()
    expect(page.locator(".audit li")).to_have_count(61)
    expect(page.get_by_text("That is all.")).to_be_visible()
    page.select_option("#audit-kind", "Webhooks")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()


def test_limits_are_shown_under_the_names_of_their_settings(
    node: NodeFactory, new_page: Pages
) -> None:
    master = register(node(env=QUICK).url, "Master")
    page = new_page(locale="en-GB")
    enter(page, master, "admin/limits")
    row = page.locator(".settings div", has_text="chat.recall_minutes")
    expect(row.locator("dd")).to_have_text("2")
    page.get_by_placeholder("Find a setting").fill("registrations")
    expect(page.locator(".settings div")).to_have_count(1)


def test_what_cannot_be_had_says_so_and_is_tried_again(node: NodeFactory, new_page: Pages) -> None:
    master = register(node(env=QUICK).url, "Master")
    page = new_page(locale="en-GB")
    enter(page, master, "admin/users")
    page.route("**/api/admin/**", lambda route: route.fulfill(status=503, json={"code": -1}))
    for place in ("audit", "limits", "registration", "nodes"):
        page.locator(f".atabs a[href$='{place}']").click()
        if place != "nodes":
            expect(page.get_by_role("button", name="Load again").first).to_be_visible()
    with page.expect_response("**/api/admin/**"):
        page.locator(".atabs a[href$='limits']").click()
    # The limits, and how long messages are kept.
    again = page.get_by_role("button", name="Load again")
    expect(again).to_have_count(2)
    page.unroute("**/api/admin/**")
    again.last.click()
    expect(again).to_have_count(1)
    again.click()
    expect(page.locator(".settings").first).to_be_visible()
    expect(again).to_have_count(0)


@pytest.mark.parametrize(("language", "size"), combinations(wide="en"))
def test_the_administrators_page_is_accessible_in_every_state(
    node: NodeFactory, new_page: Pages, language: str, size: str
) -> None:
    master, bo = spread([node(env=QUICK).url], "Master", "Bo")
    for person in (master, bo):
        person.call("PATCH", "/me", {"language": language})
    master.call("POST", "/admin/invitations", {"note": "class 7"})
    page = open_page(new_page, language, size)
    enter(page, master, "admin")
    found: dict[str, list[str]] = {}

    def look(state: str, wait: str, at: str | None = None) -> None:
        if at is not None:
            page.goto(f"{master.url}/toChat#/{at}")
        look_at(page, found, state, wait)

    look("overview", "tbody .st", "admin")
    look("users", ".auser", "admin/users")
    page.locator(".auser .ib").last.click()
    look("menu", ".menu .mi")
    page.locator(".mi", has=page.locator("use[href$='#ban']")).click()
    look("ban", "#ban-reason")
    page.keyboard.press("Escape")
    page.locator(".ahead .btn").click()
    look("new user", "#new-user-name")
    page.keyboard.press("Escape")
    look("registration", ".sess", "admin/registration")
    page.locator(".card.list .btn.primary").click()
    look("invite", "#invite-note")
    page.locator("dialog .btn.primary").click()
    look("invited", "dialog .qr")
    page.locator("dialog .btn.primary").click()
    look("nodes", ".anode", "admin/nodes")
    look("broadcast", "#admin-broadcast", "admin/broadcast")
    look("audit", ".audit li", "admin/audit")
    look("limits", ".settings", "admin/limits")
    look("settings", ".card", "settings")
    page.goto("about:blank")
    page.context.clear_cookies()
    enter(page, bo, "admin")
    look("refused", ".admin .empty")
    assert found == {}
    assert urlsplit(page.url).fragment == "/admin"
