"""How long messages are kept: said by administrators, told to everyone, and kept."""

from __future__ import annotations

import pytest

from im.app import Messenger
from im.durations import DAY_MS
from im.store import cluster
from tests.handlers.api import ON_BOTH, Api, Person

pytestmark = pytest.mark.gen_test(timeout=60)

PATH = "/api/admin/retention"


async def keep(api: Api, messenger: Messenger, admin: Person, days: int, age: int) -> None:
    """Messages are kept for so many days, and those there are now are ``age`` days old."""
    await admin.post(PATH, {"messages_days": days}, method="PUT")
    database = messenger.database
    rule = b'{"days":%d,"changed":%d}' % (days, days)
    await database.write(cluster.put, "retention", rule)
    await messenger.retention.look()
    for sql in (
        "UPDATE message SET created_at = created_at - %s",
        "UPDATE conversation SET kept_from = kept_from - %s",
    ):
        await database.write(lambda cursor, sql=sql: cursor.execute(sql, (age * DAY_MS,)).rowcount)


async def test_an_administrator_says_how_long_messages_are_kept(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    nothing = {"messages_days": 0, "file": 0, "changed": None, "planned": None, "planned_at": None}
    assert (await ann.get(PATH)).data == nothing
    said = (await ann.post(PATH, {"messages_days": 90}, method="PUT")).data
    assert (said["messages_days"], said["changed"], said["planned"]) == (0, 90, 90)
    now = (await ann.get("/api/admin/nodes")).data["now"]
    assert 0 <= said["planned_at"] - DAY_MS - now + 5000 < 10_000
    assert (await ann.get(PATH)).data == said
    act = (await ann.get("/api/admin/audit")).data["acts"][0]
    assert (act["action"], act["detail"]["messages_days"]) == ("retention.changed", 90)
    assert (await ann.post(PATH, {"messages_days": None}, method="PUT")).data == nothing
    (await ann.post(PATH, {"messages_days": -1}, method="PUT")).refused(400, "malformed")
    (await bob.get(PATH)).refused(403, "forbidden")


@ON_BOTH
async def test_what_has_expired_is_shown_nowhere(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    for text in ("first secret", "second secret"):
        await ann.send(f"u:{bob.id}", text, mentions=[bob.id])
    conv = f"p:{ann.id}:{bob.id}"
    await messenger.indexer.follow(rest=0)
    await keep(api, messenger, ann, 30, 31)
    counted = (await ann.get(f"{PATH}/count", messages_days=30)).data
    assert (counted["messages"], counted["at_least"]) == (2, False)
    await messenger.expirer.follow(rest=0)
    await ann.send(f"u:{bob.id}", "young", reply_to=1)

    page = (await bob.get("/api/messages", conv=conv, after=0)).data
    assert [entry["seq"] for entry in page["entries"]] == [1, 2, 3]
    for entry in page["entries"][:2]:
        assert entry["expired"] is True
        assert "text" not in entry or entry["text"] == ""
        assert "mentions" not in entry or entry["mentions"] == []
    assert page["entries"][2]["text"] == "young"
    (summary,) = [
        each
        for each in (await bob.get("/api/conversations")).data["conversations"]
        if each["conv"] == conv
    ]
    assert (summary["unread"], summary.get("mention_seq")) == (3, None)
    assert (await bob.get("/api/search/messages", q="secret")).data["hits"] == []
    assert (await ann.get(f"{PATH}/count", messages_days=30)).data["messages"] == 0
    body = {"conv": conv, "seq": 1, "text": "changed"}
    (await ann.post("/api/messages", body, method="PATCH")).refused(409, "expired")
    forward = {"to": f"u:{ann.id}", "text": "x", "forwarded_from": {"conv": conv, "seq": 1}}
    (await bob.post("/api/messages", forward)).refused(409, "expired", "forwarded_from")
    between = {"userIdA": ann.id, "userIdB": bob.id, "start": 0, "end": 9, "isRev": "false"}
    old = await bob.form("/user/redisMsg", **between)
    assert old.status == 200
    assert "secret" not in old.text
    assert "young" in old.text


async def test_clients_are_told_when_it_changes(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(bob) as socket:
        welcome = await socket.next_op("welcome")
        assert welcome["limits"]["retention_days"] == 0
        await keep(api, messenger, ann, 30, 0)
        told = await socket.next_op("limits")
        assert told["limits"] == {**welcome["limits"], "retention_days": 30}
    async with api.socket(bob) as socket:
        assert (await socket.next_op("welcome"))["limits"]["retention_days"] == 30
