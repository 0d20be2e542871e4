"""The tutorial's socket: its frames, what is unread, and what must never go wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from im.protocol.outgoing import Outgoing
from im.protocol.server import Resync
from tests.handlers.api import Api, Person, Socket, eventually

pytestmark = pytest.mark.gen_test(timeout=30)

GREETING = "欢迎进入聊天系统"


def chat(person: Person) -> str:
    return f"/chat?userId={person.id}&token={person.token}"


def frame(to: int, text: str = "", **more: Any) -> dict[str, Any]:
    return {"TargetId": to, "Type": 1, "Media": 1, "Content": text, **more}


async def greeted(socket: Socket) -> None:
    assert (await socket.read())["Content"] == GREETING


async def log_of(api: Api, person: Person, conversation: str) -> list[dict[str, Any]]:
    reply = await person.get("/api/messages", conv=conversation, limit=500)
    entries: list[dict[str, Any]] = reply.data["entries"]
    return entries


@pytest.mark.parametrize("path", ["/chat", "/user/sendUserMsg"])
async def test_a_message_reaches_the_other_with_all_its_fields(api: Api, path: str) -> None:
    ann, bob = await api.people("ann", "bob")
    extra = {"Pic": "/p.png", "Url": "/u.mp3", "Desc": "描述", "Amount": 7, "CreateTime": 1234}
    async with (
        api.socket(path=f"{path}?userId={ann.id}&token={ann.token}") as first,
        api.socket(path=f"{path}?userId={bob.id}&token={bob.token}") as second,
    ):
        await greeted(first)
        await greeted(second)
        await first.send(frame(bob.id, "你好 😀", UserId=ann.id, FormId=ann.id, **extra))
        got = await second.read()
    assert got.pop("Time") > 1234
    assert got == {
        **{"UserId": ann.id, "FormId": ann.id, "TargetId": bob.id, "Type": 1, "Media": 1},
        **{"Content": "你好 😀", "Conv": f"p:{ann.id}:{bob.id}", "Seq": 1},
        **extra,
    }


@pytest.mark.parametrize(
    ("media", "name"), [(0, "text"), (1, "text"), (2, "sticker"), (3, "audio"), (4, "picture")]
)
async def test_all_media_are_kept_and_given_back(api: Api, media: int, name: str) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as first, api.socket(path=chat(bob)) as second:
        await greeted(second)
        await first.send(frame(bob.id, "x", Media=media, Url="/file"))
        got = await second.read()
        assert (got["Media"], got["Url"]) == (media or 1, "/file")
    entry = (await log_of(api, bob, "p:1:2"))[0]
    assert entry.get("media", "text") == name


async def test_names_of_fields_are_taken_in_any_case_as_go_takes_them(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as first, api.socket(path=chat(bob)) as second:
        await greeted(second)
        lower = {"userId": ann.id, "targetId": str(bob.id), "type": 1, "media": 1, "pic": None}
        await first.send({**lower, "content": "hi", "url": "/x", "unknown": [1]})
        got = await second.read()
        assert (got["Content"], got["Url"], got["Pic"]) == ("hi", "/x", "")


async def test_a_frame_that_says_it_is_from_someone_else_is_refused(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as socket:
        await greeted(socket)
        for name in ("UserId", "FormId"):
            await socket.send(frame(bob.id, "x", **{name: bob.id}))
            got = await socket.read()
            assert (got["code"], got["error"], got["field"]) == (-1, "forbidden", name)
    assert (await api.call("GET", "/api/messages?conv=p:1:2", token=ann.token)).status == 404


async def test_the_user_in_the_address_decides_nothing(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    upgrade = {
        **{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for path in ("/chat", "/user/sendUserMsg", "/user/sendMsg"):
        reply = await api.call("GET", f"{path}?userId={bob.id}&token={ann.token}", headers=upgrade)
        reply.refused(403, "forbidden", "userId")
        for query in ("userId=1", "userId=1&token=", "userId=1&token=nonsense", ""):
            reply = await api.call("GET", f"{path}?{query}", headers=upgrade)
            reply.refused(401, "unauthorized")
        foreign = {**upgrade, "Origin": "http://evil.example"}
        reply = await api.call("GET", f"{path}?token={ann.token}", headers=foreign)
        assert reply.status == 403


@pytest.mark.parametrize("header", [True, False])
async def test_the_token_may_come_in_the_header_or_the_address(api: Api, header: bool) -> None:
    ann = await api.register("ann")
    path = "/chat" if header else f"/chat?token={ann.token}"
    async with api.socket(ann if header else None, path) as socket:
        await greeted(socket)


async def test_one_is_not_told_of_what_one_sent_from_here_but_of_the_rest(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    again = await api.log_in("ann")
    async with (
        api.socket(path=chat(ann)) as here,
        api.socket(path=chat(again)) as there,
        api.socket(path=chat(bob)) as other,
    ):
        for socket in (here, there, other):
            await greeted(socket)
        for number in range(20):
            await here.send(frame(bob.id, f"here {number}"))
            await there.send(frame(bob.id, f"there {number}"))
        got = [(await other.read())["Content"] for _ in range(40)]
        seen_here = [(await here.read())["Content"] for _ in range(20)]
        seen_there = [(await there.read())["Content"] for _ in range(20)]
        await bob.send(f"u:{ann.id}", "end")
        assert (await here.read())["Content"] == "end"
        assert (await there.read())["Content"] == "end"
    assert seen_here == [text for text in got if text.startswith("there")]
    assert seen_there == [text for text in got if text.startswith("here")]
    assert sorted(got) == sorted({*got})


async def test_groups_and_broadcasts_have_their_types(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).data["id"]
    async with api.socket(path=chat(ann)) as first, api.socket(path=chat(bob)) as second:
        await greeted(first)
        await greeted(second)
        await first.send(frame(group, "to all of us", Type=2))
        got = await second.read()
        assert (got["Type"], got["TargetId"], got["Conv"]) == (2, group, f"g:{group}")
        await first.send(frame(0, "to everyone", Type=3))
        got = await second.read()
        assert (got["Type"], got["TargetId"], got["Conv"]) == (3, 0, "all")
        await second.send(frame(0, "I may not", Type=3))
        assert (await second.read())["error"] == "forbidden"


async def test_a_heartbeat_is_answered_by_nothing(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as socket:
        await greeted(socket)
        await socket.send({"UserId": ann.id, "TargetId": 0, "Type": 3, "Media": -1})
        await bob.send(f"u:{ann.id}", "after")
        assert (await socket.read())["Content"] == "after"


BAD: list[tuple[str | bytes, str]] = [
    ("no json", "malformed"),
    ("[]", "malformed"),
    ("{}", "malformed"),
    ('{"Type":"one","TargetId":2,"Content":"x"}', "malformed"),
    ('{"Type":1,"TargetId":2,"Content":5}', "malformed"),
    ('{"Type":1,"TargetId":2,"Content":"\\ud800"}', "malformed"),
    ('{"Type":1,"TargetId":99999999999999999999,"Content":"x"}', "malformed"),
    ('{"a":' * 5000 + "1" + "}" * 5000, "malformed"),
    (b"\x00\x01", "malformed"),
    ('{"Type":9,"TargetId":2,"Content":"x"}', "invalid"),
    ('{"Type":1,"TargetId":0,"Content":"x"}', "invalid"),
    ('{"Type":1,"TargetId":2,"Media":9,"Content":"x"}', "invalid"),
    ('{"Type":1,"TargetId":2,"Content":""}', "invalid"),
    ('{"Type":1,"TargetId":1,"Content":"oneself"}', "invalid"),
    ('{"Type":1,"TargetId":77,"Content":"nobody"}', "not_found"),
    ('{"Type":2,"TargetId":77,"Content":"no group"}', "not_found"),
    ('{"Type":1,"TargetId":2,"Content":"' + "x" * 70_000 + '"}', "too_large"),
    ('{"Type":1,"TargetId":2,"Content":"x","Pic":"' + "x" * 5000 + '"}', "too_large"),
]


async def test_a_bad_frame_is_answered_and_the_connection_goes_on(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as socket, api.socket(path=chat(bob)) as other:
        await greeted(socket)
        await greeted(other)
        for number, (bad, code) in enumerate(BAD):
            await socket.send(bad)
            got = await socket.read()
            assert (got["code"], got["error"]) == (-1, code), bad[:60]
            assert got["message"] and "{" not in got["message"].partition("：")[0]
            await socket.send(frame(bob.id, f"still here {number}"))
            assert (await other.read())["Content"] == f"still here {number}"


async def test_frames_keep_their_order_when_they_come_all_at_once(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as first, api.socket(path=chat(bob)) as second:
        await greeted(second)
        for number in range(150):
            await first.send(frame(bob.id, str(number)))
        assert [(await second.read())["Content"] for _ in range(150)] == [
            str(number) for number in range(150)
        ]


@pytest.mark.parametrize(
    "overrides", [{"limits": {"frames_per_second": 1.0, "frames_burst": 3}}], ids=["slow"]
)
async def test_too_many_frames_are_refused_and_say_when_to_go_on(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(ann)) as socket:
        await greeted(socket)
        for number in range(4):
            await socket.send(frame(bob.id, str(number)))
        got = await socket.read()
        assert got["error"] == "rate_limited"
        assert 0 < got["retry_after"] <= 1001
        async with api.socket(path=chat(bob)) as other:
            await greeted(other)
            assert [(await other.read())["Content"] for _ in range(3)] == ["0", "1", "2"]
            await ann.send(f"u:{bob.id}", "the refused one never comes")
            assert (await other.read())["Content"] == "the refused one never comes"


# What is unread


async def test_what_is_unread_comes_first_and_once_received_comes_no_more(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    for number in range(3):
        await ann.send(f"u:{bob.id}", f"ann {number}")
    await eve.send(f"u:{bob.id}", "eve")
    await ann.send("all", "news")

    async def all_read() -> bool:
        conversations = (await bob.get("/api/conversations")).data["conversations"]
        return not any(summary["unread"] for summary in conversations)

    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        got = [await socket.read() for _ in range(5)]
        assert [f["Content"] for f in got if f["Conv"] == "p:1:2"] == ["ann 0", "ann 1", "ann 2"]
        assert {f["Content"] for f in got} >= {"eve", "news"}
        # The library answers pings by itself while it reads.
        await ann.send(f"u:{bob.id}", "live")
        assert (await socket.read())["Content"] == "live"
        await eventually(all_read)
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        await ann.send(f"u:{bob.id}", "nothing before me")
        assert (await socket.read())["Content"] == "nothing before me"


async def test_what_never_arrived_comes_again(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.send(f"u:{bob.id}", "important")
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        # The connection dies before the other side could prove that it has received anything.
        next(iter(messenger.connections)).abort()
        await socket.closed()
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        assert (await socket.read())["Content"] == "important"


async def test_unread_and_live_entries_come_once_and_in_order(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    sent = 0

    async def talk(stop: asyncio.Event) -> None:
        nonlocal sent
        while not stop.is_set():
            await ann.send(f"u:{bob.id}", str(sent))
            sent += 1

    stop = asyncio.Event()
    talking = asyncio.ensure_future(talk(stop))
    seen: list[int] = []
    for _ in range(6):
        await asyncio.sleep(0.03)
        async with api.socket(path=chat(bob)) as socket:
            await greeted(socket)
            numbers = [(await socket.read())["Seq"] for _ in range(12)]
            assert numbers == list(range(numbers[0], numbers[0] + 12))
            assert numbers[0] <= (seen[-1] + 1 if seen else 1)
            seen = numbers
    stop.set()
    await talking


@pytest.mark.parametrize(
    "overrides", [{"limits": {"frames_per_second": 10_000.0, "frames_burst": 10_000}}], ids=["fast"]
)
async def test_of_too_much_unread_the_newest_come_and_a_line_tells_of_the_rest(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        for number in range(520):
            await socket.send({"op": "send", "to": f"u:{bob.id}", "text": str(number)})
        await socket.next(lambda f: f.get("op") == "ok" and f.get("seq") == 520)
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        got = [await socket.read() for _ in range(501)]
        assert [f["Content"] for f in got[:500]] == [str(n) for n in range(20, 520)]
        assert (got[500]["UserId"], got[500]["Conv"]) == (0, "")
        assert "更早的未读" in got[500]["Content"]


async def test_what_the_bus_did_not_bring_is_read_from_the_log(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.send(f"u:{bob.id}", "first")
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        assert (await socket.read())["Content"] == "first"
        (reader,) = messenger.registry.of_user(bob.id)
        messenger.registry.remove(reader)
        for text in ("missed 1", "missed 2"):
            await ann.send(f"u:{bob.id}", text)
        messenger.registry.add(reader)
        for hint in (Resync(conv="p:1:2"), Resync(), Resync(conv="p:1:2")):
            reader.deliver(Outgoing(hint))
        await ann.send(f"u:{bob.id}", "live")
        got = [(await socket.read())["Content"] for _ in range(3)]
        assert got == ["missed 1", "missed 2", "live"]


# What happens to messages


async def test_a_recall_appears_as_a_line_and_the_text_is_gone(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        place = await ann.send(f"u:{bob.id}", "a slip")
        assert (await socket.read())["Content"] == "a slip"
        await ann.post("/api/messages/recall", {"conv": place["conv"], "seq": place["seq"]})
        line = await socket.read()
        assert (line["Content"], line["Recalls"], line["Seq"]) == ("ann 撤回了一条消息", 1, 2)


async def test_who_was_away_sees_that_something_was_recalled_but_not_what(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    place = await ann.send(f"u:{bob.id}", "a slip")
    await ann.post("/api/messages/recall", {"conv": place["conv"], "seq": place["seq"]})
    async with api.socket(path=chat(bob)) as socket:
        await greeted(socket)
        assert (await socket.read())["Content"] == "ann 撤回了一条消息"
        await ann.send(f"u:{bob.id}", "next")
        assert (await socket.read())["Content"] == "next"


async def test_a_blocked_sender_is_told_so(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await bob.post(f"/api/contacts/{ann.id}/block", method="PUT")
    async with api.socket(path=chat(ann)) as socket:
        await greeted(socket)
        await socket.send(frame(bob.id, "x"))
        got = await socket.read()
        assert (got["error"], got["message"]) == ("blocked", "对方已将你拉黑，消息没有发出")


async def test_a_revoked_session_closes_the_socket(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket(path=chat(ann)) as socket:
        await greeted(socket)
        await ann.post("/api/logout")
        assert (await socket.read())["error"] == "unauthorized"
        assert await socket.closed() == 4001


async def test_without_redis_the_channel_says_so_and_closes(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket(path=f"/user/sendMsg?token={ann.token}") as socket:
        got = await socket.read()
        assert (got["code"], got["error"]) == (-1, "unavailable")
        assert "Redis" in got["message"]
        assert await socket.closed() == 1013
