"""Who may call what: every route of the API times every kind of caller.

The table below is the verdict. A route that is not in it fails, and so does one whose document or
behaviour says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from handlers.application import API, TUTORIAL
from handlers.openapi import document
from im.app import Messenger
from im.protocol.client import ClientFrame
from im.protocol.scopes import FRAME_SCOPES, SCOPES, Scope
from im.store import users
from tests.handlers.api import Api

pytestmark = pytest.mark.gen_test(timeout=120)

ANYONE = "anyone"
PEOPLE = "people"
ADMINS = "admins"

VERDICTS: dict[str, tuple[str, Scope | None]] = {
    "POST /api/register": (ANYONE, None),
    "POST /api/login": (ANYONE, None),
    "POST /api/guest": (ANYONE, None),
    "POST /api/logout": (PEOPLE, None),
    "GET /api/me": (PEOPLE, "read"),
    "PATCH /api/me": (PEOPLE, None),
    "DELETE /api/me": (PEOPLE, None),
    "POST /api/me/password": (PEOPLE, None),
    "POST /api/me/register": (PEOPLE, None),
    "GET /api/sessions": (PEOPLE, None),
    "DELETE /api/sessions": (PEOPLE, None),
    "DELETE /api/sessions/{session}": (PEOPLE, None),
    "GET /api/sessions/link": (PEOPLE, None),
    "POST /api/sessions/link": (PEOPLE, None),
    "DELETE /api/sessions/link": (PEOPLE, None),
    "GET /api/tokens": (PEOPLE, None),
    "POST /api/tokens": (PEOPLE, None),
    "DELETE /api/tokens/{token}": (PEOPLE, None),
    "GET /api/me/export": (PEOPLE, None),
    "GET /api/me/factor": (PEOPLE, None),
    "POST /api/me/factor": (PEOPLE, None),
    "PUT /api/me/factor": (PEOPLE, None),
    "POST /api/me/factor/off": (PEOPLE, None),
    "GET /api/conversations": (PEOPLE, "read"),
    "GET /api/messages": (PEOPLE, "read"),
    "POST /api/messages": (PEOPLE, "send"),
    "PATCH /api/messages": (PEOPLE, "send"),
    "POST /api/messages/recall": (PEOPLE, "send"),
    "POST /api/messages/read": (PEOPLE, "read"),
    "GET /api/contacts": (PEOPLE, "read"),
    "POST /api/contacts": (PEOPLE, "contacts"),
    "PATCH /api/contacts/{user}": (PEOPLE, "contacts"),
    "DELETE /api/contacts/{user}": (PEOPLE, "contacts"),
    "POST /api/contacts/{user}/accept": (PEOPLE, "contacts"),
    "POST /api/contacts/{user}/decline": (PEOPLE, "contacts"),
    "PUT /api/contacts/{user}/block": (PEOPLE, "contacts"),
    "DELETE /api/contacts/{user}/block": (PEOPLE, "contacts"),
    "GET /api/groups": (PEOPLE, "read"),
    "POST /api/groups": (PEOPLE, "groups"),
    "POST /api/groups/join": (PEOPLE, "groups"),
    "GET /api/groups/requests": (PEOPLE, "read"),
    "GET /api/groups/{group}": (PEOPLE, "read"),
    "PATCH /api/groups/{group}": (PEOPLE, "groups"),
    "DELETE /api/groups/{group}": (PEOPLE, "groups"),
    "GET /api/groups/{group}/link": (PEOPLE, "read"),
    "POST /api/groups/{group}/link": (PEOPLE, "groups"),
    "DELETE /api/groups/{group}/link": (PEOPLE, "groups"),
    "GET /api/groups/{group}/requests": (PEOPLE, "read"),
    "PUT /api/groups/{group}/requests/{user}": (PEOPLE, "groups"),
    "DELETE /api/groups/{group}/requests/{user}": (PEOPLE, "groups"),
    "GET /api/groups/{group}/webhooks": (PEOPLE, "read"),
    "POST /api/groups/{group}/webhooks": (PEOPLE, "groups"),
    "DELETE /api/groups/{group}/webhooks/{webhook}": (PEOPLE, "groups"),
    "POST /hook/{secret}": (ANYONE, None),
    "GET /api/groups/{group}/members": (PEOPLE, "read"),
    "POST /api/groups/{group}/members": (PEOPLE, "groups"),
    "DELETE /api/groups/{group}/members/{user}": (PEOPLE, "groups"),
    "PUT /api/groups/{group}/members/{user}/role": (PEOPLE, "groups"),
    "PUT /api/groups/{group}/members/{user}/silence": (PEOPLE, "groups"),
    "DELETE /api/groups/{group}/members/{user}/silence": (PEOPLE, "groups"),
    "GET /api/users": (PEOPLE, "read"),
    "POST /api/users": (ADMINS, "admin"),
    "GET /api/users/{user}": (PEOPLE, "read"),
    "PATCH /api/users/{user}": (ADMINS, "admin"),
    "DELETE /api/users/{user}": (ADMINS, "admin"),
    "PUT /api/users/{user}/ban": (ADMINS, "admin"),
    "DELETE /api/users/{user}/ban": (ADMINS, "admin"),
    "POST /api/users/{user}/reset": (ADMINS, "admin"),
    "GET /api/admin/users": (ADMINS, "admin"),
    "GET /api/admin/registration": (ADMINS, "admin"),
    "PUT /api/admin/registration": (ADMINS, "admin"),
    "GET /api/admin/retention": (ADMINS, "admin"),
    "PUT /api/admin/retention": (ADMINS, "admin"),
    "GET /api/admin/retention/count": (ADMINS, "admin"),
    "GET /api/admin/invitations": (ADMINS, "admin"),
    "POST /api/admin/invitations": (ADMINS, "admin"),
    "DELETE /api/admin/invitations/{invitation}": (ADMINS, "admin"),
    "GET /api/admin/audit": (ADMINS, "admin"),
    "GET /api/admin/nodes": (ADMINS, "admin"),
    "GET /api/admin/settings": (ADMINS, "admin"),
    "GET /api/users/{user}/tokens": (ADMINS, "admin"),
    "POST /api/users/{user}/tokens": (ADMINS, None),
    "DELETE /api/users/{user}/tokens/{token}": (ADMINS, "admin"),
    "GET /api/me/settings": (PEOPLE, "read"),
    "PATCH /api/me/settings": (PEOPLE, None),
    "GET /api/quick-replies": (PEOPLE, "read"),
    "POST /api/quick-replies": (PEOPLE, "send"),
    "PUT /api/quick-replies/order": (PEOPLE, "send"),
    "PATCH /api/quick-replies/{reply}": (PEOPLE, "send"),
    "DELETE /api/quick-replies/{reply}": (PEOPLE, "send"),
    "GET /api/search/messages": (PEOPLE, "read"),
    "GET /api/search/names": (PEOPLE, "read"),
    "POST /api/media": (PEOPLE, "send"),
    "GET /api/media/{file}": (PEOPLE, "read"),
    "GET /api/media/{file}/thumbnail": (PEOPLE, "read"),
    "GET /api/time": (ANYONE, None),
    "GET /user/getUserList": (PEOPLE, "read"),
    "POST /user/createUser": (ANYONE, None),
    "POST /user/deleteUser": (PEOPLE, None),
    "POST /user/updateUser": (PEOPLE, None),
    "POST /user/findUserByNameAndPwd": (ANYONE, None),
    "POST /user/find": (PEOPLE, "read"),
    "POST /user/redisMsg": (PEOPLE, "read"),
    "POST /searchFriends": (PEOPLE, "read"),
    "POST /contact/addfriend": (PEOPLE, "contacts"),
    "POST /contact/createCommunity": (PEOPLE, "groups"),
    "POST /contact/loadcommunity": (PEOPLE, "read"),
    "POST /contact/joinGroup": (PEOPLE, "groups"),
    "POST /attach/upload": (PEOPLE, "send"),
}
"""Route: who may, and which scope a program's token needs; None: no program may."""

NOT_FOR: dict[str, tuple[str, ...]] = {
    "GET /api/tokens": ("guest",),
    "DELETE /api/tokens/{token}": ("guest",),
    "POST /api/me/factor": ("guest",),
}
"""Route: kinds of people to whom it says that it is not for them."""

NOWHERE = "999999"
"""A number that nothing has, so that no call does anything to another."""

OWNER, ADMIN, MEMBER, OUTSIDER = "owner", "admin", "member", "outsider"
IN_GROUPS: dict[str, tuple[Any, dict[str, int]]] = {
    "GET /api/groups/{group}": (None, {OWNER: 200, ADMIN: 200, MEMBER: 200, OUTSIDER: 404}),
    "GET /api/groups/{group}/members": (None, {OWNER: 200, ADMIN: 200, MEMBER: 200, OUTSIDER: 404}),
    "PATCH /api/groups/{group}": (
        {"note": "x"},
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "POST /api/groups/{group}/members": (
        {"users": ["new"]},
        {OWNER: 200, ADMIN: 200, MEMBER: 200, OUTSIDER: 404},
    ),
    "PUT /api/groups/{group}/members/{user}/role": (
        {"role": "admin"},
        {OWNER: 200, ADMIN: 403, MEMBER: 403, OUTSIDER: 404},
    ),
    "PUT /api/groups/{group}/members/{user}/silence": (
        {"minutes": 10},
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "DELETE /api/groups/{group}/members/{user}/silence": (
        None,
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "DELETE /api/groups/{group}/members/{user}": (
        None,
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "GET /api/groups/{group}/link": (None, {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404}),
    "POST /api/groups/{group}/link": ({}, {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404}),
    "DELETE /api/groups/{group}/link": (
        None,
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "GET /api/groups/{group}/webhooks": (
        None,
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "POST /api/groups/{group}/webhooks": (
        {"name": "Build"},
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "DELETE /api/groups/{group}/webhooks/{webhook}": (
        None,
        {OWNER: 404, ADMIN: 404, MEMBER: 403, OUTSIDER: 404},
    ),
    "GET /api/groups/{group}/requests": (
        None,
        {OWNER: 200, ADMIN: 200, MEMBER: 403, OUTSIDER: 404},
    ),
    "PUT /api/groups/{group}/requests/{user}": (
        None,
        {OWNER: 404, ADMIN: 404, MEMBER: 403, OUTSIDER: 404},
    ),
    "DELETE /api/groups/{group}/requests/{user}": (
        None,
        {OWNER: 404, ADMIN: 404, MEMBER: 403, OUTSIDER: 404},
    ),
    "DELETE /api/groups/{group}": (None, {OWNER: 200, ADMIN: 403, MEMBER: 403, OUTSIDER: 404}),
}
"""Route of a group: a body, and the answer's status by what one is in the group."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A kind of caller: what people they are, and the scopes of their program's token."""

    name: str
    kind: str | None
    role: str = "user"
    scopes: frozenset[str] | None = None

    def may(self, access: str, scope: Scope | None) -> int:
        """The status with which they are refused; 0 when they may."""
        if access == ANYONE:
            return 0
        if self.kind is None:
            return 401
        if self.scopes is not None and scope not in self.scopes:
            return 403
        return 403 if access == ADMINS and self.role != "admin" else 0


CALLERS = [
    Caller("anonymous", None),
    Caller("guest", "guest"),
    Caller("user", "user"),
    Caller("admin", "user", "admin"),
    *(Caller(f"token {s} of a user", "user", "user", frozenset({s})) for s in SCOPES),
    *(Caller(f"token {s} of an admin", "user", "admin", frozenset({s})) for s in SCOPES),
]


class People:
    """Makes callers, a new one for each call, without the time that passwords take."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._numbers = count()

    async def make(self, kind: str = "user", role: str = "user") -> int:
        """A person."""
        name = f"p{next(self._numbers)}"
        row = await self._messenger.database.write(users.create, name, kind, None, None, None, "en")
        await self._messenger.database.write(users.change, row.id, {"role": role})
        return row.id

    async def token(self, user: int, scopes: frozenset[str] | None = None) -> str:
        """A session of theirs, or a program's token."""
        token = await self._messenger.sessions.open(user, "user", "", "")
        if scopes is None:
            return token
        who = await self._messenger.sessions.resolve(token)
        # A user's token with ``admin`` cannot be made; one that was an administrator's can be left.
        role = (await self._messenger.accounts.get(user)).role
        change = self._messenger.database.write
        await change(users.change, user, {"role": "admin"})
        who = await self._messenger.sessions.resolve(token)
        made = await self._messenger.people.tokens.create(
            who,
            user,
            "t",
            list(scopes),
            None,
            "",  # type: ignore[arg-type]
        )
        await change(users.change, user, {"role": role})
        return made.token


def routes() -> list[str]:
    """Every operation of the document."""
    paths = document([*API, *TUTORIAL])["paths"]
    return [f"{method.upper()} {path}" for path, found in paths.items() for method in found]


def test_every_route_has_a_verdict() -> None:
    assert sorted(set(routes()) ^ VERDICTS.keys()) == []


def test_the_document_says_what_the_verdict_is() -> None:
    paths = document([*API, *TUTORIAL])["paths"]
    for route, (access, scope) in VERDICTS.items():
        method, path = route.split()
        described = paths[path][method.lower()]
        assert bool(described["security"]) == (access != ANYONE), route
        assert described.get("x-scope") == scope, route
        assert ("Administrators only" in described["description"]) == (access == ADMINS), route


def test_every_route_of_a_group_has_a_verdict_for_each_place_in_it() -> None:
    wanted = {route for route in VERDICTS if "{group}" in route}
    assert sorted(wanted ^ IN_GROUPS.keys()) == []


def test_every_frame_has_a_verdict() -> None:
    assert set(FRAME_SCOPES) == set(ClientFrame.__args__)


def test_every_scope_is_needed_somewhere() -> None:
    used = {scope for _, scope in VERDICTS.values()} | set(FRAME_SCOPES.values())
    assert used - {None} == set(SCOPES)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
async def test_a_caller_may_what_the_verdict_says(
    api: Api, messenger: Messenger, caller: Caller
) -> None:
    people = People(messenger)
    await people.make(role="admin")
    wrong = []
    for route, (access, scope) in VERDICTS.items():
        method, path = route.split()
        token = None
        if caller.kind is not None:
            user = await people.make(caller.kind, caller.role)
            token = await people.token(user, caller.scopes)
        address = re.sub(r"\{\w+\}", NOWHERE, path)
        reply = await api.call(method, address, token=token)
        refused = reply.status if reply.error in ("unauthorized", "forbidden") else 0
        expected = 403 if caller.kind in NOT_FOR.get(route, ()) else caller.may(access, scope)
        if refused != expected:
            wrong.append(f"{route}: {reply.status} {reply.body[:120]!r}")
    assert wrong == []


@pytest.mark.parametrize("route", IN_GROUPS)
async def test_a_group_obeys_those_who_lead_it(api: Api, messenger: Messenger, route: str) -> None:
    people = People(messenger)
    method, path = route.split()
    body, verdicts = IN_GROUPS[route]
    for place, expected in verdicts.items():
        owner, admin, member, other, new, outsider = [await people.make() for _ in range(6)]
        head = await people.token(owner)
        made = await api.call(
            "POST",
            "/api/groups",
            {"name": f"g{owner}", "members": [admin, member, other]},
            token=head,
        )
        group = made.data["id"]
        role = f"/api/groups/{group}/members/{admin}/role"
        assert (await api.call("PUT", role, {"role": "admin"}, token=head)).status == 200
        who = {OWNER: owner, ADMIN: admin, MEMBER: member, OUTSIDER: outsider}[place]
        address = (
            path.replace("{group}", str(group))
            .replace("{user}", str(other))
            .replace("{webhook}", NOWHERE)
        )
        given = {"users": [new]} if body == {"users": ["new"]} else body
        reply = await api.call(method, address, given, token=await people.token(who))
        assert reply.status == expected, (route, place, reply.text)
