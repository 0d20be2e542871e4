"""States that nobody wishes for: waiting, refused, empty, away; and names at their longest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import Route
from sample_data import WORDS
from shooter import Shooter
from shots_media import choose, photo

from handlers.open_here import svg_code

REFUSED = {"code": 503, "error": "unavailable", "message": "unavailable", "data": None}


def refuse(route: Route) -> None:
    route.fulfill(status=503, content_type="application/json", body=json.dumps(REFUSED))


def hold(_route: Route) -> None:
    """Give no answer."""


def waiting(shooter: Shooter, address: str, place: str) -> None:
    shooter.forget()
    shooter.page.route(f"**/api/{address}", hold)
    shooter.at(place)
    shooter.page.wait_for_selector(".skeleton")


def failing(shooter: Shooter, address: str, place: str) -> None:
    shooter.forget()
    shooter.page.route(f"**/api/{address}", refuse)
    shooter.at(place)
    shooter.page.wait_for_timeout(2_200)


def loading_list(shooter: Shooter) -> None:
    shooter.forget()
    shooter.answers.hold("conversations")
    shooter.at("#/chats")


def loading_chat(shooter: Shooter) -> None:
    shooter.forget()
    shooter.answers.hold("sync")
    shooter.at(f"#/chats/g:{shooter.sample.groups[2]['id']}")


def loading_contacts(shooter: Shooter) -> None:
    waiting(shooter, "contacts", "#/contacts")


def loading_groups(shooter: Shooter) -> None:
    waiting(shooter, "groups", "#/groups")


def loading_group(shooter: Shooter) -> None:
    waiting(shooter, "groups/*/members?*", f"#/groups/{shooter.sample.groups[0]['id']}")
    shooter.page.wait_for_selector(".prof .skeleton")


def loading_devices(shooter: Shooter) -> None:
    waiting(shooter, "sessions", "#/settings/devices")


def loading_quick(shooter: Shooter) -> None:
    waiting(shooter, "quick-replies*", "#/settings/quick")


def failed_list(shooter: Shooter) -> None:
    shooter.forget()
    shooter.answers.refuse("conversations")
    shooter.at("#/chats")


def failed_chat(shooter: Shooter) -> None:
    shooter.forget()
    shooter.answers.refuse("sync")
    shooter.at(f"#/chats/g:{shooter.sample.groups[2]['id']}")


def failed_contacts(shooter: Shooter) -> None:
    failing(shooter, "contacts", "#/contacts")


def failed_groups(shooter: Shooter) -> None:
    failing(shooter, "groups", "#/groups")


def failed_group(shooter: Shooter) -> None:
    failing(shooter, "groups/*/members?*", f"#/groups/{shooter.sample.groups[0]['id']}")


def failed_devices(shooter: Shooter) -> None:
    failing(shooter, "sessions", "#/settings/devices")


def failed_search(shooter: Shooter) -> None:
    shooter.page.route("**/api/search/**", refuse)
    shooter.chats()
    shooter.page.fill(".pane-h input[type=search]", "zzqx")
    shooter.page.wait_for_selector(".search-state[role=alert]")


def failed_send(shooter: Shooter) -> None:
    shooter.answers.refuse("send", "blocked", "This person does not take messages from you.")
    shooter.chats(shooter.sample.private(2))
    shooter.page.fill(".comp textarea", "OK")
    shooter.page.press(".comp textarea", "Enter")
    shooter.page.wait_for_selector(".failed")


def refused_upload(shooter: Shooter) -> None:
    refusal = {**REFUSED, "error": "too_large", "message": "32 MB > 20 MB"}
    shooter.page.route(
        "**/api/media?*", lambda route: route.fulfill(status=413, body=json.dumps(refusal))
    )
    shooter.chats(shooter.sample.private(2))
    choose(shooter, photo("harbour.jpg"))
    shooter.page.locator("dialog.send .words button").click()
    shooter.page.wait_for_selector(".failed")


def no_microphone(shooter: Shooter) -> None:
    shooter.chats(shooter.sample.private(2))
    shooter.page.evaluate(
        """() => {
          const refused = () => Promise.reject(new DOMException("", "NotAllowedError"));
          navigator.mediaDevices.getUserMedia = refused;
        }"""
    )
    shooter.page.locator(".comp .mic-b").click()
    shooter.page.wait_for_timeout(500)


def unknown_chat(shooter: Shooter) -> None:
    shooter.at("#/chats/g:999")


def phone_code(shooter: Shooter) -> None:
    code = svg_code("https://192.168.1.20:8888/")
    shooter.page.route(
        "**/open.svg", lambda route: route.fulfill(content_type="image/svg+xml", body=code)
    )
    shooter.at("#/settings/devices")
    if not shooter.phone:
        shooter.page.locator(".phone-card").scroll_into_view_if_needed()


def long_names(shooter: Shooter) -> None:
    lengthen(shooter)
    shooter.chats()


def long_chat(shooter: Shooter) -> None:
    shooter.chats(lengthen(shooter))


def long_details(shooter: Shooter) -> None:
    shooter.chats(lengthen(shooter), details=True)
    shooter.page.wait_for_selector(".side .mem")


def lengthen(shooter: Shooter) -> str:
    """Names as long as they may be, without a place to break them; a conversation that has one."""
    me, founder, *others = shooter.sample.people[:5]
    language = me.api.language
    long = (
        "住院部三楼东区护士长办公室值班电话转接专用"
        if language == "zh"
        else "Donaudampfschifffahrtskapitaen"
    )
    for person in (founder, *others):
        path = f"/contacts/{person.id}"
        me.api.call("PATCH", path, {"remark": long})
        shooter.after.callback(me.api.call, "PATCH", path, {"remark": ""})
    body = {"name": long, "members": [person.id for person in (me, *others)]}
    group = founder.api.call("POST", "/groups", body)["id"]
    shooter.after.callback(founder.api.call, "DELETE", f"/groups/{group}")
    for person, text in zip(others, WORDS[language].short, strict=False):
        person.api.call("POST", "/messages", {"to": f"g:{group}", "text": text})
    return f"g:{group}"


def mention(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".comp textarea").press_sequentially("@")
    shooter.page.wait_for_selector(".completion li")


def edit(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".comp textarea").press("ArrowUp")
    shooter.page.wait_for_selector(".comp .ctx")


def jump(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".log").evaluate("(log) => { log.scrollTop = 0 }")
    shooter.page.wait_for_selector(".jump")


def row_menu(shooter: Shooter) -> None:
    shooter.chats()
    shooter.page.locator(".pane a.row").nth(1).focus()
    shooter.page.keyboard.press("Shift+F10")
    shooter.page.wait_for_selector(".menu .mi")


def focus(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    shooter.page.locator(".msg[data-seq]").last.focus()
    shooter.page.keyboard.press("ArrowUp")


def door(shooter: Shooter) -> None:
    """The page behind a link into a group."""
    leader = shooter.sample.people[1].api
    link = leader.call("POST", f"/groups/{shooter.sample.groups[0]['id']}/link", {"days": 7})
    shooter.page.goto(shooter.url + re.sub(r"^https?://[^/]+", "", link["url"]))


def no_page(shooter: Shooter) -> None:
    shooter.page.goto(f"{shooter.url}/nowhere")


def interface(shooter: Shooter) -> None:
    shooter.page.goto(f"{shooter.url}/docs")
    shooter.page.wait_for_selector(".opblock")


STATES: list[Callable[[Shooter], None]] = [
    loading_list, loading_chat, loading_contacts, loading_groups, loading_group, loading_devices,
    loading_quick, failed_list, failed_chat, failed_contacts, failed_groups, failed_group,
    failed_devices, failed_search, failed_send, refused_upload, no_microphone, unknown_chat,
    phone_code, mention, edit, jump, row_menu, focus, door, no_page, interface,
    long_names, long_chat, long_details,
]  # fmt: skip
