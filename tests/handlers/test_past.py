"""What a member sees of the time before they joined: nothing, or all where the group shows it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import ON_BOTH, Api, Person
from tests.handlers.test_export import lines, opened
from tests.handlers.test_search import index

pytestmark = [pytest.mark.gen_test(timeout=90), ON_BOTH]

STEPS = 40


@pytest.fixture
def overrides() -> dict[str, Any]:
    """So that a test may look and send as often as it needs."""
    return {"limits": {"uploads": "10000/minute", "exports": "100/minute"}}


async def make(owner: Person, *members: Person) -> int:
    """A group."""
    body = {"name": "crew", "members": [member.id for member in members]}
    return int((await owner.post("/api/groups", body)).data["id"])


async def show_past(leader: Person, group: int, shows: bool = True) -> dict[str, Any]:
    """Let those who join from now on see what was said before, or not; the group's summary."""
    body = {"shows_past": shows}
    return dict((await leader.post(f"/api/groups/{group}", body, method="PATCH")).data)


async def leave(person: Person, group: int) -> None:
    """Leave a group."""
    path = f"/api/groups/{group}/members/{person.id}"
    assert (await person.post(path, method="DELETE")).status == 200


async def texts(person: Person, group: int) -> list[str]:
    """What was said, as far as this person sees it."""
    page = (await person.get("/api/messages", conv=f"g:{group}", limit=500)).data
    return [entry["text"] for entry in page["entries"] if entry["op"] == "message"]


async def test_a_new_member_sees_the_past_where_the_group_shows_it(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann)
    assert (await ann.get(f"/api/groups/{group}")).data["shows_past"] is False
    for number in range(3):
        await ann.send(f"g:{group}", f"before {number}")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        assert (await show_past(ann, group))["shows_past"] is True
        event = await socket.next_op("event")
        assert (event["kind"], event["from"]) == ("past_shown", ann.id)
    await bob.post("/api/groups/join", {"group": group})
    assert await texts(bob, group) == ["before 0", "before 1", "before 2"]
    summary = next(
        row
        for row in (await bob.get("/api/conversations")).data["conversations"]
        if row["conv"] == f"g:{group}"
    )
    assert (summary["unread"], summary["last"]["kind"]) == (0, "joined")
    assert summary["read_seq"] == summary["last_seq"], "the past is not unread"
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        page = await socket.ask("sync", conv=f"g:{group}", after=0)
        assert [entry["seq"] for entry in page["entries"]] == list(range(1, 7))
        assert page["more"] is False
    members = (await ann.get(f"/api/groups/{group}/members")).data["members"]
    begin = {member["user"]["name"]: member["joined_seq"] for member in members}
    assert begin == {"ann": 1, "bob": summary["last_seq"]}, "nor read by them"
    await show_past(ann, group, False)
    await cyd.post("/api/groups/join", {"group": group})
    await ann.send(f"g:{group}", "after")
    assert await texts(cyd, group) == ["after"]


async def test_what_a_member_sees_of_the_past_is_decided_when_they_join(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann)
    await ann.send(f"g:{group}", "first")
    await bob.post("/api/groups/join", {"group": group})
    await show_past(ann, group)
    await ann.send(f"g:{group}", "second")
    assert await texts(bob, group) == ["second"], "who was here already sees what they saw"
    await cyd.post("/api/groups/join", {"group": group})
    await show_past(ann, group, False)
    assert await texts(cyd, group) == ["first", "second"], "who saw it goes on seeing it"
    # Who comes back joins anew, and sees nothing of between when they are not in.
    await leave(cyd, group)
    await ann.send(f"g:{group}", "third")
    assert await texts(cyd, group) == ["first", "second"]
    await cyd.post("/api/groups/join", {"group": group})
    assert await texts(cyd, group) == []
    await show_past(ann, group)
    await leave(bob, group)
    await ann.post(f"/api/groups/{group}/members", {"users": [bob.id]})
    assert await texts(bob, group) == ["first", "second", "third"]
    role = f"/api/groups/{group}/members/{bob.id}/role"
    await ann.post(role, {"role": "owner"}, method="PUT")
    assert (await bob.get(f"/api/groups/{group}")).data["shows_past"] is True
    assert (await bob.post(f"/api/groups/{group}", method="DELETE")).status == 200
    assert await texts(bob, group) == ["first", "second", "third"]
    assert await texts(cyd, group) == []


@dataclass
class Said:
    """A message with a file."""

    seq: int
    text: str
    url: str


@dataclass
class Model:
    """A group as it should be: entries, who is in it, and the range that each person sees."""

    group: int
    shows: bool = False
    last: int = 1
    present: set[int] = field(default_factory=set)
    ranges: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)

    def seen(self, user: int) -> list[int]:
        """Numbers of all entries that a person sees."""
        first, last = self.ranges.get(user, (1, 0))
        return list(range(first, (self.last if last is None else last) + 1))

    def said_to(self, user: int) -> list[Said]:
        """Messages that a person sees."""
        seen = set(self.seen(user))
        return [message for message in self.said if message.seq in seen]


async def step(model: Model, owner: Person, others: list[Person], draw: random.Random) -> None:
    """Something happens in the group."""
    path = f"/api/groups/{model.group}"
    person = draw.choice(others)
    act = draw.choice(("say", "say", "move", "move", "switch"))
    if act == "switch":
        model.shows = draw.random() < 0.5
        await show_past(owner, model.group, model.shows)
    elif act == "say":
        who = draw.choice([owner, *(each for each in others if each.id in model.present)])
        number = len(model.said)
        file = (await who.upload(f"file {number}".encode())).data
        text = f"needle{number} hay"
        body = {"media": "file", "file": file["id"]}
        place = await who.send(f"g:{model.group}", text, **body)
        assert place["seq"] == model.last + 1
        model.said.append(Said(place["seq"], text, file["url"]))
    elif person.id in model.present:
        leader = draw.choice((owner, person))
        gone = await leader.post(f"{path}/members/{person.id}", method="DELETE")
        assert gone.status == 200
        model.present.discard(person.id)
        model.ranges[person.id] = (model.ranges[person.id][0], model.last + 1)
    else:
        if draw.random() < 0.5:
            reply = await person.post("/api/groups/join", {"group": model.group})
        else:
            reply = await owner.post(f"{path}/members", {"users": [person.id]})
        assert reply.status == 200
        model.present.add(person.id)
        model.ranges[person.id] = (1 if model.shows else model.last + 1, None)
    model.last += 1


async def pages(person: Person, conv: str, **first: int) -> list[int]:
    """Numbers of all entries, page after page from a place: ``after``, or ``before``."""
    found: list[int] = []
    (way,) = first
    place = first[way]
    while True:
        query = {"conv": conv, way: place, "limit": 7}
        page = (await person.get("/api/messages", **query)).data
        seqs = [entry["seq"] for entry in page["entries"]]
        found = found + seqs if way == "after" else seqs + found
        if not page["more"]:
            return found
        place = seqs[-1] if way == "after" else seqs[0]


async def looked_for(person: Person, **query: Any) -> list[int]:
    """Numbers of all hits, in order."""
    found: list[int] = []
    while True:
        data = (await person.get("/api/search/messages", q="needle hay", **query)).data
        found += [hit["seq"] for hit in data["hits"]]
        if data["cursor"] is None:
            return sorted(found)
        query["cursor"] = data["cursor"]


async def check(model: Model, person: Person, receiver: Person) -> None:
    """Whichever way a person takes, they come to what they may see and to nothing else."""
    conv = f"g:{model.group}"
    seen, said = model.seen(person.id), model.said_to(person.id)
    numbers = [message.seq for message in said]
    assert await looked_for(person) == numbers
    for message in model.said:
        expected = 200 if message in said else 404
        assert (await person.fetch(message.url)).status == expected, message
        forward = {"conv": conv, "seq": message.seq}
        body = {"to": f"u:{receiver.id}", "text": "look", "forwarded_from": forward}
        assert (await person.post("/api/messages", body)).status == expected, message
    archive = opened(await person.get("/api/me/export"))
    folders = {name.split("/")[1] for name in archive.namelist() if name.startswith("conver")}
    folder = next((name for name in folders if f"g-{model.group}" in name), None)
    assert (folder is not None) == bool(seen)
    if folder is None:
        (await person.get("/api/messages", conv=conv)).refused(404, "not_found")
        search = {"q": "needle", "conv": conv}
        (await person.get("/api/search/messages", **search)).refused(404, "not_found")
        return
    assert [entry["seq"] for entry in lines(archive, folder)] == seen
    assert await pages(person, conv, after=0) == seen
    assert await pages(person, conv, before=2**53 - 1) == seen
    assert await looked_for(person, conv=conv) == numbers
    for place in (1, seen[0], model.last):
        around = {"conv": conv, "around": place, "limit": 500}
        page = (await person.get("/api/messages", **around)).data
        assert [entry["seq"] for entry in page["entries"]] == seen


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_way_leads_to_what_was_said_before_ones_time(
    api: Api, messenger: Messenger, seed: int
) -> None:
    owner, receiver, *others = await api.people("owner", "receiver", "bob", "cyd", "dan")
    model = Model(await make(owner))
    model.ranges[owner.id] = (1, None)
    draw = random.Random(seed)
    for number in range(STEPS):
        await step(model, owner, others, draw)
        if number == STEPS // 2:
            await index(messenger)
    for person in (owner, *others):
        await check(model, person, receiver)
