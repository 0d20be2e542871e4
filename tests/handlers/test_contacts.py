"""Contacts and blocks: who may write to whom, and that they are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import Api, Person

pytestmark = pytest.mark.gen_test(timeout=30)


async def relations(person: Person) -> dict[str, tuple[str, bool]]:
    listed = (await person.get("/api/contacts")).data["contacts"]
    return {c["user"]["name"]: (c["state"], c["blocked"]) for c in listed}


async def befriend(one: Person, other: Person) -> None:
    assert (await one.post("/api/contacts", {"user": other.id})).data["state"] == "outgoing"
    assert (await other.post(f"/api/contacts/{one.id}/accept")).status == 200


async def test_one_asks_and_the_other_accepts(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        reply = await ann.post("/api/contacts", {"name": "BOB", "note": "三楼的小安"})
        assert reply.data["state"] == "outgoing"
        state = await socket.next_op("state")
        assert state["list"] == "contacts"
    assert await relations(ann) == {"bob": ("outgoing", False)}
    assert await relations(bob) == {"ann": ("incoming", False)}
    (await ann.post(f"/api/contacts/{bob.id}/accept")).refused(404, "not_found")
    assert (await bob.post(f"/api/contacts/{ann.id}/accept")).status == 200
    assert await relations(ann) == {"bob": ("accepted", False)}
    again = await ann.post("/api/contacts", {"user": bob.id})
    assert again.refused(409, "already_exists")["message"] == "你们已经是联系人了"
    assert (await bob.post(f"/api/contacts/{ann.id}", method="DELETE")).status == 200
    assert await relations(ann) == await relations(bob) == {}


async def test_who_is_declined_sees_it_and_asks_again_only_after_a_while(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    path = f"/api/contacts/{bob.id}"
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        await ann.post("/api/contacts", {"user": bob.id})
        await socket.next_op("state")
        assert (await bob.post(f"/api/contacts/{ann.id}/decline")).status == 200
        assert (await socket.next_op("state"))["list"] == "contacts"
    assert await relations(ann) == {"bob": ("declined", False)}
    assert await relations(bob) == {}
    (await bob.post(f"/api/contacts/{ann.id}/decline")).refused(404, "not_found")
    # Nor does it help to forget the request.
    assert (await ann.post(path, method="DELETE")).status == 200
    assert await relations(ann) == {}
    (await ann.post(path, method="DELETE")).refused(404, "not_found")
    refused = (await ann.post("/api/contacts", {"user": bob.id})).refused(403, "forbidden")
    assert "24 小时" in refused["message"]
    a_day = "UPDATE contact SET updated_at = updated_at - 86400000"
    await messenger.database.write(lambda cursor: cursor.execute(a_day))
    assert (await ann.post("/api/contacts", {"user": bob.id})).data["state"] == "outgoing"
    # A block declines as well, and the one who declined may always ask.
    assert (await bob.post(f"/api/contacts/{ann.id}/block", method="PUT")).status == 200
    assert await relations(ann) == {"bob": ("declined", False)}
    await bob.post(f"/api/contacts/{ann.id}/block", method="DELETE")
    assert (await bob.post("/api/contacts", {"user": ann.id})).data["state"] == "outgoing"


async def test_a_request_can_be_taken_back_or_crossed(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.post("/api/contacts", {"user": bob.id})
    assert (await ann.post(f"/api/contacts/{bob.id}/decline")).status == 200
    assert await relations(ann) == await relations(bob) == {}
    (await ann.post(f"/api/contacts/{bob.id}/decline")).refused(404, "not_found")
    await ann.post("/api/contacts", {"user": bob.id})
    assert (await bob.post("/api/contacts", {"user": ann.id})).data["state"] == "accepted"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"name": "ann"}, 400, "invalid"),
        ({"user": 1}, 400, "invalid"),
        ({"name": "nobody"}, 404, "not_found"),
        ({"user": 99}, 404, "not_found"),
        ({"user": 0}, 400, "malformed"),
        ({"user": "2"}, 400, "malformed"),
        ({"user": 2**53}, 400, "malformed"),
        ({}, 400, "invalid"),
        ({"user": 2, "note": "x" * 201}, 400, "invalid"),
    ],
)
async def test_a_request_that_cannot_be_is_refused(
    api: Api, body: dict[str, Any], status: int, error: str
) -> None:
    ann, _ = await api.people("ann", "bob")
    (await ann.post("/api/contacts", body)).refused(status, error)


async def test_a_remark_is_for_oneself_alone(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    path = f"/api/contacts/{bob.id}"
    (await ann.post(path, {"remark": "x"}, method="PATCH")).refused(404, "not_found")
    await befriend(ann, bob)
    (await ann.post(path, {"remark": "x" * 33}, method="PATCH")).refused(400, "invalid", "remark")
    assert (await ann.post(path, {"remark": "<b>阿宝</b>"}, method="PATCH")).status == 200
    assert (await ann.get("/api/contacts")).data["contacts"][0]["remark"] == "<b>阿宝</b>"
    assert (await bob.get("/api/contacts")).data["contacts"][0]["remark"] == ""


async def test_who_is_blocked_is_told_so_and_nothing_arrives(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await befriend(ann, bob)
    await ann.send(f"u:{bob.id}", "before")
    assert (await bob.post(f"/api/contacts/{ann.id}/block", method="PUT")).status == 200
    assert await relations(bob) == {"ann": ("accepted", True)}
    refused = await ann.post("/api/messages", {"to": f"u:{bob.id}", "text": "x"})
    assert refused.refused(403, "blocked")["message"] == "对方已将你拉黑，消息没有发出"
    (await bob.post("/api/messages", {"to": f"u:{ann.id}", "text": "x"})).refused(403, "forbidden")
    conv = f"p:{ann.id}:{bob.id}"
    edit = {"conv": conv, "seq": 1, "text": "changed"}
    (await ann.post("/api/messages", edit, method="PATCH")).refused(403, "blocked")
    # One's own words can always be taken back.
    assert (await ann.post("/api/messages/recall", {"conv": conv, "seq": 1})).status == 200
    (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).refused(403, "forbidden")
    assert (await bob.post(f"/api/contacts/{ann.id}/block", method="DELETE")).status == 200
    await ann.send(f"u:{bob.id}", "after")


async def test_a_stranger_who_is_blocked_can_neither_write_nor_ask(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await bob.post(f"/api/contacts/{ann.id}/block", method="PUT")
    assert await relations(bob) == {"ann": ("none", True)}
    (await ann.post("/api/messages", {"to": f"u:{bob.id}", "text": "x"})).refused(403, "blocked")
    (await ann.post("/api/contacts", {"user": bob.id})).refused(403, "blocked")
    assert await relations(ann) == {}
    for who in (99, bob.id):
        (await bob.post(f"/api/contacts/{who}/block", method="PUT")).refused(404, "not_found")


async def test_a_message_on_its_way_meets_the_block(api: Api) -> None:
    """The right is looked up, remembered, and asked again at commit by the epoch."""
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("send", to=f"u:{bob.id}", text="0"))["op"] == "ok"
        blocked = asyncio.ensure_future(bob.post(f"/api/contacts/{ann.id}/block", method="PUT"))
        answers = []
        while not blocked.done():
            answers.append(await socket.ask("send", to=f"u:{bob.id}", text="x"))
        assert (await blocked).status == 200
        # Whatever was answered before, nothing is accepted from now on.
        assert (await socket.ask("send", to=f"u:{bob.id}", text="late"))["code"] == "blocked"
    accepted = 1 + sum(answer["op"] == "ok" for answer in answers)
    page = (await bob.get("/api/messages", conv=f"p:{ann.id}:{bob.id}", limit=500)).data
    assert len(page["entries"]) == accepted


@pytest.mark.parametrize(
    "overrides", [{"chat": {"strangers": "request"}}, {"chat": {"strangers": "refuse"}}], ids=str
)
async def test_where_strangers_may_not_write_contacts_may(
    api: Api, overrides: dict[str, Any]
) -> None:
    ann, bob = await api.people("ann", "bob")
    text = {"to": f"u:{bob.id}", "text": "x"}
    (await ann.post("/api/messages", text)).refused(403, "not_contacts")
    if overrides["chat"]["strangers"] == "refuse":
        (await ann.post("/api/contacts", {"user": bob.id})).refused(403, "forbidden")
        await ann.post("/api/groups", {"name": "g", "members": [bob.id]})
    await befriend(ann, bob)
    assert (await ann.post("/api/messages", text)).status == 200
    assert (await bob.post(f"/api/contacts/{ann.id}", method="DELETE")).status == 200
    (await ann.post("/api/messages", text)).refused(403, "not_contacts")


@pytest.mark.parametrize("overrides", [{"chat": {"contacts": 2}}], ids=["2"])
async def test_the_number_of_contacts_is_limited(api: Api) -> None:
    ann, *others = await api.people("ann", "b", "c", "d")
    for other in others[:2]:
        await ann.post("/api/contacts", {"user": other.id})
    (await ann.post("/api/contacts", {"user": others[2].id})).refused(409, "limit_reached")


@pytest.mark.parametrize(
    "overrides", [{"limits": {"contact_requests": "2/hour"}}], ids=["2 an hour"]
)
async def test_asking_is_limited(api: Api) -> None:
    ann, *others = await api.people("ann", "b", "c", "d")
    replies = [await ann.post("/api/contacts", {"user": other.id}) for other in others]
    assert [reply.status for reply in replies] == [200, 200, 429]
