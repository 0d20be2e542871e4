"""What an administrator sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from sample_data import Refused
from shooter import Shooter
from shots_states import refuse


def announce(shooter: Shooter) -> None:
    shooter.chats("all")


def admin(shooter: Shooter) -> None:
    shooter.at("#/admin")
    shooter.page.wait_for_selector("tbody .st")
    shooter.page.wait_for_selector(".audit li")


def admin_users(shooter: Shooter) -> None:
    shooter.at("#/admin/users")
    shooter.page.wait_for_selector(".auser")


def admin_ban(shooter: Shooter) -> None:
    admin_users(shooter)
    shooter.page.locator(".auser .ib").nth(3).click()
    shooter.page.locator(".mi", has=shooter.page.locator("use[href$='#ban']")).click()


def admin_reset(shooter: Shooter) -> None:
    admin_users(shooter)
    shooter.page.locator(".auser .ib").nth(8).click()
    shooter.page.locator(".mi", has=shooter.page.locator("use[href$='#key']")).click()
    shooter.page.locator("dialog .btn.danger").click()
    shooter.page.wait_for_selector("#reset-password")


def admin_registration(shooter: Shooter) -> None:
    shooter.at("#/admin/registration")
    shooter.page.wait_for_selector(".card .seg")


def admin_invitation(shooter: Shooter) -> None:
    admin_registration(shooter)
    shooter.page.locator(".card.list .btn.primary").first.click()
    shooter.page.locator("dialog .btn.primary").click()
    shooter.page.wait_for_selector("dialog .qr")


def admin_nodes(shooter: Shooter) -> None:
    shooter.at("#/admin/nodes")
    shooter.page.wait_for_selector(".anode")


def admin_audit(shooter: Shooter) -> None:
    shooter.at("#/admin/audit")
    shooter.page.wait_for_selector(".audit li")


def admin_limits(shooter: Shooter) -> None:
    shooter.at("#/admin/limits")
    shooter.page.wait_for_selector(".settings")


def programs(shooter: Shooter) -> None:
    shooter.at("#/settings/programs")
    shooter.page.wait_for_selector(".sess")


def new_token(shooter: Shooter) -> None:
    programs(shooter)
    shooter.page.locator(".card.list .btn.primary").click()
    shooter.page.wait_for_selector("#token-days")


def made_token(shooter: Shooter) -> None:
    new_token(shooter)
    shooter.page.fill("#token-name", "x")
    shooter.page.locator("dialog .btn.primary").click()
    shooter.page.wait_for_selector("#token-line")


def webhooks(shooter: Shooter) -> None:
    led = shooter.sample.operator.api.call("GET", "/groups")["groups"][0]
    shooter.chats(f"g:{led['id']}", details=True)
    shooter.page.wait_for_selector(".hooks .mem")


def made_webhook(shooter: Shooter) -> None:
    webhooks(shooter)
    shooter.page.locator(".hooks .btn").first.click()
    shooter.page.fill("#hook-name", "x")
    shooter.page.locator("dialog .btn.primary").click()
    shooter.page.wait_for_selector("#hook-line")


def ways(shooter: Shooter) -> None:
    """A group with someone before its door."""
    led = shooter.sample.operator.api.call("GET", "/groups")["groups"][0]
    shooter.sample.operator.api.call("PATCH", f"/groups/{led['id']}", {"approval": True})
    for person in shooter.sample.people[7:]:
        with suppress(Refused):
            person.api.call("POST", "/groups/join", {"group": led["id"]})
    shooter.at(f"#/groups/{led['id']}")
    shooter.page.locator(".ways .asks").first.scroll_into_view_if_needed()


def group_link(shooter: Shooter) -> None:
    ways(shooter)
    shooter.page.locator(".ways .btn:has(use[href$='#qr'])").click()
    shooter.page.wait_for_selector("#link-days")


def made_group_link(shooter: Shooter) -> None:
    group_link(shooter)
    shooter.page.locator("dialog .btn.primary").click()
    shooter.page.wait_for_selector("#group-link")


def failed_admin(shooter: Shooter) -> None:
    shooter.page.route("**/api/admin/**", refuse)
    shooter.at("#/admin/users")
    shooter.page.wait_for_timeout(2_200)


def wrong_clock(shooter: Shooter) -> None:
    """The last one: the browser keeps this clock."""
    shooter.page.clock.set_system_time(time.time() + 600)
    shooter.chats()
    shooter.page.wait_for_selector(".bcast use[href$='#clock']")


OPERATOR: list[Callable[[Shooter], None]] = [
    announce, admin, admin_users, admin_ban, admin_reset, admin_registration, admin_invitation,
    admin_nodes, admin_audit, admin_limits, programs, new_token, made_token, webhooks, made_webhook,
    ways, group_link, made_group_link, failed_admin, wrong_clock,
]  # fmt: skip
