"""The most important of what handlers promise, on MariaDB."""

from __future__ import annotations

import asyncio

import pytest

from im.app import Messenger
from tests.handlers.api import PASSWORD, Api, eventually
from tests.handlers.test_messages import VERBATIM, entries, unread
from tests.handlers.test_queries import SIZES, group_of, statements

pytestmark = pytest.mark.gen_test(timeout=60)


@pytest.fixture
def database_url(mysql_url: str) -> str:
    """An empty database of the session's MariaDB."""
    return mysql_url


async def test_names_phones_and_addresses_belong_to_one(api: Api) -> None:
    new = {"password": PASSWORD, "repassword": PASSWORD}
    ann = {**new, "name": "Müller", "phone": "13912345678", "email": "M@example.com"}
    assert (await api.call("POST", "/api/register", ann)).status == 200
    for change, field in (
        ({"name": "MÜLLER", "phone": "", "email": ""}, "name"),
        ({"name": "ｍüller", "phone": "", "email": ""}, "name"),
        ({"name": "b", "email": ""}, "phone"),
        ({"name": "b", "phone": "", "email": "m@EXAMPLE.com"}, "email"),
    ):
        reply = await api.call("POST", "/api/register", {**ann, **change})
        reply.refused(409, "taken", field)
    # What a collation would take for one is two, and what it takes for two is one.
    for name in ("muller", "😀", "😁", "か", "が"):
        assert (await api.call("POST", "/api/register", {**new, "name": name})).status == 200, name
    replies = await asyncio.gather(
        *(api.call("POST", "/api/register", {**new, "name": "same"}) for _ in range(5))
    )
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409]


async def test_of_many_who_come_first_one_becomes_administrator(api: Api) -> None:
    people = await asyncio.gather(*(api.register(f"p{number}") for number in range(6)))
    roles = [(await person.get("/api/me")).data["role"] for person in people]
    assert sorted(roles) == ["admin"] + ["user"] * 5


async def test_texts_are_kept_as_they_are(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for text in VERBATIM:
        await ann.send(f"u:{bob.id}", text, extra={"x": text})
    got = await entries(bob, "p:1:2")
    assert [entry["text"] for entry in got] == VERBATIM
    assert [entry["extra"]["x"] for entry in got] == VERBATIM
    large = "字" * (64 * 1024 // 3)
    await ann.send(f"u:{bob.id}", large)
    assert (await entries(bob, "p:1:2"))[-1]["text"] == large


async def test_keys_are_exact_and_repeats_are_found(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    at_once = await asyncio.gather(*(ann.send(f"u:{bob.id}", "z", key="k") for _ in range(8)))
    assert len({place["seq"] for place in at_once}) == 1
    for key in ("K", "k ", "ｋ", "ķ", "😀", "😁"):
        assert (await ann.send(f"u:{bob.id}", "z", key=key))["repeated"] is False
    other = {"to": f"u:{bob.id}", "text": "y", "key": "k"}
    (await ann.post("/api/messages", other)).refused(409, "key_conflict", "key")


async def test_what_is_taken_back_is_gone(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    place = await ann.send(f"u:{bob.id}", "a secret slip")
    at = {"conv": place["conv"], "seq": place["seq"]}
    edit = {**at, "text": "a secret edit"}
    assert (await ann.post("/api/messages", edit, method="PATCH")).status == 200
    assert (await ann.post("/api/messages/recall", at)).status == 200
    assert (await ann.post("/api/messages/recall", at)).data["repeated"] is True
    rows = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT content, extra FROM message").all()
    )
    assert "secret" not in str(rows)
    assert [entry.get("kind") for entry in await entries(bob, "p:1:2")] == [None, "edit", "recall"]


async def test_marks_and_unread_counts(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for number in range(3):
        await ann.send(f"u:{bob.id}", str(number))
    await ann.send("all", "news")
    assert await unread(bob) == {"all": 1, "p:1:2": 3}
    for seq, left in ((2, 1), (1, 1), (3, 0)):
        await bob.post("/api/messages/read", {"conv": "p:1:2", "seq": seq})
        assert (await unread(bob))["p:1:2"] == left
    assert (await unread(ann))["all"] == 0


async def test_a_message_on_its_way_meets_the_block(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("send", to=f"u:{bob.id}", text="0"))["op"] == "ok"
        assert (await bob.post(f"/api/contacts/{ann.id}/block", method="PUT")).status == 200
        assert (await socket.ask("send", to=f"u:{bob.id}", text="late"))["code"] == "blocked"


async def test_a_group_lives_and_ends(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    body = {"name": "读书会", "members": [bob.id], "note": "x" * 500}
    group = (await ann.post("/api/groups", body)).data["id"]
    (await cyd.post("/api/groups", {"name": "读书会"})).refused(409, "taken", "name")
    assert (await cyd.post("/api/groups/join", {"group": "读书会"})).data["members"] == 3
    role = f"/api/groups/{group}/members/{bob.id}/role"
    assert (await ann.post(role, {"role": "owner"}, method="PUT")).status == 200
    assert (await bob.post(f"/api/groups/{group}", {"name": "新"}, method="PATCH")).status == 200
    assert (await bob.post(f"/api/groups/{group}", method="DELETE")).status == 200
    assert (await cyd.get("/api/groups")).data["groups"] == []
    assert (await cyd.post("/api/groups", {"name": "新"})).status == 200


async def test_people_are_found_by_a_part_of_their_name(api: Api) -> None:
    ann, *_ = await api.people("ann", "Anna_1", "100%", "小红", "a|b")
    for text, names in (("AN", ["ann", "Anna_1"]), ("红", ["小红"]), ("%", ["100%"])):
        found = (await ann.get("/api/users", q=text)).data["users"]
        assert [user["name"] for user in found] == names, text
    assert len((await ann.get("/api/users", q="|")).data["users"]) == 1


async def test_sending_costs_the_same_in_small_and_large_groups(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    counts = []
    for size in SIZES:
        conv = f"g:{await group_of(messenger, ann, size)}"

        async def send(conv: str = conv) -> None:
            await ann.send(conv, "x")

        counts.append(await statements(messenger, send))
    assert counts[0] == counts[1], counts


async def test_the_dialect_speaks(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for number in range(5):
        await ann.send(f"u:{bob.id}", f"away {number}")
    async with api.socket(path=f"/chat?userId={bob.id}&token={bob.token}") as socket:
        assert (await socket.read())["Content"] == "欢迎进入聊天系统"
        assert [(await socket.read())["Content"] for _ in range(5)] == [
            f"away {number}" for number in range(5)
        ]
        frame = {"TargetId": ann.id, "Type": 1, "Media": 1, "Content": "😀", "Amount": 5}
        await socket.send(frame)

        async def arrived() -> bool:
            return (await unread(ann))["p:1:2"] == 1

        await eventually(arrived)
        await ann.send(f"u:{bob.id}", "live")
        assert (await socket.read())["Content"] == "live"
    query = {"userIdA": ann.id, "userIdB": bob.id, "start": -2, "end": -1, "isRev": "true"}
    rows = (await ann.form("/user/redisMsg", **query)).data
    assert [(row["Content"], row["Amount"]) for row in rows] == [("😀", 5), ("live", 0)]
