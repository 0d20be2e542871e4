"""A member whom those who lead the group keep from writing, for a time or until they undo it."""

from __future__ import annotations

import asyncio

import pytest

from im.app import Messenger
from tests.handlers.api import ON_BOTH, Api, Person, eventually
from tests.handlers.test_groups import events, make, set_role

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]

FOREVER = 2**53 - 1


def place(group: int, person: Person) -> str:
    """The route with which a member is silenced."""
    return f"/api/groups/{group}/members/{person.id}/silence"


async def silence(leader: Person, group: int, person: Person, minutes: int | None = None) -> None:
    """Keep a member from writing."""
    body = {} if minutes is None else {"minutes": minutes}
    reply = await leader.post(place(group, person), body, method="PUT")
    assert reply.status == 200, reply.text


async def listed(who: Person, group: int, person: Person) -> int | None:
    """Until when the list of members says that someone is silenced."""
    members = (await who.get(f"/api/groups/{group}/members")).data["members"]
    found = next(each for each in members if each["user"]["id"] == person.id)
    until: int | None = found["silenced_until"]
    return until


async def test_who_is_silenced_reads_along_and_writes_nothing_until_it_is_undone(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann, bob, cyd)
    said = await bob.send(f"g:{group}", "before")
    await silence(ann, group, bob)
    assert (await events(cyd, group))[-1] == "silenced"
    assert await listed(cyd, group, bob) == FOREVER
    assert (await bob.get(f"/api/groups/{group}")).data["silenced_until"] == FOREVER
    at = {"conv": said["conv"], "seq": said["seq"]}
    reply = await bob.post("/api/messages", {"to": f"g:{group}", "text": "x"})
    assert reply.refused(403, "forbidden")["message"] == "你在本群已被禁言"
    edit = await bob.post("/api/messages", {**at, "text": "y"}, method="PATCH")
    edit.refused(403, "forbidden")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("send", to=f"g:{group}", text="x"))["code"] == "forbidden"
        await cyd.send(f"g:{group}", "do you hear this?")
        assert (await socket.next_op("message"))["text"] == "do you hear this?"
    assert (await bob.post("/api/messages/read", at)).status == 200
    await bob.send(f"u:{cyd.id}", "elsewhere I may")
    # One's own words may always be taken back.
    assert (await bob.post("/api/messages/recall", at)).status == 200
    # Neither by themselves nor by leaving do they get out of it.
    (await bob.post(place(group, bob), method="DELETE")).refused(403, "forbidden")
    await bob.post(f"/api/groups/{group}/members/{bob.id}", method="DELETE")
    await bob.post("/api/groups/join", {"group": group})
    refused = await bob.post("/api/messages", {"to": f"g:{group}", "text": "x"})
    refused.refused(403, "forbidden")
    assert (await ann.post(place(group, bob), method="DELETE")).status == 200
    assert await listed(cyd, group, bob) is None
    await bob.send(f"g:{group}", "after")
    assert (await events(cyd, group))[-2:] == ["unsilenced", "after"]


async def test_a_time_ends_by_itself(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    group = await make(ann, bob)
    await silence(ann, group, bob, 60)
    now = (await bob.get("/api/time")).data["time"]
    until = await listed(bob, group, bob)
    assert until is not None
    assert 59 * 60_000 < until - now <= 60 * 60_000
    (await bob.post("/api/messages", {"to": f"g:{group}", "text": "x"})).refused(403, "forbidden")

    # As if the hour were over in a moment.
    await messenger.database.write(
        lambda cursor: (
            cursor.execute(
                f"UPDATE member SET muted_until = {cursor.dialect.now_ms} + 300 WHERE user_id = %s",
                (bob.id,),
            ).rowcount
        )
    )

    async def may_write() -> bool:
        body = {"to": f"g:{group}", "text": "again"}
        return (await bob.post("/api/messages", body)).status == 200

    await eventually(may_write)


async def test_only_plain_members_are_silenced_and_only_by_those_who_lead(api: Api) -> None:
    ann, bob, cyd, dan = await api.people("ann", "bob", "cyd", "dan")
    group = await make(ann, bob, cyd)
    await set_role(ann, group, bob, "admin")
    for who, whom, status in (
        *((cyd, bob, 403), (cyd, cyd, 403), (bob, ann, 403), (bob, bob, 403), (ann, ann, 403)),
        *((ann, bob, 403), (bob, dan, 404), (dan, cyd, 404)),
    ):
        reply = await who.post(place(group, whom), {}, method="PUT")
        assert reply.status == status, (who.name, whom.name, reply.text)
    for minutes in (0, -1, 525_601, "x"):
        body = {"minutes": minutes}
        (await ann.post(place(group, cyd), body, method="PUT")).refused(400, "malformed")
    await silence(bob, group, cyd)
    await set_role(ann, group, cyd, "admin")
    await cyd.send(f"g:{group}", "who leads may write")
    assert await listed(bob, group, cyd) is None


async def test_nothing_is_said_after_one_was_silenced_however_fast(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    group = await make(ann, bob)
    await bob.send(f"g:{group}", "known to be allowed")
    texts = [
        bob.post("/api/messages", {"to": f"g:{group}", "text": f"m{number}"})
        for number in range(40)
    ]
    act = ann.post(place(group, bob), {}, method="PUT")
    replies = await asyncio.gather(*texts[:20], act, *texts[20:])
    assert {reply.status for reply in replies} <= {200, 403}
    log = await events(ann, group)
    assert log[-1] == "silenced", "what was in time is before it"
    done = sum(reply.status == 200 for reply in replies) - 1
    assert len([entry for entry in log if entry.startswith("m")]) == done
