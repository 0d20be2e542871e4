"""Pages on the way in: a code, a new password, an invitation, a link; all without a script."""

from __future__ import annotations

import html
import logging

import pytest

from tests.handlers.api import PASSWORD, Api
from tests.handlers.test_pages import Browser
from tests.handlers.test_second_factor import code, enrol

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.fixture
def browser(api: Api) -> Browser:
    """A browser without a script."""
    return Browser(api)


async def test_the_form_asks_for_a_code_when_one_is_needed(browser: Browser) -> None:
    ann = await browser.api.register("ann")
    secret, _ = await enrol(ann)
    assert 'name="code"' not in (await browser.get("/")).text
    asked = await browser.submit("/", "/login", name="ann", password=PASSWORD)
    assert asked.status == 401 and 'name="code"' in asked.text
    wrong = await browser.submit("/", "/login", name="ann", password=PASSWORD, code="000000")
    assert wrong.status == 401 and 'name="code"' in wrong.text and "000000" not in wrong.text
    done = await browser.submit("/", "/login", name="ann", password=PASSWORD, code=code(secret))
    assert (done.status, done.headers["Location"]) == (303, "/toChat")


async def test_the_form_asks_for_a_password_of_ones_own(browser: Browser) -> None:
    ann, bob = await browser.api.people("ann", "bob")
    body = {"password": "given to bob"}
    assert (await ann.post(f"/api/users/{bob.id}/reset", body)).status == 200
    asked = await browser.submit("/", "/login", name="bob", **body)
    assert asked.status == 403 and 'name="new_password"' in asked.text
    assert "given to bob" not in asked.text
    done = await browser.submit("/", "/login", name="bob", **body, new_password="my own choice")
    assert done.status == 303
    assert (await browser.get("/toChat")).status == 200


@pytest.mark.parametrize(
    "overrides", [{"registration": {"policy": "invitation"}}], ids=["by invitation"]
)
async def test_the_address_of_an_invitation_leads_to_an_account(
    browser: Browser, messenger: object
) -> None:
    api = browser.api
    await messenger.accounts.create(None, "ann", PASSWORD, role="admin")  # type: ignore[attr-defined]
    ann = await api.log_in("ann")
    url = (await ann.post("/api/admin/invitations", {})).data["url"]
    assert url.startswith(api.url)
    assert 'name="invitation"' in (await browser.get("/toRegister")).text
    fields = {"name": "bob", "password": PASSWORD, "repassword": PASSWORD}
    refused = await browser.submit("/toRegister", "/register", **fields, invitation="wrong")
    assert refused.status == 400 and "wrong" in refused.text
    path = url.removeprefix(api.url)
    invitation = path.partition("=")[2]
    assert f'value="{invitation}"' in (await browser.get(path)).text
    done = await browser.submit(path, "/register", **fields, invitation=invitation)
    assert done.status == 303


async def test_the_address_of_a_link_leads_through_registration_into_its_group(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "im.http")
    ann = await browser.api.register("ann")
    group = (await ann.post("/api/groups", {"name": "<b>night</b> shift"})).data["id"]
    link = (await ann.post(f"/api/groups/{group}/link", {})).data
    path = link["url"].removeprefix(browser.api.url)
    assert path == f"/join/{link['code']}"
    asked = await browser.get(path)
    assert asked.headers["Location"] == f"/?next={path}"
    login = (await browser.get(asked.headers["Location"])).text
    register = f"/toRegister?next=%2Fjoin%2F{link['code']}"
    assert f'href="{register}"' in html.unescape(login)
    done = await browser.submit(
        register, "/register", name="bob", password=PASSWORD, repassword=PASSWORD
    )
    assert done.headers["Location"] == path
    page = (await browser.get(path)).text
    assert "&lt;b&gt;night&lt;/b&gt; shift" in page
    joined = await browser.submit(path, path)
    assert (joined.status, joined.headers["Location"]) == (303, f"/toChat#/chats/g:{group}")
    again = await browser.submit(path, path)
    assert again.status == 303, "who is in it already goes there"
    assert (await browser.get("/join/nothing")).status == 404
    assert link["code"] not in caplog.text and "/join/…" in caplog.text


async def test_the_page_of_a_link_says_that_one_has_asked(browser: Browser) -> None:
    ann, bob = await browser.api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    await ann.post(f"/api/groups/{group}", {"approval": True}, method="PATCH")
    path = f"/join/{(await ann.post(f'/api/groups/{group}/link', {})).data['code']}"
    browser.jar["im_session"] = bob.token
    said = await browser.submit(path, path)
    assert (
        said.status == 200
        and "<button" not in said.text.partition("<form method")[2].partition('action="/join')[2]
    )
    waiting = (await ann.get(f"/api/groups/{group}/requests")).data["requests"]
    assert [one["user"]["id"] for one in waiting] == [bob.id]
