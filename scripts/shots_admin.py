"""What an administrator sees."""

from __future__ import annotations

from collections.abc import Callable

from shooter import Shooter


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


OPERATOR: list[Callable[[Shooter], None]] = [
    announce, admin, admin_users, admin_ban, admin_reset, admin_registration, admin_invitation,
    admin_nodes, admin_audit, admin_limits, programs, new_token, made_token, webhooks, made_webhook,
]  # fmt: skip
