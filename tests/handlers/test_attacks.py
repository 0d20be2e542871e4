"""Whoever has an account, or none, gets nothing that is not theirs, whatever they send."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from im.app import Messenger
from im.services.passwords import Passwords
from im.services.second_factor import SecondFactor
from tests.handlers import samples
from tests.handlers.api import PASSWORD, Api, Person, Reply
from tests.handlers.test_accounts import register
from tests.handlers.test_matrix import VERDICTS
from tests.handlers.test_pages import Browser, cookie_header, cookies
from tests.handlers.test_second_factor import enrol

pytestmark = pytest.mark.gen_test(timeout=120)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_session_that_was_planted_is_not_the_one_after_the_log_in(api: Api) -> None:
    ann, eve = await api.people("ann", "eve")
    browser = Browser(api)
    await browser.get("/")
    browser.jar["im_session"] = eve.token
    headers = {**cookie_header(browser.jar), "X-XSRFToken": browser.jar["_xsrf"]}
    body = {"name": "ann", "password": PASSWORD}
    reply = await api.call("POST", "/api/login", body, headers=headers)
    token = reply.data["token"]
    assert cookies(reply)["im_session"] == token and token not in (ann.token, eve.token)
    (await eve.get("/api/me")).refused(401, "unauthorized")
    assert (await api.call("GET", "/api/me", token=token)).data["name"] == "ann"


@pytest.mark.parametrize(
    "overrides", [{"limits": {"logins_per_address": "4/minute"}}], ids=["4 a minute"]
)
async def test_one_password_is_not_tried_with_all_names(api: Api) -> None:
    ann = await api.register("ann")
    for number in range(4):
        body = {"name": f"p{number}", "password": "123456789"}
        (await api.call("POST", "/api/login", body)).refused(401, "wrong_password")
    right = {"name": "ann", "password": PASSWORD}
    (await api.call("POST", "/api/login", right)).refused(429, "rate_limited")
    assert (await ann.get("/api/me")).status == 200, "who is logged in stays so"


BURST = 10
"""Calls at once: as many as the client makes."""


@contextmanager
def counted(kind: type, name: str) -> Iterator[list[object]]:
    """The calls of a method, which does what it does."""
    calls: list[object] = []
    method = getattr(kind, name)

    async def counting(*given: Any, **named: Any) -> Any:
        calls.append(given)
        return await method(*given, **named)

    with patch.object(kind, name, counting):
        yield calls


@pytest.mark.parametrize("overrides", [{"limits": {"logins": "3/minute"}}], ids=["3 a minute"])
async def test_guesses_at_once_are_no_more_than_guesses_one_after_the_other(api: Api) -> None:
    _, bob = await api.people("ann", "bob")
    guesses = [{"name": "bob", "password": f"guess {number}"} for number in range(BURST)]
    with counted(Passwords, "verify") as looked_at:
        await asyncio.gather(*(api.call("POST", "/api/login", each) for each in guesses))
        assert len(looked_at) == 3
        own = [{"password": guess["password"]} for guess in guesses]
        await asyncio.gather(*(bob.post("/api/me", each, "DELETE") for each in own))
        assert len(looked_at) == 2 * 3


@pytest.mark.parametrize("overrides", [{"limits": {"logins": "3/minute"}}], ids=["3 a minute"])
async def test_codes_at_once_are_no_more_than_codes_one_after_the_other(api: Api) -> None:
    ann = await api.register("ann")
    await enrol(ann)
    guesses = [{"password": PASSWORD, "code": f"no {number}"} for number in range(BURST)]
    with counted(SecondFactor, "use") as looked_at:
        await asyncio.gather(*(ann.post("/api/me/factor/off", each) for each in guesses))
        assert len(looked_at) == 3
        guesses = [{"name": "ann", **each} for each in guesses]
        await asyncio.gather(*(api.call("POST", "/api/login", each) for each in guesses))
        assert len(looked_at) == 2 * 3


@pytest.mark.parametrize("overrides", [{"limits": {"registrations": "3/hour"}}], ids=["3 an hour"])
async def test_names_are_not_found_out_by_registering_and_no_more_accounts_made_at_once(
    api: Api,
) -> None:
    await api.register("ann")
    (await register(api, name="ann")).refused(409, "taken", "name")
    replies = await asyncio.gather(*(register(api, name=f"p{n}") for n in range(BURST)))
    assert sorted({reply.status for reply in replies}) == [200, 429]
    assert [reply.status for reply in replies].count(200) == 1
    (await register(api, name="ann")).refused(429, "rate_limited")


# What is somebody else's


OPEN = {
    # What everyone with an account may see and do of others.
    "GET /api/users/{user}",
    "PATCH /api/contacts/{user}",
    "DELETE /api/contacts/{user}",
    "PUT /api/contacts/{user}/block",
    "DELETE /api/contacts/{user}/block",
    "POST /hook/{secret}",
}


async def belongings(ann: Person, bob: Person) -> dict[str, str]:
    """Numbers of what is Ann's, by the words of the routes."""
    group = (await ann.post("/api/groups", {"name": "ours", "members": [bob.id]})).data["id"]
    file = (await ann.upload(samples.picture("PNG"))).data["id"]
    shown = {"to": f"g:{group}", "media": "picture", "file": file, "text": "secret words"}
    assert (await ann.post("/api/messages", shown)).status == 200
    await ann.send(f"u:{bob.id}", "secret words")
    replies = (await ann.post("/api/quick-replies", {"text": "secret words"})).data["replies"]
    token = (await ann.post("/api/tokens", {"name": "t", "scopes": ["read"]})).data["id"]
    webhook = (await ann.post(f"/api/groups/{group}/webhooks", {"name": "w"})).data["id"]
    invitation = (await ann.post("/api/admin/invitations", {"uses": 2, "days": 2})).data["id"]
    sessions = (await ann.get("/api/sessions")).data["sessions"]
    return {
        "group": str(group),
        "file": str(file),
        "reply": str(replies[-1]["id"]),
        "token": str(token),
        "webhook": str(webhook),
        "invitation": str(invitation),
        "session": str(sessions[0]["id"]),
        "user": str(ann.id),
        "secret": "x",
    }


async def all_of(ann: Person, hers: dict[str, str]) -> list[Any]:
    """What Ann sees of what is hers."""
    group, paths = hers["group"], ("quick-replies", "tokens", "contacts", "me", "admin/invitations")
    found = [(await ann.get(f"/api/{path}")).data for path in paths]
    for path in ("", "/members", "/webhooks"):
        found.append((await ann.get(f"/api/groups/{group}{path}")).data)
    found.append((await ann.get("/api/messages", conv=f"g:{group}")).data)
    found.append((await ann.fetch(f"/api/media/{hers['file']}")).body)
    return found


async def test_nothing_of_others_is_had_by_its_number(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    hers = await belongings(ann, bob)
    before = re.sub(r'"seen_at": \d+', "", str(await all_of(ann, hers)))
    got: list[str] = []
    tried = 0
    for route in VERDICTS:
        method, path = route.split()
        if "{" not in path or route in OPEN:
            continue
        tried += 1
        address = re.sub(r"\{(\w+)\}", lambda found: hers[found[1]], path)
        for body in (None, {}, {"role": "admin", "minutes": 1, "text": "x", "name": "x"}):
            reply = await api.call(method, address, body, token=eve.token)
            if reply.status not in (400, 403, 404, 409) or b"secret words" in reply.body:
                got.append(f"{route}: {reply.status} {reply.body[:100]!r}")
    assert got == [] and tried >= 35
    assert re.sub(r'"seen_at": \d+', "", str(await all_of(ann, hers))) == before


async def test_no_conversation_of_others_is_read_marked_changed_or_searched(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    hers = await belongings(ann, bob)
    low, high = sorted((ann.id, bob.id))
    names = (f"g:{hers['group']}", f"u:{low}:{high}", f"p:{low}:{high}", f"{low}-{high}", "u:0")
    names = (*names, f"g:{hers['group']} ", f"G:{hers['group']}", f"u:{bob.id},u:{ann.id}", "%")
    for conv in names:
        place = {"conv": conv, "seq": 1}
        replies: list[Reply] = [
            await eve.get("/api/messages", conv=conv),
            await eve.get("/api/messages", conv=conv, around=1),
            await eve.get("/api/search/messages", q="secret", conv=conv),
            await eve.post("/api/messages/read", place),
            await eve.post("/api/messages/recall", place),
            await eve.post("/api/messages", {**place, "text": "x"}, method="PATCH"),
        ]
        for reply in replies:
            assert reply.status in (400, 403, 404), (conv, reply.text)
            assert b"secret words" not in reply.body
    assert (await eve.get("/api/search/messages", q="secret")).data["hits"] == []
    for form in ({"userIdA": ann.id, "userIdB": bob.id}, {"userIdA": bob.id, "userIdB": ann.id}):
        reply = await eve.form("/user/redisMsg", **form, start=0, end=9)
        assert "secret words" not in reply.text


# What a caller may not say of themselves


MORE = {
    "id": 1,
    "role": "admin",
    "kind": "bot",
    "is_admin": True,
    "disabled": False,
    "must_change_password": False,
    "password_hash": "x",
    "scopes": "admin",
    "owner": 1,
    "owner_id": 1,
    "sender": 1,
    "from": 1,
    "created_at": 1,
    "time": 1,
    "seq": 900,
}


async def test_what_is_not_to_be_said_by_a_caller_is_passed_over(api: Api) -> None:
    ann = await api.register("ann")
    account = {"name": "eve", "password": PASSWORD, "repassword": PASSWORD}
    made = (await api.call("POST", "/api/register", {**account, **MORE})).data
    eve = Person(made["user"]["id"], "eve", made["token"], api)
    await eve.post("/api/me", {"note": "n", **MORE}, method="PATCH")
    guest = (await api.call("POST", "/api/guest", {"name": "gus", **MORE})).data["user"]
    (await api.form("/user/createUser", {**account, "name": "eva", **MORE})).data  # noqa: B018
    for person in (await ann.get("/api/admin/users")).data["users"]:
        expected = "admin" if person["id"] == ann.id else "user"
        assert person["role"] == expected, person
        assert person["kind"] == ("guest" if person["id"] == guest["id"] else "user")
    (await eve.get("/api/admin/users")).refused(403, "forbidden")
    group = (await eve.post("/api/groups", {"name": "g", "members": [ann.id], **MORE})).data["id"]
    roles = (await eve.get(f"/api/groups/{group}/members")).data["members"]
    assert {each["user"]["id"]: each["role"] for each in roles} == {
        eve.id: "owner",
        ann.id: "member",
    }
    sent = (await eve.post("/api/messages", {"to": f"g:{group}", "text": "t", **MORE})).data
    assert sent["seq"] < 900
    entries = (await ann.get("/api/messages", conv=f"g:{group}")).data["entries"]
    assert entries[-1]["from"] == eve.id and entries[-1]["time"] > 1


# What costs more to understand than to send


async def test_a_body_that_would_unfold_is_not_unfolded(api: Api) -> None:
    await api.register("ann")
    body = json.dumps({"name": "ann", "password": PASSWORD}).encode()
    bomb = gzip.compress(body + b" " * 20_000_000)
    for coding in ("gzip", "deflate", "br", "zstd"):
        for data in (gzip.compress(body), bomb):
            headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
            reply = await api.call("POST", "/api/login", data, headers=headers)
            reply.refused(400, "malformed")


DEEP = {
    "lists": (b"[" * 200_000, "application/json"),
    "objects": (b'{"name":' * 50_000, "application/json"),
    "a field of its own": (b'{"x":' + b"[" * 200_000, "application/json"),
    "many fields": (b"&".join(b"a%d=" % n for n in range(60_000)), FORM["Content-Type"]),
    "many parts": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 8000 + b"--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "many headers of a part": (
        b"--x\r\n" + b"A: b\r\n" * 80_000 + b"\r\n\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
}


@pytest.mark.parametrize("deep", DEEP)
async def test_what_is_nested_or_numerous_beyond_reason_is_refused(
    api: Api, deep: str, caplog: pytest.LogCaptureFixture
) -> None:
    data, kind = DEEP[deep]
    for path in ("/api/login", "/user/findUserByNameAndPwd"):
        reply = await api.call("POST", path, data, headers={"Content-Type": kind})
        assert reply.status == 400, reply.text
    assert "Traceback" not in caplog.text


# What leaves the place that it was meant for


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "OPTIONS"])
async def test_a_method_that_nobody_needs_is_refused(api: Api, method: str) -> None:
    ann = await api.register("ann")
    for path in ("/api/me", "/", "/static/start.js", "/healthz"):
        reply = await api.call(method, path, token=ann.token)
        assert reply.status in (400, 405), (path, reply.status)
        assert ann.token.encode() not in reply.body
        assert not any(name.startswith("Access-Control-") for name in reply.headers)


@pytest.mark.parametrize("path", ["/", "/toRegister", "/join/", "/preferences", "/secure"])
async def test_no_line_of_an_address_becomes_a_header(api: Api, path: str) -> None:
    for hostile in ("%0d%0aSet-Cookie:%20a=b", "%0aX-Evil:%20b", "%E5%98%8A%E5%98%8DX-Evil:b"):
        for address in (path + hostile, f"{path}?next=/{hostile}&invitation={hostile}"):
            reply = await api.call("GET", address)
            assert "X-Evil" not in reply.headers
            assert "a" not in cookies(reply), reply.headers


async def test_a_fault_is_told_without_its_cause_and_the_log_has_no_secret(
    api: Api, messenger: Messenger, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    ann = await api.register("ann")

    async def fails(*_: Any) -> None:
        raise ValueError("SELECT secret FROM cause")

    monkeypatch.setattr(type(messenger.people.tokens), "of", fails)
    reply = await ann.get("/api/tokens", password="typed into the address")
    reply.refused(500, "internal")
    assert "cause" not in reply.text and "Traceback" not in reply.text
    assert "SELECT secret FROM cause" in caplog.text
    assert ann.token not in caplog.text and "typed into" not in caplog.text
    caplog.clear()
