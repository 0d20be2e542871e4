"""Quick replies, settings, and what one hides, pins, mutes and marks: the same on all devices."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import ON_BOTH, Api, Person, Socket

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


QUICK = "/api/quick-replies"
FLAGS = (("pin", "pinned"), ("mute", "muted"), ("mark_unread", "marked_unread"))
"""Frames, and what they set in the list."""


def texts(data: dict[str, Any]) -> list[str]:
    """The texts in order."""
    return [reply["text"] for reply in data["replies"]]


async def letters(person: Person, letters: str) -> dict[str, Any]:
    """Quick replies of one letter each, and nothing else."""
    data = (await person.get(QUICK)).data
    for reply in data["replies"]:
        data = (await person.post(f"{QUICK}/{reply['id']}", method="DELETE")).data
    for letter in letters:
        data = (await person.post(QUICK, {"text": letter})).data
    return data


async def test_everyone_begins_with_quick_replies_in_their_language(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await bob.post("/api/me", {"language": "en"}, method="PATCH")
    at_once = await asyncio.gather(*(ann.get(QUICK) for _ in range(4)))
    assert {len(texts(reply.data)) for reply in at_once} == {5}
    chinese, english = (await ann.get(QUICK)).data, (await bob.get(QUICK)).data
    assert texts(chinese)[0] == "好的，收到"
    assert texts(english)[0] == "Got it"
    assert sum("{name}" in text for text in texts(chinese)) == 1
    # Who removes all of them has none from then on.
    assert texts(await letters(ann, "")) == []
    assert texts((await ann.get(QUICK)).data) == []


async def test_quick_replies_are_added_changed_moved_removed_and_brought_back(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    data = await letters(ann, "abc")
    assert texts(data) == ["a", "b", "c"]
    ids = [reply["id"] for reply in data["replies"]]
    changed = await ann.post(f"{QUICK}/{ids[1]}", {"text": " B\nb "}, method="PATCH")
    assert texts(changed.data) == ["a", "B\nb", "c"]
    moved = await ann.post(f"{QUICK}/order", {"ids": [ids[2], 999, ids[0], ids[2]]}, method="PUT")
    assert texts(moved.data) == ["c", "a", "B\nb"]
    removed = await ann.post(f"{QUICK}/{ids[0]}", method="DELETE")
    assert texts(removed.data) == ["c", "B\nb"]
    back = await ann.post(QUICK, {"text": "a", "place": 1})
    assert texts(back.data) == ["c", "a", "B\nb"]
    assert texts((await ann.post(QUICK, {"text": "z", "place": 99}, "POST")).data)[-1] == "z"
    for method, body in (("PATCH", {"text": "x"}), ("DELETE", None)):
        (await bob.post(f"{QUICK}/{ids[2]}", body, method)).refused(404, "not_found")
        (await ann.post(f"{QUICK}/{ids[0]}", body, method)).refused(404, "not_found")
    for text in ("", "  ", "字" * 501):
        (await ann.post(QUICK, {"text": text})).refused(400, "invalid", "text")
    assert (await ann.post(QUICK, {"text": "😀" * 500})).status == 200


@pytest.mark.parametrize("overrides", [{"chat": {"quick_replies": 6}}], ids=["six"])
async def test_quick_replies_have_a_limit_however_many_come_at_once(api: Api) -> None:
    ann = await api.register("ann")
    replies = await asyncio.gather(*(ann.post(QUICK, {"text": str(n)}) for n in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    refused = next(reply for reply in replies if reply.status == 409)
    assert "6" in refused.refused(409, "limit_reached")["message"]
    assert len(texts((await ann.get(QUICK)).data)) == 6


async def told(socket: Socket, name: str) -> int:
    """The version of which a device is told."""
    frame = await socket.next(lambda frame: frame.get("op") == "state" and frame["list"] == name)
    return int(frame["version"])


async def test_nothing_travels_when_nothing_changed(api: Api) -> None:
    ann = await api.register("ann")
    for path, field, change in (
        (QUICK, "replies", (QUICK, {"text": "new"}, "POST")),
        ("/api/me/settings", "settings", ("/api/me/settings", {"sounds": False}, "PATCH")),
        ("/api/me/settings", "settings", ("/api/me", {"theme": "dark"}, "PATCH")),
    ):
        async with api.socket(ann) as socket:
            await socket.next_op("welcome")
            first = (await ann.get(path)).data
            assert first[field] is not None
            again = (await ann.get(path, version=first["version"])).data
            assert again == {"version": first["version"], field: None}
            assert (await ann.post(*change)).status == 200
            version = await told(socket, "quick_replies" if path == QUICK else "settings")
            assert version > first["version"]
            newer = (await ann.get(path, version=first["version"])).data
            assert newer["version"] == version
            assert newer[field] not in (None, first[field])


async def test_lists_without_a_version_are_asked_for_by_their_tag(api: Api) -> None:
    ann = await api.register("ann")
    for path in ("/api/contacts", "/api/groups"):
        first = await api.call("GET", path, token=ann.token)
        tag = {"If-None-Match": first.headers["Etag"]}
        again = await api.call("GET", path, token=ann.token, headers=tag)
        assert (again.status, again.text) == (304, "")


async def test_settings_have_defaults_and_are_checked(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    path = "/api/me/settings"
    assert (await ann.get(path)).data["settings"] == {
        "language": "zh",
        "theme": "system",
        "sounds": True,
        "notifications": "all",
        "notification_text": True,
        "enter_sends": True,
        "read_receipts": True,
    }
    change = {"notifications": "direct", "enter_sends": False, "theme": "dark", "language": "en"}
    changed = await ann.post(path, change, method="PATCH")
    assert changed.data["settings"].items() >= change.items()
    assert "im_theme=dark" in str(changed.headers)
    me = (await ann.get("/api/me")).data
    assert (me["theme"], me["language"]) == ("dark", "en")
    for wrong in ({"notifications": "some"}, {"sounds": "loud"}, {"theme": "red"}):
        assert (await ann.post(path, wrong, method="PATCH")).status == 400
    assert (await ann.get(path)).data == {
        "version": changed.data["version"],
        "settings": changed.data["settings"],
    }
    assert (await bob.get(path)).data["settings"]["sounds"] is True


@pytest.mark.parametrize("private", [True, False], ids=["private", "group"])
async def test_who_wants_no_read_receipts_neither_gives_nor_gets_them(
    api: Api, private: bool
) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    body = {"name": "g", "members": [bob.id, cyd.id]}
    group = (await ann.post("/api/groups", body)).data["id"]
    conv, target = (f"p:{ann.id}:{bob.id}", f"u:{bob.id}") if private else (f"g:{group}",) * 2
    off = {"read_receipts": False}
    assert (await bob.post("/api/me/settings", off, method="PATCH")).status == 200
    place = await ann.send(target, "have you read this?")
    second = await api.log_in("bob")
    async with api.socket(ann) as one, api.socket(bob) as two, api.socket(cyd) as three:
        for socket in (one, two, three):
            await socket.next_op("welcome")
        at = {"conv": conv, "seq": place["seq"]}
        assert (await second.post("/api/messages/read", at)).status == 200
        own = await two.next_op("read")
        assert (own["user"], own["unread"]) == (bob.id, 0)
        # What is told after it comes after it: the others were not told of the reading.
        back = await bob.send(target if not private else f"u:{ann.id}", "yes")
        await ann.post("/api/messages/read", {"conv": conv, "seq": back["seq"]})
        if not private:
            assert (await three.next_op("read"))["user"] == ann.id
        assert (await one.next_op("read"))["user"] == ann.id
        assert (await one.ask("ping"))["op"] == (await two.ask("ping"))["op"] == "ok"
        others = [f for f in (*two.kept, *one.kept) if f["op"] == "read" and "unread" not in f]
        assert others == []
    if private:
        for person in (ann, bob):
            listed = (await person.get("/api/conversations")).data["conversations"]
            (summary,) = [each for each in listed if each["conv"] == conv]
            assert summary["peer_read_seq"] is None
            assert summary["peer_delivered_seq"] == back["seq"] if person is bob else True
        return

    async def seen(person: Person) -> dict[int, int | None]:
        members = (await person.get(f"/api/groups/{group}/members")).data["members"]
        return {member["user"]["id"]: member["read_seq"] for member in members}

    assert (await seen(ann))[bob.id] is None
    assert (await seen(ann))[ann.id] == back["seq"]
    by_bob = await seen(bob)
    assert (by_bob[ann.id], by_bob[cyd.id]) == (None, None)
    assert by_bob[bob.id] is not None
    assert (await bob.post("/api/me/settings", {"read_receipts": True}, method="PATCH")).data
    assert (await seen(bob))[ann.id] == back["seq"]


async def test_the_announcements_are_pinned_muted_and_hidden_by_each_for_themselves(
    api: Api,
) -> None:
    ann, bob = await api.people("ann", "bob")

    async def summary(person: Person) -> dict[str, Any] | None:
        listed = (await person.get("/api/conversations")).data["conversations"]
        return next((each for each in listed if each["conv"] == "all"), None)

    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        # Also before anything was announced.
        await socket.ask("hide", conv="all")
        assert await summary(bob) is None
        await ann.send("all", "one")
        for op, flag in FLAGS:
            for value in (True, False, True):
                await socket.ask(op, conv="all", **{flag: value})
                own = await summary(bob)
                assert own is not None and own.get(flag, False) is value
        other = await summary(ann)
        assert other is not None
        assert not [flag for _, flag in FLAGS if other.get(flag)]
        await socket.ask("hide", conv="all")
        assert await summary(bob) is None
        assert await summary(ann) is not None
        await socket.ask("hide", conv="all", hidden=False)
        assert await summary(bob) is not None
        await socket.ask("hide", conv="all")
        # Until something new comes.
        await ann.send("all", "two")
        assert await summary(bob) is not None
    # What is kept of them is no setting of the person's.
    settings = (await bob.get("/api/me/settings")).data["settings"]
    assert not [name for name in settings if name.startswith("all")]


async def test_what_one_hides_pins_mutes_and_marks_is_so_on_all_devices_and_can_be_undone(
    api: Api,
) -> None:
    ann, bob = await api.people("ann", "bob")
    place = await ann.send(f"u:{bob.id}", "one")
    await ann.send(f"u:{bob.id}", "two")
    conv, seq = place["conv"], place["seq"]
    other = await api.log_in("bob")

    async def shown() -> list[str]:
        page = (await other.get("/api/messages", conv=conv)).data
        return [entry["text"] for entry in page["entries"]]

    async def summary() -> dict[str, Any] | None:
        listed = (await other.get("/api/conversations")).data["conversations"]
        return next((each for each in listed if each["conv"] == conv), None)

    async with api.socket(bob) as one, api.socket(other) as two:
        for socket in (one, two):
            await socket.next_op("welcome")

        async def do(op: str, **fields: Any) -> None:
            assert (await one.ask(op, conv=conv, **fields))["op"] == "ok"
            state = await two.next_op("state")
            assert (state["list"], state["conv"]) == ("conversations", conv)

        await do("hide", seq=seq)
        assert await shown() == ["two"]
        await do("hide", seq=seq)
        await do("hide", seq=seq, hidden=False)
        assert await shown() == ["one", "two"]
        # The list shows the last one that is left, as others see the talk.
        for deleted, last in ((seq + 1, "one"), (seq, None)):
            await do("hide", seq=deleted)
            found = await summary()
            assert found is not None
            assert (found.get("last") or {}).get("text") == last
            assert found["last_seq"] == seq + 1
        for deleted in (seq, seq + 1):
            await do("hide", seq=deleted, hidden=False)
        for op, flag in FLAGS:
            for value in (True, False):
                await do(op, **{flag: value})
                found = await summary()
                assert found is not None
                assert found[flag] is value
        await do("hide")
        assert await summary() is None
        await do("hide", hidden=False)
        assert await summary() is not None
        await do("hide")
        await ann.send(f"u:{bob.id}", "something new")
        assert await summary() is not None
        for seq in (0, 99):
            assert (await one.ask("hide", conv=conv, seq=seq))["code"] == "not_found"


async def test_who_leaves_altogether_leaves_no_list_behind(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    place = await ann.send(f"u:{bob.id}", "x")
    await bob.get(QUICK)
    await bob.post("/api/me/settings", {"sounds": False}, method="PATCH")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        await socket.ask("hide", conv=place["conv"], seq=place["seq"])
    assert (await ann.post(f"/api/users/{bob.id}", method="DELETE")).status == 200
    for table in ("quick_reply", "user_setting", "state_version", "hidden"):
        left = await messenger.database.read(
            lambda cursor, table=table: cursor.execute(
                f"SELECT COUNT(*) FROM {table} WHERE user_id = %s", (bob.id,)
            ).one()
        )
        assert left == (0,), table
