"""A further device logs in by a link: once, soon, after a question, while its maker is here."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person, Reply, cookie_header
from tests.handlers.test_pages import Browser
from tests.handlers.test_second_factor import code as code_of
from tests.handlers.test_second_factor import enrol

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]

NEW_PASSWORD = "another password"
GONE = "登录码已失效"


async def make(person: Person) -> dict[str, Any]:
    """A new link of this person's."""
    made: dict[str, Any] = (await person.post("/api/sessions/link", {"password": PASSWORD})).data
    return made


async def answer(browser: Browser, asked: Reply) -> Reply:
    """Press the button of the question."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    given = {name: html.unescape(value) for name, value in hidden.items()}
    given.pop("next", None)
    return browser._keep(await browser.api.form("/link", given, cookie_header(browser.jar)))


async def ask(browser: Browser, code: str) -> Reply:
    """Type the code into the form."""
    return await browser.submit("/link", "/link", code=code)


async def log_in(browser: Browser, code: str) -> Reply:
    """Type the code and confirm."""
    asked = await ask(browser, code)
    assert asked.status == 200, asked.text
    return await answer(browser, asked)


async def test_a_phone_gets_a_session_of_its_own_and_the_maker_is_told(
    api: Api, messenger: Messenger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ann = await api.register("ann")
    phone = Browser(api)
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        made = await make(ann)
        assert made["url"] == f"{api.url}/link#{made['code']}"
        assert re.fullmatch(r"[a-z2-7]{26}", made["code"])
        assert made["qr"].startswith("data:image/svg+xml")
        state = (await ann.get("/api/sessions/link")).data
        assert state == {"expires_at": made["expires_at"], "opened": None}
        asked = await ask(phone, f" {made['code'][:4].upper()}-{made['code'][4:]} ")
        assert asked.status == 200 and "以 ann 的身份登录？" in asked.text
        assert "im_session" not in phone.jar, "nobody is logged in before it is confirmed"
        done = await answer(phone, asked)
        assert (done.status, done.headers["Location"]) == (303, "/toChat")
        frame = await socket.next(lambda frame: frame.get("list") == "sessions")
        assert frame["op"] == "state"
    listed = (await ann.get("/api/sessions")).data["sessions"]
    (other,) = [session for session in listed if not session["current"]]
    assert (await ann.get("/api/sessions/link")).data["opened"] == other["id"]
    assert (await phone.get("/toChat")).status == 200
    await ann.post(f"/api/sessions/{other['id']}", method="DELETE")
    assert (await phone.get("/toChat")).status == 302
    assert (await ann.get("/api/me")).status == 200
    acts = (await ann.get("/api/admin/audit", action="sessions")).data["acts"]
    assert [act["action"] for act in acts] == ["sessions.linked", "sessions.link_made"]
    stored = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT token_hash FROM device_link").all()
    )
    assert made["code"].encode() not in bytes(stored[0][0])
    assert made["code"] not in caplog.text


async def test_a_link_is_good_once_also_for_two_at_the_same_moment(api: Api) -> None:
    ann = await api.register("ann")
    made = await make(ann)
    phones = [Browser(api) for _ in range(4)]
    asked = [await ask(phone, made["code"]) for phone in phones]
    done = await asyncio.gather(*map(answer, phones, asked))
    assert sorted(reply.status for reply in done) == [303, 404, 404, 404]
    assert len((await ann.get("/api/sessions")).data["sessions"]) == 2
    late = await ask(Browser(api), made["code"])
    assert late.status == 404 and GONE in late.text


async def test_a_wrong_code_and_one_that_is_over_log_nobody_in(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    made = await make(ann)
    for wrong in ("", "a" * 26, made["code"] + "a", made["code"][:-1], "x" * 5000, "é", "' OR 1=1"):
        refused = await ask(Browser(api), wrong)
        assert refused.status == 404 and GONE in refused.text
    phone = Browser(api)
    asked = await ask(phone, made["code"])
    sql = "UPDATE device_link SET expires_at = 1"
    await messenger.database.write(lambda cursor: cursor.execute(sql) and None)
    assert (await answer(phone, asked)).status == 404
    assert (await phone.get("/toChat")).status == 302


async def test_a_link_ends_with_the_session_that_made_it_and_its_password(api: Api) -> None:
    ann = await api.register("ann")
    change = {"password": PASSWORD, "new_password": NEW_PASSWORD, "repassword": NEW_PASSWORD}

    async def gone(code: str) -> bool:
        return (await ask(Browser(api), code)).status == 404

    first, second = await make(ann), await make(ann)
    assert await gone(first["code"]), "a session has one link"
    assert not await gone(second["code"])
    await ann.post("/api/sessions/link", method="DELETE")
    assert await gone(second["code"])
    assert (await ann.get("/api/sessions/link")).data["expires_at"] is None
    third = await make(ann)
    await ann.post("/api/sessions", method="DELETE")
    assert await gone(third["code"])
    other = await api.log_in("ann")
    fourth, fifth = await make(ann), await make(other)
    await other.post("/api/logout")
    assert await gone(fifth["code"]) and not await gone(fourth["code"])
    assert (await ann.post("/api/me/password", change)).status == 200
    assert await gone(fourth["code"])


async def test_the_password_is_asked_for_and_where_there_is_one_the_second_factor(
    api: Api,
) -> None:
    ann = await api.register("ann")
    body = {"password": PASSWORD}
    wrong = await ann.post("/api/sessions/link", {"password": "wrong"})
    wrong.refused(401, "wrong_password", "password")
    secret, codes = await enrol(ann)
    (await ann.post("/api/sessions/link", body)).refused(401, "code_needed", "code")
    no = await ann.post("/api/sessions/link", {**body, "code": "000000"})
    no.refused(401, "wrong_password", "code")
    for good in (code_of(secret), codes[0]):
        assert (await ann.post("/api/sessions/link", {**body, "code": good})).status == 200
    assert (await Browser(api).get("/link")).status == 200


async def test_guests_and_programs_make_none(api: Api) -> None:
    ann = await api.register("ann")
    guest = (await api.call("POST", "/api/guest", {})).data["token"]
    body = {"password": PASSWORD}
    (await api.call("POST", "/api/sessions/link", body, token=guest)).refused(403, "forbidden")
    scopes = ["read", "send", "contacts", "groups", "admin"]
    token = (await ann.post("/api/tokens", {"name": "t", "scopes": scopes})).data["token"]
    for method in ("GET", "POST", "DELETE"):
        reply = await api.call(method, "/api/sessions/link", body, token=token)
        reply.refused(403, "forbidden")


async def test_who_is_logged_in_as_someone_else_is_told_and_asked(api: Api) -> None:
    ann, _ = await api.people("ann", "bob")
    made = await make(ann)
    phone = Browser(api)
    before_bob = await ask(phone, made["code"])
    await phone.submit("/", "/login", name="bob", password=PASSWORD)
    bobs = dict(phone.jar)
    asked_again = await answer(phone, before_bob)
    assert asked_again.status == 200, "the question was another one"
    assert "bob 已在这台设备上登录，将被退出" in asked_again.text
    assert (await answer(phone, asked_again)).status == 303
    assert '"name":"ann"' in (await phone.get("/toChat")).text
    phone.jar = bobs
    assert (await phone.get("/toChat")).status == 302, "bob's session on it has ended"


async def test_the_device_that_made_it_does_not_use_it_up(api: Api) -> None:
    ann = await api.register("ann")
    made = await make(ann)
    own = Browser(api)
    own.jar["im_session"] = ann.token
    page = await ask(own, made["code"])
    assert page.status == 200 and "ann 已在这台设备上登录" in page.text
    assert 'name="confirmed"' not in page.text
    assert (await log_in(Browser(api), made["code"])).status == 303


async def test_another_sites_page_can_neither_ask_nor_confirm(api: Api) -> None:
    ann = await api.register("ann")
    made = await make(ann)
    form = {"code": made["code"], "confirmed": f"{ann.id}.0"}
    assert (await api.form("/link", form)).status == 403
    page = await Browser(api).get("/link")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    cookie = {"Cookie": f"im_session={ann.token}"}
    reply = await api.call("POST", "/api/sessions/link", {"password": PASSWORD}, headers=cookie)
    assert reply.status == 403


@pytest.mark.parametrize(
    "overrides",
    [{"limits": {"logins": "3/minute", "logins_per_address": "3/minute"}}],
    ids=["3 a minute"],
)
async def test_codes_are_not_guessed_and_few_links_are_made(api: Api) -> None:
    ann = await api.register("ann")
    made = [await make(ann) for _ in range(3)][-1]
    (await ann.post("/api/sessions/link", {"password": PASSWORD})).refused(429, "rate_limited")
    for _ in range(3):
        assert (await ask(Browser(api), "a" * 26)).status == 404
    limited = await ask(Browser(api), made["code"])
    assert limited.status == 429
