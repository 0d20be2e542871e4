"""What a request costs the database does not grow with the number of people it concerns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from im.app import Messenger
from im.protocol.client import Send
from im.services.identity import Identity
from im.store.cursor import Cursor
from tests.handlers.api import Api, Person

pytestmark = pytest.mark.gen_test(timeout=60)

SIZES = (3, 3000)
ADDED_AT_ONCE = 500
TIMES = 5


async def statements(messenger: Messenger, act: Callable[[], Awaitable[Any]]) -> int:
    """Statements that an action sends when it is not done for the first time.

    The fewest of several times, since the node has statements of its own to send now and then.
    """
    await act()
    counts = []
    for _ in range(TIMES):
        before = messenger.database.statistics.statements
        await act()
        counts.append(messenger.database.statistics.statements - before)
    return min(counts)


async def group_of(messenger: Messenger, owner: Person, size: int) -> int:
    """A group of so many. Nobody of them but its owner logs in, so none has a password."""

    def make(cursor: Cursor) -> list[int]:
        rows = ((name, name, 0, 0) for name in (f"m{size}-{n}" for n in range(size - 1)))
        cursor.execute(
            "INSERT INTO user_basic (name, name_folded, created_at, updated_at)"
            f" VALUES {cursor.dialect.rows(size - 1, 4)}",
            [value for row in rows for value in row],
        )
        made = cursor.execute("SELECT id FROM user_basic WHERE name LIKE %s", (f"m{size}-%",))
        return [int(row[0]) for row in made.all()]

    members = await messenger.database.write(make)
    group = int((await owner.post("/api/groups", {"name": f"group of {size}"})).data["id"])
    for start in range(0, len(members), ADDED_AT_ONCE):
        added = {"users": members[start : start + ADDED_AT_ONCE]}
        assert (await owner.post(f"/api/groups/{group}/members", added)).status == 200
    return group


async def test_sending_costs_the_same_in_small_and_large_groups(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    who = await messenger.sessions.resolve(ann.token)
    counts = []
    for size in SIZES:
        group = await group_of(messenger, ann, size)

        async def send(group: int = group, who: Identity = who) -> None:
            await messenger.messages.send(who, Send(to=f"g:{group}", text="x"))

        counts.append(await statements(messenger, send))
    assert counts[0] == counts[1] <= 6, counts


async def test_sending_over_the_socket_asks_for_no_members(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    counts = []
    for size in SIZES:
        group = await group_of(messenger, ann, size)
        async with api.socket(ann) as socket:
            await socket.next_op("welcome")

            async def send(group: int = group, socket: Any = socket) -> None:
                assert (await socket.ask("send", to=f"g:{group}", text="x"))["op"] == "ok"

            counts.append(await statements(messenger, send))
    assert counts[0] == counts[1] <= 6, counts


async def test_the_list_of_conversations_costs_the_same_for_few_and_many(
    api: Api, messenger: Messenger
) -> None:
    ann, *others = await api.people("ann", *(f"p{number}" for number in range(12)))

    async def page() -> None:
        await ann.get("/api/conversations")

    counts = []
    for part in (others[:2], others[2:]):
        for other in part:
            await other.send(f"u:{ann.id}", "x")
        counts.append(await statements(messenger, page))
    assert counts[0] == counts[1] <= 10, counts


async def test_the_past_costs_the_same_for_who_sees_it_and_who_does_not(
    api: Api, messenger: Messenger
) -> None:
    ann, new, old = await api.people("ann", "new", "old")
    group = await group_of(messenger, ann, 3)
    file = (await ann.upload(b"minutes")).data
    body = {"to": f"g:{group}", "media": "file", "file": file["id"]}
    await ann.post("/api/messages", body)
    counts = []
    for shows, person, status in ((False, new, 404), (True, old, 200)):
        await ann.post(f"/api/groups/{group}", {"shows_past": shows}, method="PATCH")

        async def come_and_go(person: Person = person) -> None:
            await person.post("/api/groups/join", {"group": group})
            await person.post(f"/api/groups/{group}/members/{person.id}", method="DELETE")

        async def look(person: Person = person, status: int = status) -> None:
            page = await person.get("/api/messages", conv=f"g:{group}")
            assert page.data["entries"]
            assert (await person.fetch(file["url"])).status == status

        counts.append((await statements(messenger, come_and_go), await statements(messenger, look)))
    (joins, look_new), (joins_too, look_old) = counts
    assert joins == joins_too
    # The file itself is one more.
    assert look_new <= look_old <= look_new + 1, counts


async def test_recalls_edits_and_marks_cost_no_more_in_large_groups(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    counts = []
    for size in SIZES:
        group = await group_of(messenger, ann, size)
        conv = f"g:{group}"

        async def act(conv: str = conv) -> None:
            place = await ann.send(conv, "x")
            at = {"conv": conv, "seq": place["seq"]}
            assert (
                await ann.post("/api/messages", {**at, "text": "y"}, method="PATCH")
            ).status == 200
            assert (await ann.post("/api/messages/recall", at)).status == 200
            assert (await ann.post("/api/messages/read", at)).status == 200

        counts.append(await statements(messenger, act))
    assert counts[0] >= counts[1], counts


async def test_naming_someone_costs_one_statement_more_whoever_and_wherever(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    who = await messenger.sessions.resolve(ann.token)
    counts = []
    for size in SIZES:
        group = await group_of(messenger, ann, size)
        for named in ([], [ann.id], list(range(1, 51))):

            async def send(
                group: int = group, named: list[int] = named, who: Identity = who
            ) -> None:
                frame = Send(to=f"g:{group}", text="x", mentions=named)
                await messenger.messages.send(who, frame)

            counts.append(await statements(messenger, send))
    plain = counts[0]
    assert counts == [plain, plain + 1, plain + 1] * 2
