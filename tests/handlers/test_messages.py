"""Messages over HTTP and the socket: stored as they were said, taken back, changed, read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import Api, Person

pytestmark = pytest.mark.gen_test(timeout=60)

VERBATIM = [
    "Robert'); DROP TABLE message;--",
    '" OR ""="',
    "%s %(x)s {0} {name} \\' \\\\ \\0",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "]]>&amp;&lt;!--",
    "a\u0000b\u0001\u001f\u007f",
    "tab\tline\r\nend\u2028\u2029",
    "你好 😀 👨‍👩‍👧‍👦 𠮷 ﷺ",
    "e\u0301 é",
    "\u202eright to left\u202c \ufeff\u200b",
    " spaces stay  ",
    "\ufffe\uffff\U0010ffff",
    "=cmd|' /C calc'!A0",
]


async def entries(person: Person, conv: str, **query: Any) -> list[dict[str, Any]]:
    page = (await person.get("/api/messages", conv=conv, limit=500, **query)).data
    found: list[dict[str, Any]] = page["entries"]
    return found


async def unread(person: Person) -> dict[str, int]:
    listed = (await person.get("/api/conversations")).data["conversations"]
    return {summary["conv"]: summary["unread"] for summary in listed}


@pytest.mark.parametrize("text", VERBATIM, ids=ascii)
async def test_a_text_is_kept_and_given_back_as_it_is(api: Api, text: str) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as first, api.socket(bob) as second:
        await first.next_op("welcome")
        await second.next_op("welcome")
        answer = await first.ask("send", to=f"u:{bob.id}", text=text, extra={"x": text})
        assert (answer["conv"], answer["seq"]) == ("p:1:2", 1)
        got = await second.next_op("message")
        assert (got["text"], got["extra"]) == (text, {"x": text})
        synced = (await second.ask("sync", conv="p:1:2"))["entries"][0]
        assert (synced["text"], synced["extra"]) == (text, {"x": text})
        listed = (await second.ask("conversations"))["conversations"]
        assert listed[1]["last"]["text"] == text
    assert (await entries(bob, "p:1:2"))[0]["text"] == text


async def test_what_is_written_into_other_fields_comes_back_as_it_is(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.post("/api/contacts", {"user": bob.id})
    await bob.post(f"/api/contacts/{ann.id}/accept")
    for number, text in enumerate(text for text in VERBATIM if "\n" not in text):
        name = f"{number} {' '.join(text.split())}"[:32]
        cleaned = "".join(c for c in name if c.isprintable()).strip()
        group = await ann.post(
            "/api/groups", {"name": cleaned, "note": text, "category": text[:32]}
        )
        assert (group.data["name"], group.data["note"]) == (
            __import__("unicodedata").normalize("NFC", cleaned),
            text,
        )
        path = f"/api/groups/{group.data['id']}"
        told = await ann.post(path, {"announcement": text}, method="PATCH")
        assert told.data["announcement"] == text
        assert (await ann.post("/api/me", {"note": text}, method="PATCH")).data["note"] == text


async def test_a_text_is_whole_or_refused_by_name(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    limit = 64 * 1024
    for text in ("x" * limit, "字" * (limit // 3) + "x", "😀" * (limit // 4)):
        place = await ann.send(f"u:{bob.id}", text)
        got = await entries(bob, "p:1:2", after=place["seq"] - 1)
        assert got[0]["text"] == text
    for text in ("x" * (limit + 1), "字" * (limit // 3 + 1), "😀" * (limit // 4 + 1)):
        reply = await ann.post("/api/messages", {"to": f"u:{bob.id}", "text": text})
        assert "64 KiB" in reply.refused(413, "too_large", "text")["message"]
    assert len(await entries(bob, "p:1:2")) == 3


async def test_a_body_that_is_too_large_is_answered_413(api: Api) -> None:
    ann = await api.register("ann")
    reply = await ann.post("/api/messages", {"to": "u:2", "text": "x" * 600_000})
    reply.refused(413, "too_large")


@pytest.mark.parametrize(
    ("frame", "status", "error"),
    [
        ({"to": "u:2"}, 400, "invalid"),
        ({"to": "u:2", "text": ""}, 400, "invalid"),
        ({"to": "u:1", "text": "x"}, 400, "invalid"),
        ({"to": "u:99", "text": "x"}, 404, "not_found"),
        ({"to": "g:99", "text": "x"}, 404, "not_found"),
        ({"to": "x", "text": "x"}, 400, "invalid"),
        ({"to": "u:0", "text": "x"}, 400, "invalid"),
        ({"to": "u:2 ", "text": "x"}, 400, "invalid"),
        ({"to": "u:٢", "text": "x"}, 400, "invalid"),
        ({"to": "u:9999999999999999", "text": "x"}, 400, "invalid"),
        ({"to": "u:2" * 50, "text": "x"}, 400, "malformed"),
        ({"to": 2, "text": "x"}, 400, "malformed"),
        ({"to": "u:2", "text": None}, 400, "malformed"),
        ({"to": "u:2", "text": "x", "media": "video"}, 400, "malformed"),
        ({"to": "u:2", "media": "file", "file": 5}, 404, "not_found"),
        ({"to": "u:2", "text": "x", "key": ""}, 400, "malformed"),
        ({"to": "u:2", "text": "x", "key": "k" * 65}, 400, "malformed"),
        ({"to": "u:2", "text": "x", "mentions": [1] * 51}, 400, "malformed"),
        ({"to": "u:2", "text": "x", "extra": []}, 400, "malformed"),
        ({"to": "u:2", "text": "x", "extra": {"a": "x" * 4096}}, 413, "too_large"),
        ({"to": "u:2", "text": "x", "extra": {"a": 2**70}}, 400, "malformed"),
        (
            {"to": "u:2", "text": "x", "forwarded_from": {"conv": "p:2:3", "seq": 1}},
            404,
            "not_found",
        ),
        ({"to": "u:2", "text": "x", "forwarded_from": {"conv": "?", "seq": 1}}, 400, "invalid"),
        ({"to": "all", "text": "x"}, 403, "forbidden"),
    ],
    ids=str,
)
async def test_what_cannot_be_sent_is_refused_on_both_ways_in(
    api: Api, frame: dict[str, Any], status: int, error: str
) -> None:
    _admin, _other, ann = await api.people("admin", "bob", "ann")
    if frame["to"] == "u:1":
        frame = {**frame, "to": f"u:{ann.id}"}
    (await ann.post("/api/messages", frame)).refused(status, error)
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("send", **frame))["code"] == error
        assert (await socket.ask("send", to="u:2", text="goes on"))["op"] == "ok"


async def test_the_same_key_is_the_same_message(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    again = await api.log_in("ann")
    first = await ann.send(f"u:{bob.id}", "x", key="k")
    for who in (ann, again):
        repeated = await who.send(f"u:{bob.id}", "x", key="k")
        assert (repeated["seq"], repeated["repeated"]) == (first["seq"], True)
    other = {"to": f"u:{bob.id}", "text": "y", "key": "k"}
    (await ann.post("/api/messages", other)).refused(409, "key_conflict", "key")
    # Keys are the sender's own, and exact.
    for who, key in ((bob, "k"), (ann, "K"), (ann, "k "), (ann, "ｋ")):
        target = ann if who is bob else bob
        assert (await who.send(f"u:{target.id}", "x", key=key))["repeated"] is False
    at_once = await asyncio.gather(*(ann.send(f"u:{bob.id}", "z", key="z") for _ in range(8)))
    assert len({place["seq"] for place in at_once}) == 1
    assert len(await entries(bob, "p:1:2")) == 6


# Taken back and changed


async def test_what_is_taken_back_is_gone_for_everyone(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    place = await ann.send(f"u:{bob.id}", "a secret slip", extra={"x": "a secret slip"})
    await ann.post(
        "/api/messages", {"conv": "p:1:2", "seq": 1, "text": "a secret edit"}, method="PATCH"
    )
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        recall = {"conv": place["conv"], "seq": place["seq"]}
        answer = await ann.post("/api/messages/recall", recall)
        assert answer.data["seq"] == 3
        event = await socket.next_op("event")
        assert (event["kind"], event["target"], event["from"]) == ("recall", 1, ann.id)
        assert (await ann.post("/api/messages/recall", recall)).data["repeated"] is True
        page = await socket.ask("sync", conv="p:1:2")
        listed = await socket.ask("conversations")
    assert page["entries"][0]["recalled"] is True
    assert "secret" not in str(page) + str(listed)
    assert "secret" not in (await bob.get("/api/messages", conv="p:1:2")).text
    rows = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT content, extra, media FROM message").all()
    )
    assert "secret" not in str(rows)
    edit = {"conv": "p:1:2", "seq": 1, "text": "again"}
    (await ann.post("/api/messages", edit, method="PATCH")).refused(409, "recalled")
    quote = {"to": f"u:{bob.id}", "text": "x", "forwarded_from": recall}
    (await ann.post("/api/messages", quote)).refused(409, "recalled")


async def test_only_ones_own_words_can_be_taken_back_or_changed(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    place = await ann.send(f"u:{bob.id}", "mine")
    own = {"conv": place["conv"], "seq": place["seq"]}
    (await bob.post("/api/messages/recall", own)).refused(403, "forbidden")
    edit = {**own, "text": "x"}
    (await bob.post("/api/messages", edit, method="PATCH")).refused(403, "forbidden")
    (await eve.post("/api/messages/recall", own)).refused(404, "not_found")
    (await eve.post("/api/messages", edit, method="PATCH")).refused(404, "not_found")
    for seq in (0, 99):
        (await ann.post("/api/messages/recall", {**own, "seq": seq})).refused(404, "not_found")
    # An event is no message.
    await ann.post("/api/messages/recall", own)
    (await ann.post("/api/messages/recall", {**own, "seq": 2})).refused(404, "not_found")
    for bad, error in (({"text": ""}, "invalid"), ({"text": "x" * 70_000}, "too_large")):
        reply = await ann.post("/api/messages", {**own, **bad}, method="PATCH")
        assert reply.json["error"] == error


@pytest.mark.parametrize(
    "overrides", [{"chat": {"recall_minutes": 2, "edit_minutes": 15}}], ids=["defaults"]
)
async def test_the_time_for_it_is_judged_by_the_databases_clock(
    api: Api, messenger: Messenger
) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = (await ann.post("/api/groups", {"name": "g", "members": [cyd.id]})).data["id"]
    mine = await ann.send(f"u:{bob.id}", "mine")
    theirs = await cyd.send(f"g:{group}", "theirs")

    async def age(minutes: int) -> None:
        sql = f"UPDATE message SET created_at = created_at - {minutes * 60_000}"
        await messenger.database.write(lambda cursor: cursor.execute(sql) and None)

    def at(place: dict[str, Any]) -> dict[str, Any]:
        return {"conv": place["conv"], "seq": place["seq"]}

    await age(3)
    reply = await ann.post("/api/messages/recall", at(mine))
    assert "2 分钟" in reply.refused(409, "too_late")["message"]
    edit = {**at(mine), "text": "changed"}
    assert (await ann.post("/api/messages", edit, method="PATCH")).status == 200
    await age(13)
    reply = await ann.post("/api/messages", {**edit, "text": "more"}, method="PATCH")
    assert "15 分钟" in reply.refused(409, "too_late")["message"]
    (await cyd.post("/api/messages/recall", at(theirs))).refused(409, "too_late")
    # Whoever leads a group may take back what others said in it, at any time.
    assert (await ann.post("/api/messages/recall", at(theirs))).status == 200


# Read


async def test_unread_counts_what_others_wrote_since_one_has_read(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for number in range(3):
        await ann.send(f"u:{bob.id}", str(number))
    await ann.send("all", "news")
    assert await unread(bob) == {"all": 1, "p:1:2": 3}
    assert await unread(ann) == {"all": 0, "p:1:2": 0}
    # Events don't count.
    await ann.post("/api/messages", {"conv": "p:1:2", "seq": 3, "text": "x"}, method="PATCH")
    assert (await unread(bob))["p:1:2"] == 3
    assert (await bob.post("/api/messages/read", {"conv": "p:1:2", "seq": 2})).status == 200
    assert (await unread(bob))["p:1:2"] == 1
    # Who writes has read what stands before.
    await bob.send(f"u:{ann.id}", "answer")
    assert await unread(bob) == {"all": 1, "p:1:2": 0}
    assert (await unread(ann))["p:1:2"] == 1
    await bob.post("/api/messages/read", {"conv": "all", "seq": 1})
    assert (await unread(bob))["all"] == 0


async def test_what_was_announced_before_one_came_is_not_unread(api: Api) -> None:
    ann = await api.register("ann")
    await ann.send("all", "old news")
    bob = await api.register("bob")
    assert (await unread(bob))["all"] == 0


async def test_read_marks_never_go_backwards(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    other = await api.log_in("bob")
    for number in range(4):
        await ann.send(f"u:{bob.id}", str(number))
    async with (
        api.socket(ann) as sender,
        api.socket(bob) as first,
        api.socket(other) as second,
    ):
        for socket in (sender, first, second):
            await socket.next_op("welcome")
        assert (await first.ask("read", conv="p:1:2", seq=3))["op"] == "ok"
        assert (await second.next_op("read"))["unread"] == 1
        assert (await first.ask("read", conv="p:1:2", seq=1))["op"] == "ok"
        assert (await first.ask("delivered", conv="p:1:2", seq=1))["op"] == "ok"
        assert await unread(bob) == {"all": 0, "p:1:2": 1}
        assert (await first.ask("read", conv="p:1:2", seq=4))["op"] == "ok"
        told = [await second.next_op("read") for _ in range(1)]
        while told[-1]["seq"] != 4:
            told.append(await second.next_op("read"))
        assert [mark["seq"] for mark in told] == [4], "a mark that moved nothing is no news"
        seen = [await sender.next_op("read")]
        while seen[-1]["seq"] != 4:
            seen.append(await sender.next_op("read"))
        assert [mark["seq"] for mark in seen] == [3, 4]
        assert "unread" not in seen[0]
    (summary,) = [
        s for s in (await ann.get("/api/conversations")).data["conversations"] if s["conv"] != "all"
    ]
    assert (summary["peer_read_seq"], summary["peer_delivered_seq"]) == (4, 4)


@pytest.mark.parametrize(
    ("conv", "seq", "error"),
    [
        ("p:1:2", 99, "invalid"),
        ("p:1:2", 0, "invalid"),
        ("p:2:1", 1, "not_found"),
        ("g:1", 1, "not_found"),
        ("nonsense", 1, "not_found"),
        ("p:1:2", -1, "malformed"),
        ("p:1:2", "1", "malformed"),
    ],
)
async def test_a_mark_for_what_does_not_exist_is_refused(
    api: Api, conv: str, seq: Any, error: str
) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    await ann.send(f"u:{bob.id}", "x")
    reply = await bob.post("/api/messages/read", {"conv": conv, "seq": seq})
    assert reply.json["error"] == error
    (await eve.post("/api/messages/read", {"conv": "p:1:2", "seq": 1})).refused(404, "not_found")


async def test_a_log_is_read_in_pages_by_those_who_are_in_it(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    for number in range(1, 8):
        await ann.send(f"u:{bob.id}", str(number))

    async def page(**query: Any) -> tuple[list[int], bool]:
        data = (await bob.get("/api/messages", conv="p:1:2", **query)).data
        return [entry["seq"] for entry in data["entries"]], data["more"]

    assert await page(limit=3) == ([5, 6, 7], True)
    assert await page(limit=3, before=5) == ([2, 3, 4], True)
    assert await page(limit=3, before=2) == ([1], False)
    assert await page(limit=3, after=0) == ([1, 2, 3], True)
    assert await page(limit=3, after=5) == ([6, 7], False)
    assert await page(limit=4, around=4) == ([3, 4, 5, 6], True)
    assert await page(after=99) == ([], False)
    for query in ({"after": 1, "before": 2}, {"limit": 0}, {"limit": 501}, {"after": "x"}):
        assert (await bob.get("/api/messages", conv="p:1:2", **query)).status == 400
    for conv, status in (("p:1:2", 404), ("p:1:3", 404), ("p:9:9", 400), ("", 400), ("'", 400)):
        assert (await eve.get("/api/messages", conv=conv)).status == status, conv
    assert (await bob.get("/api/messages")).status == 400


@pytest.mark.gen_test
async def test_nobody_writes_to_who_has_left_though_they_wrote_before(api: Api) -> None:
    admin, one, leaver = await api.people("admin", "one", "leaver")
    group = (await one.post("/api/groups", {"name": "g", "members": [leaver.id]})).data
    await one.send(f"u:{leaver.id}", "hi")
    await leaver.send(f"g:{group['id']}", "hi")
    async with api.socket(one) as socket:
        removed = await admin.post(f"/api/users/{leaver.id}", method="DELETE")
        assert removed.status == 200
        refused = await socket.ask("send", to=f"u:{leaver.id}", text="are you there?")
        assert refused["code"] == "not_found"
    history = (await one.get("/api/messages", conv=f"p:{one.id}:{leaver.id}")).data
    assert [entry["text"] for entry in history["entries"]] == ["hi"]
