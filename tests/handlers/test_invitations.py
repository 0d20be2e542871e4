"""Invitations to register, links into groups, and groups that let people in by approval."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]

BY_INVITATION = pytest.mark.parametrize(
    "overrides", [{"registration": {"policy": "invitation"}}], ids=["by invitation"]
)


def new(name: str, **more: Any) -> dict[str, Any]:
    """The body of a registration."""
    return {"name": name, "password": PASSWORD, "repassword": PASSWORD, **more}


async def administrator(api: Api, messenger: Messenger) -> Person:
    """The first one, made at the machine."""
    await messenger.accounts.create(None, "ann", PASSWORD, role="admin")
    return await api.log_in("ann")


@BY_INVITATION
async def test_an_invitation_is_good_for_so_many_and_no_more(
    api: Api, messenger: Messenger
) -> None:
    ann = await administrator(api, messenger)
    refused = (await api.call("POST", "/api/register", new("bob"))).refused(403, "forbidden")
    assert refused["field"] == "invitation"
    made = (await ann.post("/api/admin/invitations", {"uses": 3, "note": "class 7"})).data
    assert made["url"].endswith(f"/toRegister?invitation={made['code']}")
    assert made["qr"].startswith("data:image/svg+xml")
    replies = await asyncio.gather(
        *(
            api.call("POST", "/api/register", new(f"p{number}", invitation=made["code"]))
            for number in range(5)
        )
    )
    assert sorted(reply.status for reply in replies) == [200, 200, 200, 400, 400]
    assert (await ann.get("/api/admin/invitations")).data["invitations"] == []
    for code in ("", "wrong", "x" * 65, made["code"] + "x"):
        reply = await api.call("POST", "/api/register", new("eve", invitation=code))
        assert reply.status == (400 if code else 403)
    rows = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT * FROM invitation").all()
    )
    assert made["code"] not in str(rows)


@BY_INVITATION
async def test_a_registration_that_fails_uses_nothing_up(api: Api, messenger: Messenger) -> None:
    ann = await administrator(api, messenger)
    code = (await ann.post("/api/admin/invitations", {})).data["code"]
    (await api.call("POST", "/api/register", new("ann", invitation=code))).refused(409, "taken")
    (listed,) = (await ann.get("/api/admin/invitations")).data["invitations"]
    assert (listed["uses_left"], listed["uses"]) == (1, 0)
    assert (await api.call("POST", "/api/register", new("bob", invitation=code))).status == 200


@BY_INVITATION
async def test_an_invitation_ends_when_it_is_revoked_or_too_old(
    api: Api, messenger: Messenger
) -> None:
    ann = await administrator(api, messenger)
    first, second = [(await ann.post("/api/admin/invitations", {})).data for _ in range(2)]
    path = f"/api/admin/invitations/{first['id']}"
    assert (await ann.post(path, method="DELETE")).status == 200
    (await ann.post(path, method="DELETE")).refused(404, "not_found")
    sql = "UPDATE invitation SET expires_at = 1"
    await messenger.database.write(lambda cursor: cursor.execute(sql) and None)
    for made in (first, second):
        reply = await api.call("POST", "/api/register", new("bob", invitation=made["code"]))
        reply.refused(400, "invalid", "invitation")


async def test_an_invitation_leads_into_a_group(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "welcome"})).data["id"]
    other = (await bob.post("/api/groups", {"name": "bob's", "members": [ann.id]})).data["id"]
    (await ann.post("/api/admin/invitations", {"group": other})).refused(403, "forbidden")
    (await bob.post("/api/admin/invitations", {"group": other})).refused(403, "forbidden")
    code = (await ann.post("/api/admin/invitations", {"group": group})).data["code"]
    token = (await api.call("POST", "/api/register", new("cyd", invitation=code))).data["token"]
    (joined,) = (await api.call("GET", "/api/groups", token=token)).data["groups"]
    assert (joined["id"], joined["members"]) == (group, 2)


async def test_a_guest_who_registers_keeps_the_history_and_may_need_an_invitation(
    api: Api,
) -> None:
    ann = await api.register("ann")
    data = (await api.call("POST", "/api/guest", {"name": "g"})).data
    guest = Person(data["user"]["id"], "g", data["token"], api)
    await guest.send(f"u:{ann.id}", "before")
    await ann.post("/api/admin/registration", {"policy": "invitation"}, method="PUT")
    (await guest.post("/api/me/register", new("gus"))).refused(403, "forbidden", "invitation")
    code = (await ann.post("/api/admin/invitations", {})).data["code"]
    me = (await guest.post("/api/me/register", new("gus", invitation=code))).data
    assert (me["id"], me["kind"]) == (guest.id, "user")
    page = (await guest.get("/api/messages", conv=f"p:{ann.id}:{guest.id}")).data
    assert [entry["text"] for entry in page["entries"]] == ["before"]


async def test_a_link_leads_into_its_group_until_another_is_made(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    path = f"/api/groups/{group}/link"
    assert (await ann.get(path)).data["expires_at"] is None
    first = (await ann.post(path, {})).data
    assert (await ann.get(path)).data["expires_at"] == first["expires_at"]
    assert (await bob.post("/api/groups/join", {"code": first["code"]})).data["id"] == group
    (await bob.post("/api/groups/join", {"code": first["code"]})).refused(409, "already_exists")
    second = (await ann.post(path, {"days": 1})).data
    (await cyd.post("/api/groups/join", {"code": first["code"]})).refused(404, "not_found")
    assert (await ann.post(path, method="DELETE")).status == 200
    (await cyd.post("/api/groups/join", {"code": second["code"]})).refused(404, "not_found")
    third = (await ann.post(path, {})).data
    await ann.post(f"/api/groups/{group}", method="DELETE")
    (await cyd.post("/api/groups/join", {"code": third["code"]})).refused(404, "not_found")


async def test_where_a_group_asks_for_approval_its_leaders_let_people_in(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    path = f"/api/groups/{group}"
    changed = (await ann.post(path, {"approval": True}, method="PATCH")).data
    assert changed["approval"] is True
    link = (await ann.post(f"{path}/link", {})).data["code"]
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        (await bob.post("/api/groups/join", {"group": "g"})).refused(403, "approval_needed")
        assert (await socket.next_op("state"))["list"] == "groups"
    (await bob.post("/api/groups/join", {"group": group})).refused(403, "approval_needed")
    (await cyd.post("/api/groups/join", {"code": link})).refused(403, "approval_needed")
    form = await cyd.form("/contact/joinGroup", userId=cyd.id, comId=group)
    form.refused(403, "approval_needed")
    asking = (await ann.get(f"{path}/requests")).data["requests"]
    assert [one["user"]["name"] for one in asking] == ["bob", "cyd"]
    assert (await ann.post(f"{path}/requests/{bob.id}", method="PUT")).status == 200
    assert (await ann.post(f"{path}/requests/{cyd.id}", method="DELETE")).status == 200
    (await ann.post(f"{path}/requests/{cyd.id}", method="PUT")).refused(404, "not_found")
    assert (await bob.get(path)).data["members"] == 2
    (await cyd.get(path)).refused(404, "not_found")
    # Whoever is in it already gets no request.
    assert (await bob.post("/api/groups/join", {"group": group})).data["id"] == group


async def test_who_asked_a_group_sees_how_it_stands_and_may_take_it_back(
    api: Api, messenger: Messenger
) -> None:
    async def asked() -> list[tuple[str, str]]:
        found = (await bob.get("/api/groups/requests")).data["requests"]
        return [(one["name"], one["state"]) for one in found]

    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    await ann.post(f"/api/groups/{group}", {"approval": True}, method="PATCH")
    own = f"/api/groups/{group}/requests/{bob.id}"
    join = ("/api/groups/join", {"group": group})
    (await bob.post(*join)).refused(403, "approval_needed")
    assert await asked() == [("g", "waiting")]
    assert (await bob.post(own, method="DELETE")).status == 200
    assert await asked() == []
    (await bob.post(own, method="DELETE")).refused(404, "not_found")
    (await bob.post(*join)).refused(403, "approval_needed")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await ann.post(own, method="DELETE")).status == 200
        assert (await socket.next_op("state"))["list"] == "groups"
    assert await asked() == [("g", "refused")]
    (await bob.post(*join)).refused(403, "forbidden")
    a_day = "UPDATE join_request SET decided_at = decided_at - 86400000"
    await messenger.database.write(lambda cursor: cursor.execute(a_day))
    (await bob.post(*join)).refused(403, "approval_needed")
    assert len((await ann.get(f"/api/groups/{group}/requests")).data["requests"]) == 1


@pytest.mark.parametrize("overrides", [{"limits": {"join_requests": "3/hour"}}], ids=["3 an hour"])
async def test_codes_are_not_tried_without_end(api: Api) -> None:
    ann = await api.register("ann")
    for _ in range(3):
        (await ann.post("/api/groups/join", {"code": "guess"})).refused(404, "not_found")
    (await ann.post("/api/groups/join", {"code": "guess"})).refused(429, "rate_limited")


async def test_those_who_lead_a_group_are_told_how_many_ask_and_nobody_else(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    made = await ann.post("/api/groups", {"name": "g", "members": [bob.id]})
    path = f"/api/groups/{made.data['id']}"
    await ann.post(path, {"approval": True}, method="PATCH")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        body = {"group": made.data["id"]}
        (await cyd.post("/api/groups/join", body)).refused(403, "approval_needed")
        assert (await socket.next_op("state"))["list"] == "groups"
        assert [(await each.get(path)).data["requests"] for each in (ann, bob)] == [1, 0]
        decided = await ann.post(f"{path}/requests/{cyd.id}", method="DELETE")
        assert decided.status == 200
        assert (await socket.next_op("state"))["list"] == "groups"
    assert (await ann.get("/api/groups")).data["groups"][0]["requests"] == 0
