"""What people find when they look for messages and names, and what they never find."""

from __future__ import annotations

from typing import Any

import pytest

from im.app import Messenger
from im.store import search_index
from tests.handlers.api import ON_BOTH, Api, Person, eventually

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


async def found(person: Person, q: str = "", **query: Any) -> list[str]:
    """Texts of all hits, the newest first; that nothing was given up is held."""
    texts: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        data = (await person.get("/api/search/messages", q=q, **query, **cursor)).data
        assert data["incomplete"] is False
        texts += [hit["text"] for hit in data["hits"]]
        if data["cursor"] is None:
            return texts
        cursor = {"cursor": data["cursor"]}


async def index(messenger: Messenger) -> None:
    """Let the index come to the end of all logs."""
    await messenger.indexer.follow(rest=0)

    async def done() -> bool:
        part, _ = await messenger.database.read(search_index.behind, 0, 1000)
        return not part

    await eventually(done)


async def test_messages_are_found_before_and_after_they_are_indexed(
    api: Api, messenger: Messenger
) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    for text in ("明天开会", "Meeting tomorrow", "ｍｅｅｔ at 3", "会议改到后天"):
        await ann.send(f"u:{bob.id}", text)
    await bob.send(f"u:{ann.id}", "好，明天见")
    for _ in range(2):
        assert await found(bob, "明天") == ["好，明天见", "明天开会"]
        assert await found(bob, "会") == ["会议改到后天", "明天开会"]
        assert await found(bob, "MEET") == ["ｍｅｅｔ at 3", "Meeting tomorrow"]
        assert await found(bob, "at 3") == ["ｍｅｅｔ at 3"]
        assert await found(bob, "明天", limit=1) == ["好，明天见", "明天开会"]
        assert await found(bob, "明天", **{"from": ann.id}) == ["明天开会"]
        assert await found(bob, **{"from": bob.id}) == ["好，明天见"]
        assert await found(bob, "昨天") == []
        assert await found(eve, "明天") == []
        await index(messenger)


async def test_a_hit_shows_where_the_words_stand_and_opens_its_place(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for number in range(30):
        await ann.send(f"u:{bob.id}", f"filler {number}")
    text = "😀" * 100 + "前面的话：请把会议记录发给我，谢谢。" + "后" * 200
    place = await ann.send(f"u:{bob.id}", text)
    for number in range(30):
        await ann.send(f"u:{bob.id}", f"filler {number}", key=f"later{number}")
    data = (await bob.get("/api/search/messages", q="会议 谢谢")).data
    (hit,) = data["hits"]
    assert (hit["conv"], hit["seq"], hit["from"]) == (place["conv"], place["seq"], ann.id)
    assert [hit["text"][start:end] for start, end in hit["ranges"]] == ["会议", "谢谢"]
    assert (hit["cut_start"], hit["cut_end"], len(hit["text"])) == (True, True, 120)
    assert data["conversations"] == [
        {"conv": "p:1:2", "title": "ann", "peer": ann.id, "group": None}
    ]
    assert [user["name"] for user in data["users"]] == ["ann"]
    # Its place, with what stands around it, on both ways in.
    around = {"conv": hit["conv"], "around": hit["seq"], "limit": 10}
    page = (await bob.get("/api/messages", **around)).data
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        synced = await socket.ask("sync", **around)
    for answer in (page, synced):
        seqs = [entry["seq"] for entry in answer["entries"]]
        assert seqs == list(range(hit["seq"] - 4, hit["seq"] + 6))
        assert answer["more"] is True
        assert {entry["seq"]: entry for entry in answer["entries"]}[hit["seq"]]["text"] == text


async def test_what_was_taken_back_or_hidden_is_never_found(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    for indexed in (False, True):
        taken = await ann.send(f"u:{bob.id}", "秘密一号")
        changed = await ann.send(f"u:{bob.id}", "秘密二号")
        hidden = await ann.send(f"u:{bob.id}", "秘密三号")
        if indexed:
            await index(messenger)
        assert len(await found(bob, "秘密")) == 3
        at = {"conv": taken["conv"], "seq": taken["seq"]}
        assert (await ann.post("/api/messages/recall", at)).status == 200
        edit = {"conv": changed["conv"], "seq": changed["seq"], "text": "公开二号"}
        assert (await ann.post("/api/messages", edit, method="PATCH")).status == 200
        assert await found(bob, "秘密") == ["秘密三号"]
        assert await found(bob, "公开二") == ["公开二号"]
        async with api.socket(bob) as socket:
            await socket.next_op("welcome")
            hide = {"conv": hidden["conv"], "seq": hidden["seq"]}
            assert (await socket.ask("hide", **hide))["op"] == "ok"
            assert await found(bob, "秘密") == []
            assert await found(ann, "秘密") == ["秘密三号"]
            assert (await socket.ask("hide", **hide, hidden=False))["op"] == "ok"
            assert await found(bob, "秘密") == ["秘密三号"]
        await ann.post("/api/messages/recall", hide)
        await ann.post("/api/messages/recall", {"conv": edit["conv"], "seq": edit["seq"]})
    await index(messenger)

    left = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT COUNT(*) FROM search").one()
    )
    assert left == (0,)


async def test_a_group_is_searched_between_coming_and_leaving(
    api: Api, messenger: Messenger
) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = (await ann.post("/api/groups", {"name": "g", "members": [cyd.id]})).data["id"]
    await ann.send(f"g:{group}", "before bob")
    await bob.post("/api/groups/join", {"group": group})
    await ann.send(f"g:{group}", "while bob")
    await bob.post(f"/api/groups/{group}/members/{bob.id}", method="DELETE")
    await ann.send(f"g:{group}", "after bob")
    await ann.send("all", "bob, announced")
    for _ in range(2):
        assert await found(bob, "bob") == ["bob, announced", "while bob"]
        assert await found(bob, "bob", conv=f"g:{group}") == ["while bob"]
        assert await found(cyd, "bob", conv=f"g:{group}") == [
            "after bob",
            "while bob",
            "before bob",
        ]
        assert await found(bob, "bob", conv="all") == ["bob, announced"]
        await index(messenger)
    data = (await bob.get("/api/search/messages", q="while")).data
    assert data["conversations"][0]["title"] == "g"


async def test_a_search_is_bounded_by_times(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    times = [(await ann.send(f"u:{bob.id}", f"word {n}"))["time"] for n in range(3)]
    all_of_them = await found(bob, "word")
    assert len(all_of_them) == 3
    later = [f"word {n}" for n in (2, 1, 0) if times[n] >= times[1]]
    assert await found(bob, "word", after=times[1]) == later
    earlier = [f"word {n}" for n in (2, 1, 0) if times[n] < times[2]]
    assert await found(bob, "word", before=times[2]) == earlier


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"q": "  "}, 400),
        ({"q": "？！"}, 400),
        ({"q": "？！", "from": 1}, 400),
        ({"q": "x" * 101}, 400),
        ({"q": "x", "limit": 0}, 400),
        ({"q": "x", "limit": 51}, 400),
        ({"q": "x", "cursor": "nonsense"}, 400),
        ({"q": "x", "conv": "nonsense"}, 400),
        ({"q": "x", "conv": "p:2:3"}, 404),
        ({"q": "x", "conv": "g:9"}, 404),
        ({"q": "x", "before": -1}, 400),
    ],
    ids=str,
)
async def test_what_cannot_be_searched_is_refused(
    api: Api, query: dict[str, Any], status: int
) -> None:
    ann = await api.register("ann")
    assert (await ann.get("/api/search/messages", **query)).status == status


@pytest.mark.parametrize("overrides", [{"limits": {"searches": "2/minute"}}], ids=["two"])
async def test_who_searches_too_often_waits(api: Api) -> None:
    ann = await api.register("ann")
    for _ in range(2):
        assert (await ann.get("/api/search/messages", q="x")).status == 200
    (await ann.get("/api/search/messages", q="x")).refused(429, "rate_limited")


async def test_names_are_found_to_jump_to(api: Api) -> None:
    ann, bob, cyd, dan = await api.people("ann", "小红帽", "Bobby", "dan 红")
    for other in (bob, cyd):
        await ann.post("/api/contacts", {"user": other.id})
        await other.post(f"/api/contacts/{ann.id}/accept")
    await ann.post(f"/api/contacts/{cyd.id}", {"remark": "红娘"}, method="PATCH")
    for name in ("红队", "Reds", "蓝队"):
        await ann.post("/api/groups", {"name": name})
    await dan.post("/api/groups", {"name": "红军"})

    async def names(q: str) -> dict[str, list[str]]:
        data = (await ann.get("/api/search/names", q=q)).data
        return {kind: [hit["title"] for hit in hits] for kind, hits in data.items()}

    assert await names("红") == {
        "contacts": ["红娘", "小红帽"],
        "groups": ["红队"],
        "people": ["dan 红"],
    }
    assert await names("ＢＯＢ") == {"contacts": ["红娘"], "groups": [], "people": []}
    assert await names("%") == {"contacts": [], "groups": [], "people": []}
    assert await names("ann") == {"contacts": [], "groups": [], "people": []}
    data = (await ann.get("/api/search/names", q="红")).data
    assert data["contacts"][0] == {
        "kind": "contact",
        "conv": f"p:{ann.id}:{cyd.id}",
        "id": cyd.id,
        "title": "红娘",
        "name": "Bobby",
        "picture": None,
        "ranges": [[0, 1]],
    }
    assert data["contacts"][1]["ranges"] == [[1, 2]]
    assert data["groups"][0]["conv"].startswith("g:")
    assert (await ann.get("/api/search/names", q=" ")).status == 400
