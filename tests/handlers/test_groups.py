"""Groups: who may do what in which role, and that everyone sees it in the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.handlers.api import PASSWORD, Api, Person, Reply

pytestmark = pytest.mark.gen_test(timeout=60)


async def make(owner: Person, *members: Person, name: str = "读书会") -> int:
    body = {"name": name, "members": [member.id for member in members]}
    return int((await owner.post("/api/groups", body)).data["id"])


async def roles(person: Person, group: int) -> dict[str, str]:
    members = (await person.get(f"/api/groups/{group}/members")).data["members"]
    return {member["user"]["name"]: member["role"] for member in members}


async def set_role(who: Person, group: int, user: Person, role: str) -> Reply:
    path = f"/api/groups/{group}/members/{user.id}/role"
    return await who.post(path, {"role": role}, method="PUT")


async def events(person: Person, group: int) -> list[str]:
    page = (await person.get("/api/messages", conv=f"g:{group}", limit=500)).data
    return [entry.get("kind", entry.get("text")) for entry in page["entries"]]


async def test_how_many_members_are_online_is_counted_by_the_node(api: Api) -> None:
    ann, bob, cyd, dee = await api.people("ann", "bob", "cyd", "dee")
    group = await make(ann, bob, cyd)
    path = f"/api/groups/{group}/members"
    assert (await ann.get(path)).data["online"] == 0
    async with api.socket(bob) as his, api.socket(dee) as hers:
        await his.next_op("welcome")
        await hers.next_op("welcome")
        assert (await ann.get(path)).data["online"] == 1


async def test_a_group_is_made_with_its_first_members(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann, bob)
    assert await roles(bob, group) == {"ann": "owner", "bob": "member"}
    assert await events(ann, group) == ["created", "joined"]
    (await cyd.get(f"/api/groups/{group}")).refused(404, "not_found")
    (await cyd.get(f"/api/groups/{group}/members")).refused(404, "not_found")
    (await cyd.get("/api/messages", conv=f"g:{group}")).refused(404, "not_found")
    (await cyd.post("/api/messages", {"to": f"g:{group}", "text": "x"})).refused(404, "not_found")
    (await cyd.post(f"/api/groups/{group}", method="DELETE")).refused(404, "not_found")
    for number in (99, 2**53, "9" * 16):
        (await ann.get(f"/api/groups/{number}")).refused(404, "not_found")
    listed = (await bob.get("/api/groups")).data["groups"]
    assert [(g["name"], g["members"], g["role"]) for g in listed] == [("读书会", 2, "member")]


async def test_groups_in_common_are_those_that_both_are_in(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    both, left = await make(ann, bob, name="both"), await make(ann, bob, name="left")
    await make(ann, cyd, name="without bob")
    await make(bob, cyd, name="without ann")
    await bob.post(f"/api/groups/{left}/members/{bob.id}", method="DELETE")

    async def common(one: Person, other: Person) -> list[str]:
        listed = (await one.get("/api/groups", member=other.id)).data["groups"]
        return [group["name"] for group in listed]

    assert await common(ann, bob) == await common(bob, ann) == ["both"]
    assert await common(ann, cyd) == ["without bob"]
    await ann.post(f"/api/groups/{both}", method="DELETE")
    assert await common(bob, ann) == []
    assert (await ann.get("/api/groups", member=99)).data["groups"] == []
    (await ann.get("/api/groups", member=0)).refused(400, "malformed", "member")


@pytest.mark.parametrize(
    ("body", "status", "error", "field"),
    [
        ({"name": ""}, 400, "invalid", "name"),
        ({"name": "x" * 33}, 400, "invalid", "name"),
        ({"name": "a\u0007b"}, 400, "invalid", "name"),
        ({"name": "taken"}, 409, "taken", "name"),
        ({"name": "ＴＡＫＥＮ"}, 409, "taken", "name"),
        ({"name": "x", "members": [99]}, 404, "not_found", "members"),
        ({"name": "x", "members": ["2"]}, 400, "malformed", "members"),
        ({"name": "x", "members": [0]}, 400, "malformed", "members"),
        ({"name": "x", "members": [2] * 501}, 400, "malformed", "members"),
        ({"name": "x", "note": "x" * 501}, 400, "invalid", "note"),
        ({"name": "x", "category": "x" * 33}, 400, "invalid", "category"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_its_field(
    api: Api, body: dict[str, Any], status: int, error: str, field: str
) -> None:
    ann, _ = await api.people("ann", "bob")
    await make(ann, name="taken")
    (await ann.post("/api/groups", body)).refused(status, error, field)
    assert len((await ann.get("/api/groups")).data["groups"]) == 1


async def test_one_joins_by_number_or_name_and_sees_what_is_said_from_then_on(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann)
    await ann.send(f"g:{group}", "before")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await bob.post("/api/groups/join", {"group": group})).data["members"] == 2
        assert (await socket.next_op("event"))["kind"] == "joined"
        await ann.send(f"g:{group}", "after")
        assert (await socket.next_op("message"))["text"] == "after"
    assert await events(bob, group) == ["joined", "after"]
    for name in (" 读书会 ", str(group)):
        reply = await cyd.post("/api/groups/join", {"group": name})
        assert reply.status == (200 if name == " 读书会 " else 409)
    (await cyd.post("/api/groups/join", {"group": "nothing"})).refused(404, "not_found", "group")
    (await cyd.post("/api/groups/join", {"group": 99})).refused(404, "not_found", "group")


async def test_a_group_whose_name_is_a_number_is_found_when_no_group_has_the_number(
    api: Api,
) -> None:
    ann, bob = await api.people("ann", "bob")
    first = await make(ann, name="2024")
    reply = await bob.post("/api/groups/join", {"group": "2024"})
    assert reply.data["id"] == first


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
async def test_each_role_may_what_it_may(api: Api, role: str) -> None:
    ann, who, other, new = await api.people("ann", "who", "other", "new")
    group = await make(ann, who, other)
    if role != "member":
        assert (await set_role(ann, group, who, role)).status == 200
    leads = role != "member"
    path = f"/api/groups/{group}"
    done = {True: 200, False: 403}

    async def status(*call: Any, **more: Any) -> int:
        return (await who.post(*call, **more)).status

    assert await status(f"{path}/members", {"users": [new.id]}) == 200
    assert await status(path, {"name": "新名字"}, method="PATCH") == done[leads]
    assert await status(path, {"note": "x", "category": "y"}, method="PATCH") == done[leads]
    assert await status(path, {"announcement": "明天休息"}, method="PATCH") == done[leads]
    assert await status(path, {"shows_past": True}, method="PATCH") == done[leads]
    place = await other.send(f"g:{group}", "other's words")
    recall = {"conv": f"g:{group}", "seq": place["seq"]}
    assert await status("/api/messages/recall", recall) == done[leads]
    assert await status(f"{path}/members/{new.id}", method="DELETE") == done[leads]
    if role != "owner":
        assert await status(f"{path}/members/{ann.id}", method="DELETE") == 403
    assert (await set_role(who, group, other, "admin")).status == done[role == "owner"]
    assert (await set_role(who, group, other, "member")).status == done[role == "owner"]
    assert await status(path, method="DELETE") == done[role == "owner"]
    if role == "owner":
        assert (await ann.get("/api/groups")).data["groups"] == []
        assert await make(ann, name="新名字") != group, "the name is free again"


async def test_a_group_may_leave_it_to_those_who_lead_it_to_bring_others_in(api: Api) -> None:
    ann, bob, cyd, dan, eve = await api.people("ann", "bob", "cyd", "dan", "eve")
    group = await make(ann, bob, cyd)
    path = f"/api/groups/{group}"
    assert (await bob.post(f"{path}/members", {"users": [dan.id]})).status == 200
    changed = await ann.post(path, {"leaders_invite": True}, method="PATCH")
    assert changed.data["leaders_invite"] is True
    assert (await events(bob, group))[-1] == "settings"
    refused = await bob.post(f"{path}/members", {"users": [eve.id]})
    said = refused.refused(403, "forbidden")["message"]
    assert said == "本群只有群主和管理员可以邀请成员"
    (await bob.post(path, {"leaders_invite": False}, method="PATCH")).refused(403, "forbidden")
    await set_role(ann, group, bob, "admin")
    assert (await bob.post(f"{path}/members", {"users": [eve.id]})).status == 200
    # By name people come by themselves, and by a webhook its bot.
    assert (await eve.post(f"{path}/members/{eve.id}", method="DELETE")).status == 200
    assert (await eve.post("/api/groups/join", {"group": group})).status == 200
    assert (await ann.post(f"{path}/webhooks", {"name": "Build"})).status == 200
    await set_role(ann, group, bob, "member")
    assert (await ann.post(path, {"leaders_invite": False}, method="PATCH")).status == 200
    await ann.post(f"{path}/members/{eve.id}", method="DELETE")
    assert (await bob.post(f"{path}/members", {"users": [eve.id]})).status == 200


async def test_who_may_no_longer_bring_others_in_does_not_by_being_fast(api: Api) -> None:
    ann, bob, *new = await api.people("ann", "bob", "cyd", "dan", "eve", "fay")
    group = await make(ann, bob)
    path = f"/api/groups/{group}"
    replies = await asyncio.gather(
        *(bob.post(f"{path}/members", {"users": [person.id]}) for person in new[:2]),
        ann.post(path, {"leaders_invite": True}, method="PATCH"),
        *(bob.post(f"{path}/members", {"users": [person.id]}) for person in new[2:]),
    )
    done = sum(reply.status == 200 for reply in replies) - 1
    assert {reply.status for reply in replies} <= {200, 403}
    log = await events(ann, group)
    # The first is that with which bob came in.
    assert log.index("settings") == len(log) - 1
    assert log.count("joined") - 1 == done


async def test_administrators_of_a_group_cannot_put_each_other_out(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann, bob, cyd)
    for who in (bob, cyd):
        await set_role(ann, group, who, "admin")
    path = f"/api/groups/{group}/members/{cyd.id}"
    (await bob.post(path, method="DELETE")).refused(403, "forbidden")
    assert (await ann.post(path, method="DELETE")).status == 200


async def test_the_owner_hands_over_before_leaving(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    group = await make(ann, bob)
    path = f"/api/groups/{group}/members/{ann.id}"
    refused = await ann.post(path, method="DELETE")
    assert refused.refused(403, "forbidden")["message"] == "群主要先转让群组才能退出"
    assert (await set_role(ann, group, bob, "owner")).status == 200
    assert (await roles(ann, group))["bob"] == "owner"
    (await set_role(ann, group, bob, "member")).refused(403, "forbidden")
    assert (await ann.post(path, method="DELETE")).status == 200
    assert (await events(bob, group))[-2:] == ["owner", "left"]
    for role in ("king", "", 5):
        (await bob.post(f"{path}/role", {"role": role}, method="PUT")).refused(400, "malformed")


async def test_who_is_put_out_hears_of_it_and_nothing_more(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann, bob, cyd)
    async with api.socket(bob) as out, api.socket(cyd) as inside:
        await out.next_op("welcome")
        await inside.next_op("welcome")
        await ann.send(f"g:{group}", "bob may hear this")
        await ann.post(f"/api/groups/{group}/members/{bob.id}", method="DELETE")
        await ann.send(f"g:{group}", "bob may not hear this")
        assert (await out.next_op("message"))["text"] == "bob may hear this"
        assert (await out.next_op("event"))["kind"] == "removed"
        await inside.next(lambda frame: frame.get("text") == "bob may not hear this")
        answer = await out.ask("send", to=f"g:{group}", text="x")
        assert answer["code"] == "not_found"
        assert (await out.ask("read", conv=f"g:{group}", seq=3))["code"] == "not_found"
        assert [f for f in out.kept if f["op"] == "message"] == []
    # What was said while one was in it stays readable, and nothing after.
    assert await events(bob, group) == ["joined", "bob may hear this", "removed"]
    assert (await bob.get("/api/groups")).data["groups"] == []
    assert (await bob.post("/api/groups/join", {"group": group})).status == 200


async def test_a_dissolved_group_is_gone_for_all(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    group = await make(ann, bob)
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await ann.post(f"/api/groups/{group}", method="DELETE")).status == 200
        assert (await socket.next_op("event"))["kind"] == "dissolved"
    for who in (ann, bob):
        (await who.get(f"/api/groups/{group}")).refused(404, "not_found")
        reply = await who.post("/api/messages", {"to": f"g:{group}", "text": "x"})
        reply.refused(404, "not_found")
        (await who.post("/api/groups/join", {"group": group})).refused(404, "not_found")


@pytest.mark.parametrize("overrides", [{"groups": {"members": 3, "per_user": 2}}], ids=["small"])
async def test_sizes_are_limited(api: Api) -> None:
    ann, bob, cyd, dan = await api.people("ann", "bob", "cyd", "dan")
    body = {"name": "big", "members": [bob.id, cyd.id, dan.id]}
    (await ann.post("/api/groups", body)).refused(409, "limit_reached")
    group = await make(ann, bob, cyd)
    (await dan.post("/api/groups/join", {"group": group})).refused(409, "limit_reached")
    full = await ann.post(f"/api/groups/{group}/members", {"users": [dan.id]})
    full.refused(409, "limit_reached")
    await make(ann, name="second")
    (await ann.post("/api/groups", {"name": "third"})).refused(409, "limit_reached")


async def test_a_rename_to_a_name_of_another_group_is_refused(api: Api) -> None:
    ann = await api.register("ann")
    await make(ann, name="one")
    two = await make(ann, name="two")
    refused = await ann.post(f"/api/groups/{two}", {"name": "ONE"}, method="PATCH")
    assert refused.refused(409, "taken", "name")["message"] == "这个群名已有人使用"
    assert (await ann.post(f"/api/groups/{two}", {"name": "Two"}, method="PATCH")).status == 200


@pytest.mark.gen_test
async def test_a_group_goes_on_under_its_administrator_when_the_owner_leaves_altogether(
    api: Api,
) -> None:
    _, owner, member, deputy = await api.people("admin", "owner", "member", "deputy")
    body = {"name": "g", "members": [member.id, deputy.id]}
    group = (await owner.post("/api/groups", body)).data
    path = f"/api/groups/{group['id']}"
    role = {"role": "admin"}
    await owner.post(f"{path}/members/{deputy.id}/role", role, method="PUT")
    alone = (await owner.post("/api/groups", {"name": "alone"})).data
    assert (await owner.post("/api/me", {"password": PASSWORD}, method="DELETE")).status == 200
    members = (await member.get(f"{path}/members")).data["members"]
    assert [(each["user"]["id"], each["role"]) for each in members] == [
        (deputy.id, "owner"),
        (member.id, "member"),
    ]
    assert (await member.get(path)).data["owner"] == deputy.id
    (await member.post("/api/groups/join", {"group": alone["id"]})).refused(404, "not_found")
    log = (await member.get("/api/messages", conv=f"g:{group['id']}")).data["entries"]
    assert [entry["kind"] for entry in log][-2:] == ["owner", "left"]


@pytest.mark.parametrize("overrides", [{"limits": {"groups": "2/hour"}}], ids=["2 an hour"])
async def test_one_person_makes_so_many_groups_in_a_time_also_when_they_end_them(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for name in ("one", "two"):
        group = (await ann.post("/api/groups", {"name": name})).data["id"]
        assert (await ann.post(f"/api/groups/{group}", method="DELETE")).status == 200
    (await ann.post("/api/groups", {"name": ""})).refused(400, "invalid", "name")
    (await ann.post("/api/groups", {"name": "three"})).refused(429, "rate_limited")
    assert (await bob.post("/api/groups", {"name": "three"})).status == 200
