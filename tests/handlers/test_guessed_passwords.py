"""A password that is soon guessed is refused wherever one is chosen or given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.api import PASSWORD, Api, Reply
from tests.handlers.test_pages import Browser

pytestmark = pytest.mark.gen_test(timeout=30)

USED = "Passw0rd1"
"""One of the most used, which is long enough."""


def twice(password: str, **more: Any) -> dict[str, Any]:
    return {"password": password, "repassword": password, **more}


def guessed(reply: Reply, field: str = "password", hint: str = "几个互不相关的词") -> None:
    """Refused with a word on how to make a better one."""
    assert hint in reply.refused(400, "invalid", field)["message"], reply.text


async def test_it_is_refused_to_all_who_choose_one(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    guessed(await api.call("POST", "/api/register", twice(USED, name="cyd")))
    guessed(await api.form("/user/createUser", twice(USED, name="cyd")))
    guest = (await api.call("POST", "/api/guest", {})).data["token"]
    guessed(await api.call("POST", "/api/me/register", twice(USED, name="cyd"), token=guest))
    change = {"password": PASSWORD, "new_password": USED, "repassword": USED}
    guessed(await bob.post("/api/me/password", change), "new_password")
    guessed(await bob.form("/user/updateUser", id=bob.id, password=USED))
    given = (await ann.post(f"/api/users/{bob.id}/reset", {})).data["password"]
    login = {"name": "bob", "password": given, "new_password": USED}
    guessed(await api.call("POST", "/api/login", login), "new_password")
    login["new_password"] = PASSWORD
    assert (await api.call("POST", "/api/login", login)).status == 200, "the given one still opens"
    assert (await api.register("cyd")).name == "cyd", "nothing was made by the refusals"


async def test_it_is_refused_to_administrators_who_give_one(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    guessed(await ann.post("/api/users", {"name": "cyd", "password": USED}))
    guessed(await ann.post(f"/api/users/{bob.id}/reset", {"password": USED}))
    guessed(await ann.form("/user/updateUser", id=bob.id, password=USED))
    assert (await bob.get("/api/me")).status == 200, "no session has ended"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("xiaohong", "Xiaohong2024"),
        ("Ann Lee", "leeann-1990"),
        ("张伟", "张伟张伟张伟123"),
        ("ann", "im-im-im-im"),
        ("ann", "13912345678"),
        ("ann", "ann@example.com"),
        ("ann", "chat-chat-lan"),
        ("ann", "Hospital-2024"),
    ],
)
@pytest.mark.parametrize(
    "overrides",
    [{"tls": {"names": ["chat.lan"]}, "registration": {"password_words": ["hospital"]}}],
    ids=["chat.lan of a hospital"],
)
async def test_what_others_know_is_no_password(api: Api, name: str, password: str) -> None:
    known = {"name": name, "phone": "13912345678", "email": "ann@example.com"}
    guessed(await api.call("POST", "/api/register", twice(password, **known)))
    own = f"{password}, three ships"
    assert (await api.call("POST", "/api/register", twice(own, **known))).status == 200


async def test_ones_new_name_is_known_when_the_password_is_changed(api: Api) -> None:
    bob = await api.register("bob")
    old = {"password": PASSWORD, "new_password": "margarethe-1", "repassword": "margarethe-1"}
    await bob.post("/api/me", {"name": "Margarethe"}, method="PATCH")
    guessed(await bob.post("/api/me/password", old), "new_password")


async def test_the_form_says_it_beside_the_field_in_both_languages(api: Api) -> None:
    for language, hint in (("zh", "几个互不相关的词"), ("en", "several words")):
        browser = Browser(api)
        browser.jar["im_lang"] = language
        page = await browser.submit("/toRegister", "/register", **twice(USED, name="ann"))
        assert page.status == 400 and hint in page.text
        assert 'aria-invalid="true"' in page.text and USED not in page.text


@pytest.mark.parametrize(
    "overrides", [{"registration": {"password_guesses": 0}}], ids=["any password"]
)
async def test_a_server_may_take_any_password_that_is_long_enough(api: Api) -> None:
    (await api.call("POST", "/api/register", twice("1234567", name="x"))).refused(400, "invalid")
    assert (await api.call("POST", "/api/register", twice("12345678", name="x"))).status == 200
