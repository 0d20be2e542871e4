"""Who was away is told which message named them: it stands in the list until it is read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.api import ON_BOTH, Api, Person

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


async def mention(person: Person, conv: str) -> int | None:
    """What a person's list says."""
    listed: list[dict[str, Any]] = (await person.get("/api/conversations")).data["conversations"]
    (number,) = [summary["mention_seq"] for summary in listed if summary["conv"] == conv]
    return None if number is None else int(number)


async def group_of(owner: Person, *others: Person, **more: Any) -> str:
    """A group's conversation."""
    body = {"name": "crew", "members": [other.id for other in others], **more}
    return f"g:{(await owner.post('/api/groups', body)).data['id']}"


async def name(sender: Person, conv: str, *people: Person) -> int:
    """Mention people; the message's number."""
    sent = await sender.send(conv, "you there", mentions=[person.id for person in people])
    return int(sent["seq"])


async def test_a_mention_stands_in_the_list_until_it_is_read(api: Api) -> None:
    ann, bob, cem = await api.people("ann", "bob", "cem")
    conv = await group_of(ann, bob, cem)
    first = await name(ann, conv, bob)
    second = await name(ann, conv, bob, bob)
    await ann.send(conv, "something else")
    assert await mention(bob, conv) == second
    assert await mention(cem, conv) is None
    assert await mention(ann, conv) is None
    await bob.post("/api/messages/read", {"conv": conv, "seq": first})
    assert await mention(bob, conv) == second
    await bob.post("/api/messages/read", {"conv": conv, "seq": second})
    assert await mention(bob, conv) is None
    await name(ann, conv, bob)
    await bob.send(conv, "who writes has read")
    assert await mention(bob, conv) is None


async def test_what_is_taken_back_or_deleted_for_oneself_mentions_nobody(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    conv = await group_of(ann, bob)
    first, second, third = [await name(ann, conv, bob) for _ in range(3)]
    place = {"conv": conv, "seq": second}
    await ann.post("/api/messages", {**place, "text": "changed"}, method="PATCH")
    await ann.post("/api/messages/recall", {"conv": conv, "seq": third})
    assert await mention(bob, conv) == second
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("hide", **place))["op"] == "ok"
        assert await mention(bob, conv) == first
        assert (await socket.ask("hide", **place, hidden=False))["op"] == "ok"
        assert await mention(bob, conv) == second


async def test_who_joins_is_not_mentioned_in_what_was_said_before(api: Api) -> None:
    ann, bob, cem = await api.people("ann", "bob", "cem")
    conv = await group_of(ann, cem)
    group = int(conv[2:])
    await ann.post(f"/api/groups/{group}", {"shows_past": True}, method="PATCH")
    await name(ann, conv, bob)
    assert (await bob.post("/api/groups/join", {"group": group})).status == 200
    await ann.send(conv, "welcome")
    assert await mention(bob, conv) is None
    seq = await name(ann, conv, bob)
    assert await mention(bob, conv) == seq


async def test_private_chats_and_announcements_mention_too(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    # Who comes first is the administrator.
    for to, conv in ((f"u:{bob.id}", f"p:{ann.id}:{bob.id}"), ("all", "all")):
        seq = await name(ann, to, bob)
        await ann.send(to, "and more")
        assert await mention(bob, conv) == seq
        await bob.post("/api/messages/read", {"conv": conv, "seq": seq})
        assert await mention(bob, conv) is None
