"""What administrators do about people, and that it is noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from im.app import Messenger
from im.store import nodes
from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]

NEW_PASSWORD = "of my own choice"


async def acts(admin: Person, **query: Any) -> list[dict[str, Any]]:
    """The audit log, the newest first."""
    found: list[dict[str, Any]] = (await admin.get("/api/admin/audit", **query)).data["acts"]
    return found


async def test_a_ban_ends_everything_at_once_until_it_is_lifted(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    body = {"name": "t", "scopes": ["read"]}
    program = (await bob.post("/api/tokens", body)).data["token"]
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await ann.post(f"/api/users/{bob.id}/ban", method="PUT")).status == 200
        assert await socket.closed() == 4001
    (await bob.get("/api/me")).refused(401, "unauthorized")
    (await api.call("GET", "/api/me", token=program)).refused(401, "unauthorized")
    login = {"name": "bob", "password": PASSWORD}
    (await api.call("POST", "/api/login", login)).refused(401, "wrong_password")
    (found,) = (await ann.get("/api/admin/users", disabled="true")).data["users"]
    assert (found["name"], found["disabled_at"] > 0) == ("bob", True)
    assert (await ann.post(f"/api/users/{bob.id}/ban", method="DELETE")).status == 200
    (await bob.get("/api/me")).refused(401, "unauthorized")
    assert (await api.log_in("bob")).id == bob.id
    assert [act["action"] for act in await acts(ann, action="user.")][:2] == [
        "user.unbanned",
        "user.banned",
    ]


async def test_nobody_bars_themselves_or_the_last_administrator(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    (await ann.post(f"/api/users/{ann.id}/ban", method="PUT")).refused(403, "forbidden")
    (await bob.post(f"/api/users/{ann.id}/ban", method="PUT")).refused(403, "forbidden")
    (await ann.post("/api/users/99/ban", method="PUT")).refused(404, "not_found")
    await ann.post(f"/api/users/{bob.id}", {"role": "admin"}, method="PATCH")
    assert (await bob.post(f"/api/users/{ann.id}/ban", method="PUT")).status == 200
    bot = (await bob.post("/api/users", {"name": "b", "kind": "bot"})).data["id"]
    (await bob.post(f"/api/users/{bot}", {"role": "admin"}, method="PATCH")).refused(
        403, "forbidden"
    )


async def test_a_password_that_was_given_opens_only_the_way_to_ones_own(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    given = (await ann.post(f"/api/users/{bob.id}/reset", {})).data["password"]
    (await bob.get("/api/me")).refused(401, "unauthorized")
    login = {"name": "bob", "password": given}
    refused = (await api.call("POST", "/api/login", login)).refused(403, "password_change_needed")
    assert refused["field"] == "new_password"
    for wrong in (given, "short"):
        body = {**login, "new_password": wrong}
        (await api.call("POST", "/api/login", body)).refused(400, "invalid", "new_password")
    form = {"name": "bob", "password": given}
    (await api.form("/user/findUserByNameAndPwd", form)).refused(403, "password_change_needed")
    reply = await api.call("POST", "/api/login", {**login, "new_password": NEW_PASSWORD})
    assert reply.data["user"]["id"] == bob.id
    (await api.call("POST", "/api/login", login)).refused(401, "wrong_password")
    assert (await api.log_in("bob", NEW_PASSWORD)).id == bob.id


async def test_people_are_looked_through_in_pages(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    await bob.post("/api/me", {"phone": "13912345678", "email": "B@b.cn"}, method="PATCH")
    first = (await ann.get("/api/admin/users", limit=2)).data
    assert [user["id"] for user in first["users"]] == [ann.id, bob.id]
    second = (await ann.get("/api/admin/users", limit=2, after=first["after"])).data
    assert ([user["id"] for user in second["users"]], second["after"]) == ([cyd.id], None)
    for query in ({"q": "BO"}, {"q": "1391"}, {"q": "b@B"}):
        found = (await ann.get("/api/admin/users", **query)).data["users"]
        assert [(user["name"], user["phone"]) for user in found] == [("bob", "13912345678")]
    assert (await ann.get("/api/admin/users", q="%")).data["users"] == []
    assert len((await ann.get("/api/admin/users", role="admin")).data["users"]) == 1
    assert (await ann.get("/api/admin/users", kind="guest")).data["users"] == []
    assert "password" not in str(first).replace("must_change_password", "")


async def test_the_audit_log_says_who_did_what_and_has_no_secrets(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    login = {"name": "bob", "password": "mistyped secret"}
    (await api.call("POST", "/api/login", login)).refused(401, "wrong_password")
    (await api.call("POST", "/api/login", {**login, "name": "my password"})).refused(
        401, "wrong_password"
    )
    await api.log_in("bob")
    token = (await ann.post("/api/tokens", {"name": "t", "scopes": ["read"]})).data["token"]
    given = (await ann.post(f"/api/users/{bob.id}/reset", {"password": "given to bob"})).data
    await ann.post(f"/api/users/{bob.id}", {"role": "admin"}, method="PATCH")
    await ann.post(f"/api/users/{bob.id}", method="DELETE")
    found = await acts(ann)
    assert [(act["actor"], act["action"], act["target"]) for act in found] == [
        (ann.id, "user.deleted", f"u:{bob.id}"),
        (ann.id, "user.changed", f"u:{bob.id}"),
        (ann.id, "user.reset", f"u:{bob.id}"),
        (ann.id, "token.made", f"u:{ann.id}"),
        (bob.id, "login", f"u:{bob.id}"),
        (None, "login.failed", ""),
        (None, "login.failed", f"u:{bob.id}"),
        (bob.id, "user.registered", f"u:{bob.id}"),
        (ann.id, "user.registered", f"u:{ann.id}"),
    ]
    assert found[1]["detail"] == {"fields": ["role"], "role": "admin"}
    assert {act["address"] for act in found} == {"127.0.0.1"}
    rows = await messenger.database.read(lambda cursor: cursor.execute("SELECT * FROM audit").all())
    for secret in (PASSWORD, "mistyped secret", "my password", given["password"], token):
        assert secret not in str(rows)


async def test_the_audit_log_is_read_in_pages_and_forgets(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for number in range(5):
        await messenger.people.audit.note("test_%", ann.id, f"u:{number}")
    await messenger.people.audit.note("testing", None)
    first = (await ann.get("/api/admin/audit", limit=4)).data
    second = (await ann.get("/api/admin/audit", limit=4, before=first["before"])).data
    assert [act["target"] for act in first["acts"]] == ["", "u:4", "u:3", "u:2"]
    assert [act["target"] for act in second["acts"]] == ["u:1", "u:0", f"u:{ann.id}"]
    assert second["before"] is None
    assert len(await acts(ann, action="test_")) == 5
    assert len(await acts(ann, actor=ann.id)) == 6

    def age(cursor: Any) -> None:
        days = 24 * 3600 * 1000
        for target, old in (("u:0", 366), ("u:1", 364)):
            cursor.execute(
                f"UPDATE audit SET created_at = {cursor.dialect.now_ms} - %s WHERE target = %s"
                " AND action = 'test_%%'",
                (old * days, target),
            )

    await messenger.database.write(age)
    await messenger.housekeeping.round()
    left = [act["target"] for act in await acts(ann, action="test_")]
    assert left == ["u:4", "u:3", "u:2", "u:1"]


async def test_settings_are_shown_without_secrets(api: Api) -> None:
    ann = await api.register("ann")
    shown = (await ann.get("/api/admin/settings")).data["settings"]
    assert shown["chat"]["recall_minutes"] == 2
    assert shown["limits"]["logins"] == "10/minute;60/hour"
    assert shown["redis"]["url"] is False
    assert isinstance(shown["database"]["url"], bool)


async def test_an_administrator_says_who_may_register(api: Api) -> None:
    ann = await api.register("ann")
    new = {"name": "bob", "password": PASSWORD, "repassword": PASSWORD}
    path = "/api/admin/registration"
    assert (await ann.get(path)).data == {
        "policy": "open",
        "guests": True,
        "changed": {"policy": None, "guests": None},
    }
    changed = {"policy": "closed", "guests": False}
    assert (await ann.post(path, changed, method="PUT")).data["policy"] == "closed"
    (await api.call("POST", "/api/register", new)).refused(403, "forbidden")
    (await api.call("POST", "/api/guest", {})).refused(403, "forbidden")
    assert "/toRegister" not in (await api.call("GET", "/")).text
    assert (await ann.post(path, {}, method="PUT")).data["policy"] == "open"
    assert (await api.call("POST", "/api/register", new)).status == 200


async def test_any_node_shows_the_figures_of_all(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        await messenger.register.beat()
        for number in range(5):
            await ann.send(f"u:{bob.id}", str(number))
        await messenger.register.beat()
        other = replace(
            messenger._describe(), name="other", figures='{"people":7,"messages":1.5,"new":1}'
        )
        await messenger.database.write(nodes.beat, other, "")
        await messenger.register.beat()
        found = (await ann.get("/api/admin/nodes")).data
    other_node, own = found["nodes"]
    assert own["alive"] and other_node["alive"]
    assert (own["name"], other_node["name"]) == ("tested", "other")
    assert (other_node["figures"]["people"], other_node["figures"]["messages"]) == (7, 1.5)
    assert own["figures"]["people"] == own["figures"]["connections"] == 1
    assert own["figures"]["memory"] > 10_000_000
    assert max(point["figures"]["messages"] for point in own["series"]) > 0
    assert [point["at"] for point in own["series"]] == sorted(p["at"] for p in own["series"])
    assert found["online"] == 1
    assert (await ann.get("/api/admin/nodes", points=0)).data["nodes"][0]["series"] == []


async def test_a_node_that_ended_without_a_word_is_shown_as_gone(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")

    def fall_silent(cursor: Any, name: str, silent_ms: int) -> None:
        nodes.beat(cursor, replace(messenger._describe(), name=name), "")
        cursor.execute(
            f"UPDATE node SET heartbeat_at = {cursor.dialect.now_ms} - %s WHERE name = %s",
            (silent_ms, name),
        )

    await messenger.register.beat()
    await messenger.database.write(fall_silent, "crashed", nodes.LIVE_MS + 1000)
    await messenger.database.write(fall_silent, "forgotten", nodes.MISSED_MS + 1000)
    found = (await ann.get("/api/admin/nodes")).data["nodes"]
    assert [(node["name"], node["alive"]) for node in found] == [
        ("crashed", False),
        ("tested", True),
    ]


async def test_why_somebody_was_banned_stands_in_the_audit_log(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    await ann.post(f"/api/users/{bob.id}/ban", {"reason": " Lost tablet "}, method="PUT")
    await ann.post(f"/api/users/{cyd.id}/ban", {}, method="PUT")
    found = await acts(ann, action="user.banned")
    assert [act["detail"] for act in found] == [{}, {"reason": "Lost tablet"}]


async def test_only_an_administrators_page_has_their_sentences(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for person, has in ((ann, True), (bob, False)):
        page = await api.call("GET", "/toChat", token=person.token)
        assert ("-admin.js" in page.text) is has
