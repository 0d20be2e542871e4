"""Pictures of searching, of quick replies, and of what one decides about one's account."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Route
from sample_data import WORDS
from shooter import Shooter


def search(shooter: Shooter) -> None:
    shooter.chats()
    shooter.page.fill(".pane-h input[type=search]", WORDS[shooter.sample.me.api.language].sought)
    shooter.page.wait_for_selector(".found .row mark")
    shooter.page.wait_for_selector(".found .row .tm")


def search_nothing(shooter: Shooter) -> None:
    shooter.chats()
    shooter.page.fill(".pane-h input[type=search]", "zzqx")
    shooter.page.wait_for_selector(".search-state .none")
    shooter.page.wait_for_selector(".spin", state="detached")


def search_inside(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.keyboard.press("Control+Shift+f")
    shooter.page.wait_for_selector("dialog.pal input")
    shooter.page.fill("dialog.pal input", WORDS[shooter.sample.me.api.language].sought)
    shooter.page.wait_for_selector("dialog.pal .row mark")


def search_days(shooter: Shooter) -> None:
    search_inside(shooter)
    shooter.page.locator(".narrow select").last.select_option("between")
    shooter.page.wait_for_selector(".narrow input")


def search_member(shooter: Shooter) -> None:
    """In a group of more members than the page has been told, and the node knows the others."""

    def first_ones(route: Route) -> None:
        answer = route.fetch()
        page = answer.json()
        page["data"]["members"] = page["data"]["members"][:2]
        route.fulfill(response=answer, json=page)

    shooter.page.route("**/api/groups/*/members?q=&*", first_ones)
    shooter.chats(shooter.group)
    shooter.page.keyboard.press("Control+Shift+f")
    shooter.page.locator(".narrow select").first.select_option("other")
    letters = "医" if shooter.sample.me.api.language == "zh" else "a"
    shooter.page.fill(".narrow input", letters)
    shooter.page.wait_for_selector(".narrow li")


def found_place(shooter: Shooter) -> None:
    search(shooter)
    shooter.page.locator(".found .row:has(.tm)").last.click()
    shooter.page.wait_for_selector(".msg.flash")


def quick(shooter: Shooter) -> None:
    shooter.chats(shooter.sample.private(1))
    shooter.page.press(".comp textarea", "/")
    shooter.page.wait_for_selector(".quick .qi")


def quick_settings(shooter: Shooter) -> None:
    shooter.at("#/settings/quick")
    shooter.page.wait_for_selector(".qlist li")


def quick_edit(shooter: Shooter) -> None:
    quick_settings(shooter)
    shooter.page.locator(".qlist li").nth(2).locator(".ib").nth(1).click()
    shooter.page.wait_for_selector("dialog .ta")


def privacy(shooter: Shooter) -> None:
    shooter.at("#/settings/privacy")
    shooter.page.wait_for_selector(".card .switch:not([disabled])")


def departure(shooter: Shooter) -> None:
    privacy(shooter)
    shooter.page.locator(".opt.dg").last.click()
    shooter.page.locator("dialog input[type=checkbox]").check()
    shooter.page.wait_for_selector("dialog input[type=password]")


def password(shooter: Shooter) -> None:
    shooter.at("#/settings/devices")
    shooter.page.locator(".card .opt:has(use[href$='#key'])").click()
    shooter.page.wait_for_selector("dialog .form")


def factor(shooter: Shooter) -> None:
    shooter.at("#/settings/devices")
    shooter.page.locator(".card .opt:has(use[href$='#phone'])").first.click()
    shooter.page.wait_for_selector("dialog .qr-code")


FINDING: list[Callable[[Shooter], None]] = [
    search, search_nothing, search_inside, search_days, search_member, found_place, quick,
    quick_settings, quick_edit, privacy, departure, password, factor,
]  # fmt: skip
