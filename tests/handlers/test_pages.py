"""Pages: forms that work without a script, and what another site's page cannot do."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from tests.handlers.api import PASSWORD, Api, Reply, cookie_header, cookies

pytestmark = pytest.mark.gen_test(timeout=30)

MARKUP = "<b>'\"&</b>"


class Browser:
    """Keeps cookies and fills in forms, without a script."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.jar: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> Reply:
        return self._keep(
            await self.api.call("GET", path, headers={**cookie_header(self.jar), **headers})
        )

    async def submit(self, page: str, action: str, **fields: Any) -> Reply:
        """Open a page and submit its form with these values."""
        form = next(
            found
            for found in re.findall(r"<form\b.*?</form>", (await self.get(page)).text, re.S)
            if re.search(rf'action="{action}"', found)
        )
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        given = {name: html.unescape(value) for name, value in hidden.items()} | fields
        return self._keep(await self.api.form(action, given, cookie_header(self.jar)))

    def _keep(self, reply: Reply) -> Reply:
        for name, value in cookies(reply).items():
            if value:
                self.jar[name] = value
            else:
                self.jar.pop(name, None)
        return reply


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


async def test_one_registers_logs_out_and_in_without_a_script(browser: Browser) -> None:
    fields = {"name": "小红", "password": PASSWORD, "repassword": PASSWORD}
    reply = await browser.submit("/toRegister", "/register", **fields)
    assert (reply.status, reply.headers["Location"]) == (303, "/toChat")
    chat = await browser.get("/toChat")
    assert chat.status == 200 and "小红" in chat.text
    assert (await browser.get("/")).status == 302, "who is logged in goes on to the chat"
    form = {"_xsrf": browser.jar["_xsrf"]}
    reply = browser._keep(await browser.api.form("/logout", form, cookie_header(browser.jar)))
    assert reply.status == 303 and "im_session" not in browser.jar
    assert (await browser.get("/toChat")).headers["Location"] == "/?next=/toChat"
    for page in ("/", "/index"):
        reply = await browser.submit(page, "/login", name="小红", password=PASSWORD)
        assert reply.status == 303
        assert (await browser.get("/toChat")).status == 200
        browser.jar.pop("im_session")


@pytest.mark.parametrize("overrides", [{"registration": {"password_min": 11}}], ids=["11"])
async def test_the_form_says_beforehand_how_long_a_password_is(browser: Browser) -> None:
    assert (await browser.get("/toRegister")).text.count("密码至少 11 个字符") == 1


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    reply = await browser.submit(
        "/toRegister", "/register", name="ann", password=PASSWORD, repassword=PASSWORD
    )
    (line,) = [
        line
        for line in reply.headers.get_list("Set-Cookie")  # type: ignore[attr-defined]
        if line.startswith("im_session=")
    ]
    assert "HttpOnly" in line and "SameSite=Lax" in line


async def test_a_guest_comes_in_and_registers_without_a_script(browser: Browser) -> None:
    reply = await browser.submit("/", "/guest", name="")
    assert reply.status == 303
    assert "访客 " in (await browser.get("/toChat")).text
    fields = {"name": "gina", "password": PASSWORD, "repassword": PASSWORD}
    reply = await browser.submit("/toRegister", "/register", **fields)
    assert reply.status == 303
    assert (await browser.api.log_in("gina")).id == 1


async def test_a_form_is_shown_again_with_what_was_wrong_and_what_was_typed(
    browser: Browser,
) -> None:
    fields = {"name": MARKUP, "phone": "123", "password": PASSWORD, "repassword": PASSWORD}
    reply = await browser.submit("/toRegister", "/register", **fields)
    assert reply.status == 400
    assert "请输入 11 位手机号" in reply.text
    assert MARKUP not in reply.text and html.unescape(reply.text).count(MARKUP) >= 1
    assert PASSWORD not in reply.text
    reply = await browser.submit("/", "/login", name=MARKUP, password="wrong one")
    assert reply.status == 401 and "用户名或密码不对" in reply.text
    assert MARKUP not in reply.text and "wrong one" not in reply.text


async def test_a_name_that_looks_like_markup_is_shown_as_text(browser: Browser) -> None:
    name = "</script><img src=x>"
    reply = await browser.submit(
        "/toRegister", "/register", name=name, password=PASSWORD, repassword=PASSWORD
    )
    assert reply.status == 303
    assert "<img src=x" not in (await browser.get("/toChat")).text


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/toChat?c=p:1:2", "/toChat?c=p:1:2"),
        ("//evil.example", "/toChat"),
        ("/\\evil.example", "/toChat"),
        ("\\\\evil.example", "/toChat"),
        ("http://evil.example", "/toChat"),
        ("https:evil.example", "/toChat"),
        ("javascript:alert(1)", "/toChat"),
        ("/\t/evil.example", "/toChat"),
        ("/\n/evil.example", "/toChat"),
        ("/a\r\nSet-Cookie: x=1", "/toChat"),
        (" //evil.example", "/toChat"),
        ("", "/toChat"),
        ("/%2f/evil.example", "/%2f/evil.example"),
    ],
)
async def test_after_the_log_in_one_stays_on_this_site(
    browser: Browser, wanted: str, goes: str
) -> None:
    await browser.api.register("ann")
    reply = await browser.submit("/", "/login", name="ann", password=PASSWORD, next=wanted)
    assert (reply.status, reply.headers["Location"]) == (303, goes)
    assert "Set-Cookie: x" not in str(reply.headers)


async def test_forms_without_the_xsrf_token_do_nothing(browser: Browser) -> None:
    api = browser.api
    await api.register("ann")
    for path, fields in (
        ("/login", {"name": "ann", "password": PASSWORD}),
        ("/register", {"name": "b", "password": PASSWORD, "repassword": PASSWORD}),
        ("/guest", {}),
        ("/preferences", {"language": "en"}),
        ("/logout", {}),
    ):
        for extra in ({}, {"_xsrf": "wrong"}, {"_xsrf": ""}):
            reply = await api.form(path, {**fields, **extra})
            assert reply.status == 403, path
            assert "im_session" not in cookies(reply)


async def test_the_api_asks_cookie_users_for_the_xsrf_token(browser: Browser) -> None:
    api = browser.api
    ann = await api.register("ann")
    await browser.get("/")
    browser.jar["im_session"] = ann.token
    body = {"name": "g"}
    headers = cookie_header(browser.jar)
    (await api.call("POST", "/api/groups", body, headers=headers)).refused(403, "forbidden")
    for wrong in ("", "wrong", browser.jar["_xsrf"][:-1] + "x"):
        refused = await api.call(
            "POST", "/api/groups", body, headers={**headers, "X-XSRFToken": wrong}
        )
        refused.refused(403, "forbidden")
    for bearer in ("", "Bearer", "Bearer ", "Basic x"):
        refused = await api.call(
            "POST", "/api/groups", body, headers={**headers, "Authorization": bearer}
        )
        refused.refused(403, "forbidden")
    right = {**headers, "X-XSRFToken": browser.jar["_xsrf"]}
    assert (await api.call("POST", "/api/groups", body, headers=right)).status == 200
    for method, path in (
        ("DELETE", "/api/me"),
        ("PATCH", "/api/me"),
        ("PUT", "/api/contacts/9/block"),
    ):
        (await api.call(method, path, {}, headers=headers)).refused(403, "forbidden")
    assert (await api.call("GET", "/api/me", headers=headers)).data["name"] == "ann"


async def test_another_sites_page_can_post_nothing(browser: Browser) -> None:
    api = browser.api
    ann = await api.register("ann")
    await browser.get("/")
    browser.jar["im_session"] = ann.token
    right = {**cookie_header(browser.jar), "X-XSRFToken": browser.jar["_xsrf"]}
    for foreign in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        for path in ("/api/groups", "/api/login", "/api/register", "/api/guest"):
            reply = await api.call("POST", path, {"name": "g"}, headers={**right, **foreign})
            reply.refused(403, "forbidden")
    own = {**right, "Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    assert (await api.call("POST", "/api/groups", {"name": "g"}, headers=own)).status == 200


async def test_pages_speak_the_language_of_the_cookie_or_the_browser(browser: Browser) -> None:
    assert 'lang="zh-CN"' in (await browser.get("/")).text
    assert 'lang="en"' in (await browser.get("/", **{"Accept-Language": "en-GB"})).text
    await browser.get("/")
    form = {"_xsrf": browser.jar["_xsrf"], "language": "en", "next": "//evil.example"}
    reply = browser._keep(await browser.api.form("/preferences", form, cookie_header(browser.jar)))
    assert (reply.status, reply.headers["Location"]) == (303, "/toChat")
    assert 'lang="en"' in (await browser.get("/")).text


async def test_every_answer_has_the_headers_that_protect(browser: Browser) -> None:
    pages = 0
    paths = ("/", "/toRegister", "/nothing", "/api/me", "/api/nothing", "/user/createUser")
    for path in (*paths, "/healthz", "/readyz", "/static/nothing.js", "/static/%00"):
        reply = await browser.get(path)
        policy = reply.headers["Content-Security-Policy"]
        is_page = reply.headers["Content-Type"].startswith("text/html")
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        if is_page:
            assert "; script-src 'self'; " in policy
            assert policy.endswith("; require-trusted-types-for 'script'")
            assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "geolocation=()" in reply.headers["Permissions-Policy"]
        pages += is_page
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert "Server" not in reply.headers
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", reply.text)
        assert not re.search(r"\son\w+=|\sstyle=", reply.text)
    assert pages == 3


async def test_what_is_not_there_is_404_as_a_page_or_as_json(browser: Browser) -> None:
    page = await browser.get("/<script>alert(1)</script>")
    assert page.status == 404 and "<script>alert" not in page.text
    assert "这个地址没有内容" in page.text
    (await browser.get("/api/nothing")).refused(404, "not_found")
    for path in ("/static/../im/app.py", "/static/%2e%2e/run.py", "/static//etc/passwd"):
        assert (await browser.get(path)).status in (400, 403, 404), path


@pytest.mark.parametrize("path", ["/api/me", "/api/groups", "/api/login", "/", "/toChat"])
async def test_a_method_that_a_route_is_not_for_is_405_with_those_that_it_is_for(
    browser: Browser, path: str
) -> None:
    reply = await browser.api.call("PUT", path, {})
    if path in ("/", "/toChat"):
        assert reply.status == 403, "pages ask for the token of their forms first"
        return
    reply.refused(405, "method_not_allowed")
    assert "PUT" not in reply.headers["Allow"] and len(reply.headers["Allow"]) > 2


async def test_the_log_in_tells_a_browser_that_its_account_was_deleted(
    browser: Browser, api: Api
) -> None:
    master, ann, bob = await api.people("master", "ann", "bob")
    assert "data-departed" not in (await browser.get("/")).text
    session = (await bob.get("/api/sessions")).data["sessions"][0]["id"]
    assert (await bob.post(f"/api/sessions/{session}", method="DELETE")).status == 200
    assert (await master.post(f"/api/users/{ann.id}", method="DELETE")).status == 200
    for person, deleted in ((bob, False), (ann, True)):
        browser.jar["im_session"] = person.token
        assert (await browser.get("/toChat")).headers["Location"] == "/?next=/toChat"
        told = f'data-departed="{person.id}"' in (await browser.get("/?next=/toChat")).text
        assert told is deleted
