"""Webhooks: a program posts into one group as its bot, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import Any

import pytest

from im.app import Messenger
from im.store import webhooks
from tests.handlers.api import ON_BOTH, Api, Person, Reply

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


async def make(owner: Person, group: int, name: str = "Build") -> dict[str, Any]:
    """A webhook of a group."""
    made: dict[str, Any] = (await owner.post(f"/api/groups/{group}/webhooks", {"name": name})).data
    return made


async def post(api: Api, made: dict[str, Any], body: Any, **headers: str) -> Reply:
    """Say something through a webhook."""
    path = made["url"].removeprefix(api.url)
    return await api.call("POST", path, body, headers=headers)


async def test_what_comes_by_a_webhook_is_a_message_of_its_bot(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).data["id"]
    made = await make(ann, group)
    assert made["url"].startswith(f"{api.url}/hook/")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        place = (await post(api, made, {"text": "绿了 green"})).data
        heard = await socket.next_op("message")
    assert (heard["text"], heard["from"], heard["seq"]) == ("绿了 green", made["bot"], place["seq"])
    page = (await bob.get("/api/messages", conv=f"g:{group}")).data
    (bot,) = [user for user in page["users"] if user["id"] == made["bot"]]
    assert (bot["name"], bot["kind"]) == ("Build", "webhook")
    at = {"conv": place["conv"], "seq": place["seq"]}
    (await bob.post("/api/messages/recall", at)).refused(403, "forbidden")
    assert (await ann.post("/api/messages/recall", at)).status == 200
    rows = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT * FROM webhook").all()
    )
    assert made["url"].rpartition("/")[2] not in str(rows)
    assert (await bob.get("/api/users", q="build")).data["users"] == []
    assert (await bob.get("/api/users", q="hook")).data["users"] == []


async def test_programs_send_what_they_know_to_send(api: Api) -> None:
    ann = await api.register("ann")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    made = await make(ann, group)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    texts = []
    for body, headers in (
        (b'{"text":"json as a form"}', form),
        (b"text=a+form", form),
        ("plain, 纯文本".encode(), {"Content-Type": "text/plain; charset=utf-8"}),
    ):
        assert (await post(api, made, body, **headers)).status == 200
    page = (await ann.get("/api/messages", conv=f"g:{group}")).data["entries"]
    texts = [entry["text"] for entry in page if entry["op"] == "message"]
    assert texts == ["json as a form", "a form", "plain, 纯文本"]
    for body, status in ((b"{", 400), (b"", 400), (b'{"text":""}', 400), (b"nothing=1", 400)):
        assert (await post(api, made, body, **form)).status == status
    large = {"text": "x" * (64 * 1024 + 1)}
    (await post(api, made, large)).refused(413, "too_large")
    bad = {"Content-Type": "text/plain"}
    (await post(api, made, b"\xff", **bad)).refused(400, "malformed")


async def test_a_key_makes_one_message(api: Api) -> None:
    ann = await api.register("ann")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    made, other = await make(ann, group), await make(ann, group, "Other")
    first = (await post(api, made, {"text": "x", "key": "k"})).data
    again = (await post(api, made, {"text": "x"}, **{"Idempotency-Key": "k"})).data
    assert (again["seq"], again["repeated"]) == (first["seq"], True)
    (await post(api, made, {"text": "y", "key": "k"})).refused(409, "key_conflict")
    assert (await post(api, other, {"text": "y", "key": "k"})).data["repeated"] is False
    (await post(api, made, {"text": "x"}, **{"Idempotency-Key": "k" * 65})).refused(
        400, "malformed", "key"
    )


async def test_a_webhook_ends_when_it_is_revoked_its_bot_put_out_or_the_group_dissolved(
    api: Api,
) -> None:
    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).data["id"]
    first, second, third = [await make(ann, group, name) for name in ("a", "b", "c")]
    assert (await post(api, first, {"text": "kept"})).status == 200
    path = f"/api/groups/{group}"
    listed = (await ann.get(f"{path}/webhooks")).data["webhooks"]
    assert [hook["name"] for hook in listed] == ["c", "b", "a"]
    assert listed[2]["seen_at"] > 0 and listed[1]["seen_at"] is None
    (await bob.post(f"{path}/webhooks/{first['id']}", method="DELETE")).refused(403, "forbidden")
    assert (await ann.post(f"{path}/webhooks/{first['id']}", method="DELETE")).status == 200
    (await ann.post(f"{path}/webhooks/{first['id']}", method="DELETE")).refused(404, "not_found")
    assert (await ann.post(f"{path}/members/{second['bot']}", method="DELETE")).status == 200
    for gone in (first, second):
        (await post(api, gone, {"text": "x"})).refused(404, "not_found")
    assert (await ann.post(f"{path}/webhooks/{second['id']}", method="DELETE")).status == 200
    page = (await bob.get("/api/messages", conv=f"g:{group}")).data
    assert "a" in [user["name"] for user in page["users"]], "its name stays under what it said"
    assert (await post(api, third, {"text": "x"})).status == 200
    assert (await ann.post(path, method="DELETE")).status == 200
    (await post(api, third, {"text": "x"})).refused(404, "not_found")


@pytest.mark.parametrize(
    "overrides",
    [
        {
            "groups": {"webhooks": 1},
            "limits": {"webhooks": "2/minute", "logins_per_address": "3/hour"},
        }
    ],
    ids=["few"],
)
async def test_webhooks_are_few_and_speak_seldom_and_secrets_are_not_guessed(api: Api) -> None:
    ann = await api.register("ann")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    made = await make(ann, group)
    (await ann.post(f"/api/groups/{group}/webhooks", {"name": "x"})).refused(409, "limit_reached")
    for _ in range(2):
        assert (await post(api, made, {"text": "x"})).status == 200
    (await post(api, made, {"text": "x"})).refused(429, "rate_limited")
    for _ in range(3):
        (await api.call("POST", "/hook/guess", {"text": "x"})).refused(404, "not_found")
    (await api.call("POST", "/hook/guess", {"text": "x"})).refused(429, "rate_limited")


async def test_no_secret_is_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ann = await api.register("ann")
    group = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    made = await make(ann, group)
    secret = made["url"].rpartition("/")[2]
    for method, path in (
        ("POST", f"/hook/{secret}"),
        ("GET", f"/hook/{secret}"),
        ("POST", f"/hook/{secret}/more"),
    ):
        await api.call(method, path, {"text": "x"} if method == "POST" else None)
    shown = [r.getMessage() for r in caplog.records if r.name.startswith(("im", "tornado"))]
    assert secret not in "\n".join(shown)
    assert any("/hook/…" in line for line in shown)


async def test_a_group_does_not_go_to_a_bot(api: Api) -> None:
    _, ann, bob = await api.people("admin", "ann", "bob")
    with_bob = (await ann.post("/api/groups", {"name": "g"})).data["id"]
    await make(ann, with_bob)
    await ann.post(f"/api/groups/{with_bob}/members", {"users": [bob.id]})
    alone = (await ann.post("/api/groups", {"name": "h"})).data["id"]
    made = await make(ann, alone)
    assert (await ann.post("/api/me", {"password": "correct horse"}, method="DELETE")).status == 200
    assert (await bob.get(f"/api/groups/{with_bob}")).data["owner"] == bob.id
    (await post(api, made, {"text": "x"})).refused(404, "not_found")


async def test_a_webhooks_bot_is_there_for_its_group_and_for_nobody_alone(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).data["id"]
    other = (await ann.post("/api/groups", {"name": "other"})).data["id"]
    bot = (await make(ann, group, "Build"))["bot"]
    for person in (ann, bob):
        reply = await person.post("/api/messages", {"to": f"u:{bot}", "text": "hello?"})
        assert "webhook" in reply.refused(403, "forbidden")["message"].lower()
        reply = await person.post("/api/contacts", {"user": bot})
        assert "webhook" in reply.refused(403, "forbidden")["message"].lower()
        found = (await person.get("/api/search/names", q="build")).data
        assert found["people"] == found["contacts"] == []
        assert (await person.get("/api/conversations")).data["conversations"][0]["conv"][0] != "p"
    reply = await ann.post(f"/api/groups/{other}/members", {"users": [bot]})
    reply.refused(403, "forbidden")
    (await ann.post("/api/groups", {"name": "third", "members": [bot]})).refused(403, "forbidden")
    body = {"name": "t", "scopes": ["read"]}
    (await ann.post(f"/api/users/{bot}/tokens", body)).refused(403, "forbidden")


@pytest.mark.parametrize("overrides", [{"groups": {"webhooks": 1}}], ids=["one"])
async def test_two_who_lead_a_group_make_no_more_webhooks_together_than_one_may(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = await api.people("ann", "bob")
    group = (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).data["id"]
    await ann.post(f"/api/groups/{group}/members/{bob.id}/role", {"role": "admin"}, method="PUT")
    both_have_counted = threading.Barrier(2)
    count = webhooks.of_group

    def count_and_wait(cursor: Any, number: int) -> Any:
        found = count(cursor, number)
        # Where one waits for the other's transaction, they cannot meet here.
        with suppress(threading.BrokenBarrierError):
            both_have_counted.wait(1)
        return found

    monkeypatch.setattr(webhooks, "of_group", count_and_wait)
    path = f"/api/groups/{group}/webhooks"
    replies = await asyncio.gather(*(person.post(path, {"name": "x"}) for person in (ann, bob)))
    monkeypatch.undo()
    assert sorted(reply.status for reply in replies) == [200, 409]
    assert len((await ann.get(path)).data["webhooks"]) == 1
