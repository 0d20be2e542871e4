"""Where administrators must have a second factor, nobody administers without."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person
from tests.handlers.test_matrix import ADMINS, VERDICTS
from tests.handlers.test_second_factor import enrol

REQUIRED = pytest.mark.parametrize(
    "overrides", [{"admin": {"second_factor": "required"}}], ids=["required"]
)
pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


async def administers(person: Person, token: str = "") -> bool:
    """Whether this person is let in where administrators are, or is told what they lack."""
    token = token or person.token
    reply = await person.api.call("GET", "/api/admin/users", token=token)
    if reply.status != 200:
        assert "两步验证" in reply.refused(403, "forbidden")["message"]
    return reply.status == 200


async def announces(person: Person) -> bool:
    """Whether this person may write to everyone, or is told what they lack."""
    reply = await person.post("/api/messages", {"to": "all", "text": "hello"})
    if reply.status != 200:
        assert "两步验证" in reply.refused(403, "forbidden")["message"]
    return reply.status == 200


async def factor(person: Person) -> Any:
    return (await person.get("/api/me/factor")).data


async def test_it_is_ones_own_choice_by_default(api: Api) -> None:
    ann = await api.register("ann")
    assert await administers(ann) and await announces(ann)
    assert await factor(ann) == {"enabled": False, "required": False}


@REQUIRED
async def test_without_one_no_right_of_an_administrator_is_left(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    assert not await administers(ann) and not await announces(ann)
    role = await ann.post(f"/api/users/{bob.id}", {"role": "admin"}, method="PATCH")
    form = await ann.form("/user/updateUser", id=bob.id, password="yet another")
    token = await ann.post("/api/tokens", {"name": "t", "scopes": ["admin"]})
    for reply in (role, form, token):
        assert "两步验证" in reply.refused(403, "forbidden")["message"]
    await ann.send(f"u:{bob.id}", "chatting goes on")
    assert await factor(ann) == {"enabled": False, "required": True}
    assert await factor(bob) == {"enabled": False, "required": False}
    bare = await bob.get("/api/admin/users")
    assert "两步验证" not in bare.refused(403, "forbidden")["message"], "others lack the role"


@REQUIRED
async def test_no_route_for_administrators_is_open_without(api: Api) -> None:
    ann = await api.register("ann")
    routes = [route for route, (access, _) in VERDICTS.items() if access == ADMINS]
    assert len(routes) > 10
    for route in routes:
        method, path = re.sub(r"\{\w+\}", "1", route).split()
        reply = await api.call(method, path, None if method == "GET" else {}, token=ann.token)
        assert "两步验证" in reply.refused(403, "forbidden")["message"], route


@REQUIRED
async def test_with_one_all_works_at_once_and_until_it_goes(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    _, codes = await enrol(ann)
    assert await administers(ann) and await announces(ann)
    assert (await ann.post(f"/api/users/{bob.id}", {"role": "admin"}, method="PATCH")).status == 200
    assert not await administers(bob), "the role alone is not enough"
    program = (await ann.post("/api/tokens", {"name": "t", "scopes": ["admin"]})).data["token"]
    assert await administers(ann, program)
    off = {"password": PASSWORD, "code": codes[0]}
    assert (await ann.post("/api/me/factor/off", off)).status == 200
    assert not await administers(ann) and not await announces(ann)
    assert not await administers(ann, program), "a token is no way around"
    await enrol(ann)
    assert await administers(ann) and await administers(ann, program) and await announces(ann)


@REQUIRED
async def test_whose_factor_is_taken_away_administers_no_more(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await enrol(ann)
    await ann.post(f"/api/users/{bob.id}", {"role": "admin"}, method="PATCH")
    await enrol(bob)
    assert await administers(bob)
    body = {"password": "given to her", "second_factor": True}
    assert (await ann.post(f"/api/users/{bob.id}/reset", body)).status == 200
    login = {"name": "bob", "password": "given to her", "new_password": PASSWORD}
    token = (await api.call("POST", "/api/login", login)).data["token"]
    assert not await administers(bob, token)
