"""A second factor: asked for at each log-in, good once, and never guessed."""

from __future__ import annotations

import re
import time
from base64 import b32decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person, Reply

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


def code(secret: str, seconds: float = 0) -> str:
    """What the app shows so many seconds from now."""
    totp = TOTP(b32decode(secret), 6, SHA1(), 30)  # noqa: S303
    return totp.generate(int(time.time() + seconds)).decode()


async def enrol(person: Person) -> tuple[str, list[str]]:
    """Turn the second factor on: the secret, and the recovery codes."""
    secret = (await person.post("/api/me/factor")).data["secret"]
    body = {"password": PASSWORD, "secret": secret, "code": code(secret, -60)}
    codes: list[str] = (await person.post("/api/me/factor", body, method="PUT")).data["codes"]
    return secret, codes


async def log_in(api: Api, **more: Any) -> Reply:
    """Log in as ann."""
    return await api.call("POST", "/api/login", {"name": "ann", "password": PASSWORD, **more})


async def test_a_code_is_asked_for_after_the_password_and_is_good_once(api: Api) -> None:
    ann = await api.register("ann")
    secret, _ = await enrol(ann)
    assert (await ann.get("/api/me/factor")).data == {"enabled": True, "required": False}
    (await log_in(api)).refused(401, "code_needed", "code")
    (await log_in(api, password="wrong", code=code(secret))).refused(401, "wrong_password")
    form = {"name": "ann", "password": PASSWORD}
    (await api.form("/user/findUserByNameAndPwd", form)).refused(401, "code_needed")
    now = code(secret)
    assert (await log_in(api, code=f" {now[:3]} {now[3:]} ")).status == 200
    (await log_in(api, code=now)).refused(401, "wrong_password", "code")
    # A code from before it is good no more, one after it is.
    (await log_in(api, code=code(secret, -30))).refused(401, "wrong_password", "code")
    assert (await log_in(api, code=code(secret, 30))).status == 200


async def test_the_code_that_turned_it_on_opens_nothing(api: Api) -> None:
    ann = await api.register("ann")
    secret = (await ann.post("/api/me/factor")).data["secret"]
    used = code(secret)
    body = {"password": PASSWORD, "secret": secret, "code": used}
    assert (await ann.post("/api/me/factor", body, method="PUT")).status == 200
    (await log_in(api, code=used)).refused(401, "wrong_password", "code")


async def test_a_recovery_code_is_good_once(api: Api) -> None:
    ann = await api.register("ann")
    _, codes = await enrol(ann)
    assert len(set(codes)) == 10
    assert all(len(b32decode(each.replace("-", "").upper())) * 8 >= 112 for each in codes)
    assert (await log_in(api, code=codes[3].upper())).status == 200
    (await log_in(api, code=codes[3])).refused(401, "wrong_password", "code")
    assert (await log_in(api, code=codes[4].replace("-", ""))).status == 200


async def test_turning_it_on_and_off_asks_for_the_password_and_a_code(api: Api) -> None:
    ann = await api.register("ann")
    secret = (await ann.post("/api/me/factor")).data["secret"]
    assert (await log_in(api)).status == 200, "it is not on yet"
    body = {"password": PASSWORD, "secret": secret, "code": code(secret)}
    for change, status, error, field in (
        ({"password": "wrong"}, 401, "wrong_password", "password"),
        ({"code": "12345x"}, 400, "invalid", "code"),
        ({"secret": "ABC"}, 400, "invalid", "secret"),
    ):
        reply = await ann.post("/api/me/factor", {**body, **change}, method="PUT")
        reply.refused(status, error, field)
    far = await ann.post("/api/me/factor", {**body, "code": code(secret, 600)}, method="PUT")
    message = far.refused(400, "invalid", "code")["message"]
    (seconds,) = [int(number) for number in re.findall(r"\d+", message)]
    assert 540 <= seconds <= 600, "the clocks differ, and it says by how much"
    assert (await ann.post("/api/me/factor", body, method="PUT")).status == 200
    (await ann.post("/api/me/factor")).refused(409, "already_exists")
    off = {"password": PASSWORD, "code": "000000"}
    (await ann.post("/api/me/factor/off", off)).refused(401, "wrong_password", "code")
    off["code"] = code(secret, 30)
    assert (await ann.post("/api/me/factor/off", off)).status == 200
    assert (await log_in(api)).status == 200


@pytest.mark.parametrize("overrides", [{"limits": {"logins": "3/minute"}}], ids=["3 a minute"])
async def test_codes_are_not_guessed(api: Api) -> None:
    ann = await api.register("ann")
    secret, _ = await enrol(ann)
    for _ in range(3):
        (await log_in(api, code="000000")).refused(401, "wrong_password", "code")
    (await log_in(api, code=code(secret))).refused(429, "rate_limited")


async def test_an_administrator_takes_away_what_was_lost(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await enrol(bob)
    body = {"password": "given to bob", "second_factor": True}
    assert (await ann.post(f"/api/users/{bob.id}/reset", body)).status == 200
    login = {"name": "bob", "password": "given to bob", "new_password": "another one"}
    assert (await api.call("POST", "/api/login", login)).status == 200


async def test_with_both_asked_for_the_code_is_not_used_up_in_vain(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    secret, _ = await enrol(bob)
    await ann.post(f"/api/users/{bob.id}/reset", {"password": "given to bob"})
    login = {"name": "bob", "password": "given to bob", "code": code(secret)}
    (await api.call("POST", "/api/login", login)).refused(403, "password_change_needed")
    login["new_password"] = "another one"
    assert (await api.call("POST", "/api/login", login)).status == 200


async def test_guests_and_programs_have_none(api: Api) -> None:
    ann = await api.register("ann")
    guest = (await api.call("POST", "/api/guest", {})).data["token"]
    reply = await api.call("POST", "/api/me/factor", token=guest)
    reply.refused(403, "forbidden")
    body = {"name": "t", "scopes": ["read", "send", "admin"]}
    token = (await ann.post("/api/tokens", body)).data["token"]
    (await api.call("POST", "/api/me/factor", token=token)).refused(403, "forbidden")
