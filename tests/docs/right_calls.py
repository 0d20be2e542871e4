"""Calls that are about what exists, among those that schemathesis draws from the document.

What it draws fits the document, but the document does not say who is there, which group has asked
for approval, or that two passwords are the same: so most such calls are refused, and nobody sees
the answers to those that go well. Here some calls to each operation are given what they need.

schemathesis loads this (``SCHEMATHESIS_HOOKS``); ``IM_TEST_TOKEN`` is the caller's. Each call is
written into the file ``CALLED`` of the folder it runs in: the operation, a tab, the status of the
answer.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.generation.meta import TestPhase

from tests.docs.world import PASSWORD, World

CALLED = "called"
EVERY = 20
"""One of so many right calls to an operation is given what it needs; the first one is."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a call is given; it keeps of what was drawn all else."""

    path: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    token: str = ""


def _path(**path: Any) -> Given:
    return Given(path)


def _of_group(found: dict[str, Any], *names: str, body: Any = None) -> Given:
    return Given({name: found[name] for name in ("group", *names)}, body)


def _password(world: World) -> Given:
    someone = world.person()
    changed = {
        "password": PASSWORD,
        "new_password": "battery-staple",
        "repassword": "battery-staple",
    }
    return Given(body=changed, token=someone.token)


def _factor_off(world: World) -> Given:
    made = world.factor()
    codes = world.ask("PUT", "/api/me/factor", made["body"], made["token"])["codes"]
    return Given(body={"password": PASSWORD, "code": codes[0]}, token=made["token"])


def _session(world: World) -> Given:
    someone = world.person()
    (session,) = world.ask("GET", "/api/sessions", token=someone.token)["sessions"]
    return Given({"session": session["id"]}, token=someone.token)


def _bots_token(world: World) -> Given:
    bot = world.bot()
    return _path(user=bot, token=world.token(f"/api/users/{bot}/tokens"))


def _registering(world: World) -> Given:
    world.open()
    return Given(body=world.account())


def _anyone(world: World) -> Given:
    return _path(user=world.guest().id)


NEEDS: dict[str, Callable[[World], Given]] = {
    "POST /api/register": _registering,
    "POST /user/createUser": _registering,
    "POST /api/login": lambda w: Given(body={"name": w.person().name, "password": PASSWORD}),
    "POST /user/findUserByNameAndPwd": lambda w: Given(
        body={"name": w.person().name, "password": PASSWORD}
    ),
    "POST /api/logout": lambda w: Given(token=w.guest().token),
    "DELETE /api/me": lambda w: Given(body={"password": PASSWORD}, token=w.person().token),
    "POST /api/me/password": _password,
    "POST /api/me/register": lambda w: Given(body=w.account(), token=w.guest().token),
    "PUT /api/me/factor": lambda w: Given(**w.factor()),
    "POST /api/me/factor/off": _factor_off,
    "POST /api/sessions/link": lambda w: Given(body={"password": PASSWORD}, token=w.person().token),
    "DELETE /api/sessions/{session}": _session,
    "DELETE /api/tokens/{token}": lambda w: _path(token=w.token()),
    "POST /api/messages": lambda w: Given(body={"to": f"u:{w.guest().id}", "text": "hi"}),
    "PATCH /api/messages": lambda w: Given(body={**w.place(), "text": "ho"}),
    "POST /api/messages/read": lambda w: Given(body=w.place()),
    "POST /api/messages/recall": lambda w: Given(body=w.place()),
    "PATCH /api/quick-replies/{reply}": lambda w: Given({"reply": w.reply()}, {"text": "no"}),
    "DELETE /api/quick-replies/{reply}": lambda w: _path(reply=w.reply()),
    "POST /api/contacts": lambda w: Given(body={"user": w.guest().id, "note": "I am"}),
    "PATCH /api/contacts/{user}": lambda w: Given({"user": w.contact()}, {"remark": "x"}),
    "DELETE /api/contacts/{user}": lambda w: _path(user=w.contact()),
    "POST /api/contacts/{user}/accept": lambda w: _path(user=w.asking()),
    "POST /api/contacts/{user}/decline": lambda w: _path(user=w.asking()),
    "PUT /api/contacts/{user}/block": _anyone,
    "DELETE /api/contacts/{user}/block": lambda w: _path(user=w.blocked()),
    "POST /api/groups": lambda w: Given(body={"name": w.name(), "members": [w.guest().id]}),
    "POST /api/groups/join": lambda w: Given(body={"group": w.group(owner=w.person().token)}),
    "GET /api/groups/{group}": lambda w: _path(group=w.group()),
    "PATCH /api/groups/{group}": lambda w: Given({"group": w.group()}, {"announcement": "now"}),
    "DELETE /api/groups/{group}": lambda w: _path(group=w.group()),
    "GET /api/groups/{group}/link": lambda w: _path(group=w.linked()),
    "POST /api/groups/{group}/link": lambda w: _path(group=w.group()),
    "DELETE /api/groups/{group}/link": lambda w: _path(group=w.linked()),
    "GET /api/groups/{group}/requests": lambda w: _path(group=w.outside()["group"]),
    "PUT /api/groups/{group}/requests/{user}": lambda w: _of_group(w.outside(), "user"),
    "DELETE /api/groups/{group}/requests/{user}": lambda w: _of_group(w.outside(), "user"),
    "GET /api/groups/{group}/webhooks": lambda w: _of_group(w.webhook()),
    "POST /api/groups/{group}/webhooks": lambda w: Given({"group": w.group()}, {"name": "a"}),
    "DELETE /api/groups/{group}/webhooks/{webhook}": lambda w: _of_group(w.webhook(), "webhook"),
    "GET /api/groups/{group}/members": lambda w: _of_group(w.member()),
    "POST /api/groups/{group}/members": lambda w: Given(
        {"group": w.group()}, {"users": [w.guest().id]}
    ),
    "DELETE /api/groups/{group}/members/{user}": lambda w: _of_group(w.member(), "user"),
    "PUT /api/groups/{group}/members/{user}/role": lambda w: _of_group(
        w.member(), "user", body={"role": "admin"}
    ),
    "PUT /api/groups/{group}/members/{user}/silence": lambda w: _of_group(w.member(), "user"),
    "DELETE /api/groups/{group}/members/{user}/silence": lambda w: _of_group(w.silenced(), "user"),
    "POST /api/users": lambda w: Given(body={"name": w.name(), "password": PASSWORD}),
    "GET /api/users/{user}": _anyone,
    "PATCH /api/users/{user}": lambda w: Given({"user": w.person().id}, {"note": "new"}),
    "DELETE /api/users/{user}": _anyone,
    "PUT /api/users/{user}/ban": _anyone,
    "DELETE /api/users/{user}/ban": lambda w: _path(user=w.banned()),
    "POST /api/users/{user}/reset": lambda w: Given({"user": w.person().id}, {}),
    "GET /api/users/{user}/tokens": lambda w: _path(user=w.bot()),
    "POST /api/users/{user}/tokens": lambda w: Given(
        {"user": w.bot()}, {"name": "a", "scopes": ["send"]}
    ),
    "DELETE /api/users/{user}/tokens/{token}": _bots_token,
    "DELETE /api/admin/invitations/{invitation}": lambda w: _path(invitation=w.invitation()),
    "POST /hook/{secret}": lambda w: Given({"secret": w.webhook()["secret"]}, {"text": "green"}),
    "GET /api/media/{file}": lambda w: _path(file=w.picture()),
    "GET /api/media/{file}/thumbnail": lambda w: _path(file=w.picture()),
    "POST /user/deleteUser": lambda w: Given(body={"id": w.guest().id}),
    "POST /user/updateUser": lambda w: Given(body={"id": w.person().id, "name": w.name()}),
    "POST /user/find": lambda w: Given(body={"userId": w.guest().id}),
    "POST /user/redisMsg": lambda w: Given(body={"userIdA": w.me, "userIdB": w.guest().id}),
    "POST /contact/addfriend": lambda w: Given(body={"targetName": w.guest().name}),
    "POST /contact/createCommunity": lambda w: Given(body={"name": w.name(), "memo": "all"}),
    "POST /contact/joinGroup": lambda w: Given(
        body={"comId": str(w.group(owner=w.person().token))}
    ),
}
"""What a call needs that nothing drawn has, by its operation."""
ENDING = ("POST /api/logout", "DELETE /api/sessions/{session}")
"""Always somebody else's session: all other calls are made in the caller's."""


@cache
def _world(url: str) -> World:
    return World(url, os.environ["IM_TEST_TOKEN"])


@cache
def _right_calls() -> Counter[str]:
    """How many there were, by operation."""
    return Counter()


def _as(token: str, request: Any) -> Any:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _is_due(case: Any) -> bool:
    if case.operation.label in ENDING:
        return True
    if case.meta is None or case.meta.generation.mode.is_negative:
        return False
    if case.meta.phase.name == TestPhase.STATEFUL:
        return False
    _right_calls()[case.operation.label] += 1
    return _right_calls()[case.operation.label] % EVERY == 1


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Give the call what it needs, when it is one of those."""
    needs = NEEDS.get(case.operation.label)
    if needs is None or not _is_due(case):
        return
    given = needs(_world(case.operation.base_url.rstrip("/")))
    case.path_parameters = {**(case.path_parameters or {}), **given.path}
    if given.body is not None:
        case.body = given.body
    if given.token:
        kwargs["auth"] = partial(_as, given.token)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Write down what was answered."""
    with Path(CALLED).open("a") as called:
        called.write(f"{case.operation.label}\t{response.status_code}\n")
