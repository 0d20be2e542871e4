"""Markup in any field that a page shows is text there, on every page that shows it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.people import QUICK, befriend, enter, go, private, register
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory


def evil(what: str) -> str:
    """Markup that would load, run and show; short enough for a name."""
    return f"<img src=x onerror=a()>{what}"


ELEMENTS = 'img[src="x"], img[src$="/x"], [onerror]'


def shows(page: Page, *names: str) -> None:
    """All of this is on the page as text, and no element has come of it."""
    for name in names:
        expect(page.get_by_text(evil(name)).first).to_be_attached()
    assert page.locator(ELEMENTS).count() == 0


def test_markup_in_any_field_is_shown_as_text(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    ann, bo = register(url, evil("ann")), register(url, evil("bo"))
    befriend(ann, bo)
    ann.call("PATCH", "/me", {"note": evil("note")})
    bo.call("PATCH", "/me", {"note": evil("bonote")})
    made = ann.call("POST", "/groups", {"name": evil("grp"), "members": [bo.id]})
    group, about = made["id"], {"note": evil("about"), "category": evil("cate")}
    ann.call("PATCH", f"/groups/{group}", {**about, "announcement": evil("news")})
    ann.call("POST", f"/groups/{group}/webhooks", {"name": evil("hook")})
    ann.call("POST", "/quick-replies", {"text": evil("quick")})
    ann.call("POST", "/tokens", {"name": evil("token"), "scopes": ["read"]})
    ann.call("POST", "/admin/invitations", {"uses": 2, "days": 2, "note": evil("invite")})
    talk = private(ann, bo)
    file = bo.upload(b"%PDF-1.7\n", "application/pdf", "name=%3Cimg%20src=x%20onerror=a()%3Efile")
    picture = bo.upload(samples.picture(), "image/jpeg", "name=%3Cimg%20src=x%3E.jpg")
    to = f"u:{ann.id}"
    bo.send(f"g:{group}", evil("said"))
    bo.call("POST", "/messages", {"to": to, "media": "file", "file": file})
    shown = {"to": to, "media": "picture", "file": picture, "text": evil("caption")}
    seq = bo.call("POST", "/messages", shown)["seq"]
    bo.call("POST", "/messages", {"to": to, "text": evil("last"), "reply_to": seq})

    page = new_page(locale="en-GB", user_agent="<img src=x onerror=a()>agent")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    enter(page, ann, "chats")
    shows(page, "grp", "bo", "last", "said")
    go(page, f"chats/{talk}")
    shows(page, "file", "caption", "last")
    go(page, f"chats/g:{group}")
    shows(page, "said", "news")
    go(page, f"chats/g:{group}/details")
    shows(page, "about", "ann", "hook")
    ann.call("PATCH", f"/contacts/{bo.id}", {"remark": evil("mark")})
    go(page, "contacts")
    shows(page, "mark")
    go(page, f"contacts/{bo.id}")
    shows(page, "mark", "bonote")
    go(page, f"groups/{group}")
    shows(page, "grp", "about")
    for place, names in {
        "settings/quick": ("quick",),
        "settings/programs": ("token",),
        "settings/devices": ("agent",),
        "admin/users": ("ann", "bo"),
        "admin/registration": ("invite",),
        "admin/audit": ("ann",),
    }.items():
        go(page, place)
        shows(page, *names)
    assert errors == []
