"""One's own data comes whole, for people and for programs, and costs the node little."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import tracemalloc
import zipfile
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.iostream import IOStream
from tornado.tcpclient import TCPClient

from im.app import Messenger
from im.errors import Unauthorized
from im.protocol.client import Send
from im.services.identity import Identity
from im.store import users
from tests.handlers import samples
from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person, Reply, eventually
from tests.handlers.media_store import rows

pytestmark = [pytest.mark.gen_test(timeout=90), ON_BOTH]

MEBI = 1024 * 1024


@pytest.fixture
def overrides() -> dict[str, Any]:
    """So that a test may upload and export as often as it needs."""
    return {"limits": {"uploads": "10000/minute", "exports": "100/minute"}}


def opened(reply: Reply) -> zipfile.ZipFile:
    """The archive of an answer, after a look whether it is sound."""
    assert reply.status == 200, reply.text
    assert reply.headers["Content-Type"] == "application/zip"
    found = zipfile.ZipFile(io.BytesIO(reply.body))
    assert found.testzip() is None
    return found


def lines(archive: zipfile.ZipFile, conversation: str) -> list[dict[str, Any]]:
    """A conversation's entries."""
    text = archive.read(f"conversations/{conversation}/messages.jsonl").decode()
    return [json.loads(line) for line in text.splitlines()]


def identity(person: Person) -> Identity:
    """A person as the services know them."""
    return Identity(person.id, 0, person.name, "user", "user", "en")


async def nothing_under_way(messenger: Messenger) -> None:
    """Return once no export is open and no lease of one is left."""

    async def none() -> bool:
        leases = await rows(messenger, "SELECT name FROM cluster WHERE name LIKE 'lease.export%%'")
        return not messenger.exports.open and not leases

    await eventually(none, "no export")


async def test_an_export_has_all_that_is_ones_own(api: Api, messenger: Messenger) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    await ann.post("/api/me", {"note": "nurse", "language": "en"}, "PATCH")
    await ann.post("/api/contacts", {"name": "bob", "note": "it is me"})
    picture = (await ann.upload(samples.picture(), name="be/ach?.jpg")).data
    theirs = (await bob.upload(b"open plans", name="plans.txt")).data
    unseen = (await bob.upload(b"secret plans", name="plans.txt")).data
    await ann.send(f"u:{bob.id}", "look <b>here</b>", media="picture", file=picture["id"])
    await bob.send(f"u:{ann.id}", "mine", media="file", file=theirs["id"])
    gone = await ann.send(f"u:{bob.id}", "not for long")
    await ann.post("/api/messages/recall", {"conv": gone["conv"], "seq": gone["seq"]})
    await bob.send(f"u:{eve.id}", "not for ann", media="file", file=unseen["id"])
    group = (await bob.post("/api/groups", {"name": "night shift"})).data["id"]
    await bob.send(f"g:{group}", "before ann came")
    await bob.post(f"/api/groups/{group}/members", {"users": [ann.id]})
    await bob.send(f"g:{group}", "while ann was here")
    hidden = await bob.send(f"g:{group}", "only for others")
    async with api.socket(ann) as socket:
        await socket.ask("hide", conv=hidden["conv"], seq=hidden["seq"])
    await ann.post(f"/api/groups/{group}/members/{ann.id}", method="DELETE")
    await bob.send(f"g:{group}", "after ann went")

    archive = opened(await ann.get("/api/me/export"))
    everything = b"\n".join(archive.read(name) for name in archive.namelist())
    assert json.loads(archive.read("profile.json"))["note"] == "nurse"
    assert [one["user"]["name"] for one in json.loads(archive.read("contacts.json"))] == ["bob"]
    assert json.loads(archive.read("settings.json"))["language"] == "en"
    assert json.loads(archive.read("groups.json")) == []
    assert len(json.loads(archive.read("sessions.json"))) == 1
    assert json.loads(archive.read("tokens.json")) == []
    assert len(json.loads(archive.read("quick-replies.json"))) == 5
    talk = lines(archive, f"p-{ann.id}-{bob.id}")
    assert [(one["op"], one.get("text", ""), one["from_name"]) for one in talk] == [
        ("message", "look <b>here</b>", "ann"),
        ("message", "mine", "bob"),
        ("message", "", "ann"),
        ("event", "", "ann"),
    ]
    room = [one.get("text") for one in lines(archive, f"g-{group}") if one["op"] == "message"]
    assert room == ["while ann was here"]
    kept = (await ann.fetch(picture["url"])).body
    assert archive.read(f"files/{picture['id']}-ach_.jpg") == kept
    assert archive.read(f"files/{theirs['id']}-plans.txt") == b"open plans"
    page = archive.read(f"conversations/p-{ann.id}-{bob.id}/00001.html").decode()
    assert "look &lt;b&gt;here&lt;/b&gt;" in page and "This message was recalled" in page
    addresses = re.findall(r'(?:src|href)="\.\./\.\./(files/[^"]+)"', page)
    assert len(set(addresses)) == 2
    assert all(address in archive.namelist() for address in addresses)
    index = archive.read("index.html").decode()
    assert "night shift" in index and ">bob<" in index
    assert all(to in archive.namelist() for to in re.findall(r'href="([^"]+)"', index))
    assert archive.read("README.txt").decode().startswith("This is what the LAN chat has of ann")
    for foreign in (
        b"secret plans",
        b"not for ann",
        b"not for long",
        b"before ann",
        b"after ann",
        b"only for others",
    ):
        assert foreign not in everything, foreign
    assert b"argon2" not in everything
    await nothing_under_way(messenger)
    acts = (await ann.get("/api/admin/audit", action="data.")).data["acts"]
    assert [(act["action"], act["target"]) for act in acts] == [("data.exported", f"u:{ann.id}")]


@pytest.mark.parametrize(
    "overrides", [{"media": {"export_bytes": 2 * MEBI}}], ids=["2 MiB of others"]
)
async def test_files_of_others_come_once_and_as_far_as_there_is_room(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    sizes = {"first": MEBI, "large": 2 * MEBI, "last": 1000}
    sent = {}
    for name, size in sizes.items():
        sent[name] = (await bob.upload(os.urandom(size), name=f"{name}.bin")).data["id"]
        await bob.send(f"u:{ann.id}", "", media="file", file=sent[name])
    own = (await ann.upload(os.urandom(3 * MEBI), name="own.bin")).data["id"]
    await ann.send(f"u:{bob.id}", "", media="file", file=own)
    [first] = [
        entry
        for entry in (await ann.get("/api/messages", conv=f"p:{ann.id}:{bob.id}")).data["entries"]
        if entry["file"]["id"] == sent["first"]
    ]
    again = {"conv": first["conv"], "seq": first["seq"]}
    await bob.send(f"u:{ann.id}", "", media="file", file=sent["first"], forwarded_from=again)
    archive = opened(await ann.get("/api/me/export"))
    files = [name for name in archive.namelist() if name.startswith("files/")]
    assert sorted(files) == sorted(
        f"files/{number}-{name}.bin"
        for name, number in (*sent.items(), ("own", own))
        if name != "large"
    )
    page = archive.read(f"conversations/p-{ann.id}-{bob.id}/00001.html").decode()
    assert "<p>[large.bin]</p>" in page
    left_out = "未包含在内"
    assert left_out in archive.read("index.html").decode()
    assert left_out not in opened(await cyd.get("/api/me/export")).read("index.html").decode()


async def test_the_words_are_in_the_persons_language(api: Api) -> None:
    ann = await api.register("小红")
    await ann.post("/api/me", {"language": "zh"}, "PATCH")
    archive = opened(await ann.get("/api/me/export"))
    assert archive.read("README.txt").decode().startswith("这是局域网聊天中属于小红的全部数据")
    assert 'lang="zh-CN"' in archive.read("index.html").decode()


async def test_who_deleted_their_account_is_called_so(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.post("/api/me", {"language": "en"}, "PATCH")
    await bob.send(f"u:{ann.id}", "farewell")
    assert (await bob.post("/api/me", {"password": PASSWORD}, "DELETE")).status == 200
    archive = opened(await ann.get("/api/me/export"))
    called = f"Deleted account #{bob.id}"
    assert f">{called}</a>" in archive.read("index.html").decode()
    page = archive.read(f"conversations/p-{ann.id}-{bob.id}/00001.html").decode()
    assert f"<h1>{called}</h1>" in page and f"<h2>{called} <time>" in page


async def test_a_long_history_comes_in_pages(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    count = 1_203
    for first in range(0, count, 100):
        frames = [
            Send(to=f"u:{bob.id}", key=f"k{number}", text=f"number {number}")
            for number in range(first, min(first + 100, count))
        ]
        await asyncio.gather(*(messenger.messages.send(identity(ann), each) for each in frames))
    archive = opened(await bob.get("/api/me/export"))
    talk = lines(archive, f"p-{ann.id}-{bob.id}")
    assert [one["seq"] for one in talk] == list(range(1, count + 1))
    assert {one["text"] for one in talk} == {f"number {number}" for number in range(count)}
    folder = f"conversations/p-{ann.id}-{bob.id}"
    pages = [name for name in archive.namelist() if name.startswith(folder) and "html" in name]
    assert pages == [f"{folder}/0000{number}.html" for number in (1, 2, 3)]
    shown = [archive.read(page).decode() for page in pages]
    assert sum(page.count("<h2>") for page in shown) == count
    assert 'href="00002.html"' in shown[0] and 'href="00003.html"' in shown[1]
    assert "00004" not in shown[2]


async def broken_off(api: Api, person: Person) -> IOStream:
    """Ask for an export and take only its beginning."""
    host, port = api.url.removeprefix("http://").split(":")
    stream = await TCPClient().connect(host, int(port))
    await stream.write(
        f"GET /api/me/export HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Authorization: Bearer {person.token}\r\n\r\n".encode()
    )
    assert b"200 OK" in await stream.read_until(b"\r\n\r\n")
    return stream


async def test_one_at_a_time_and_one_broken_off_leaves_nothing(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    for _ in range(8):
        assert (await ann.upload(os.urandom(4 * MEBI))).status == 200
    stream = await broken_off(api, ann)
    assert messenger.exports.open == 1
    refused = (await ann.get("/api/me/export")).refused(429, "rate_limited")
    assert "under way" in refused["message"] or "正在导出" in refused["message"]
    assert (await ann.fetch("/api/me/export", "HEAD")).status == 429
    assert messenger.exports.open == 1
    bob = await api.register("bob")
    opened(await bob.get("/api/me/export"))
    stream.close()
    await nothing_under_way(messenger)
    folder = messenger.files.uploads.spool
    assert not folder.exists() or list(folder.iterdir()) == []
    opened(await ann.get("/api/me/export"))


@pytest.mark.parametrize("overrides", [{"limits": {"exports": "2/hour"}}])
async def test_exports_are_counted(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for _ in range(2):
        # Asking whether one may costs nothing.
        assert (await ann.fetch("/api/me/export", "HEAD")).status == 200
        opened(await ann.get("/api/me/export"))
    refused = await ann.fetch("/api/me/export", "HEAD")
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0
    (await ann.get("/api/me/export")).refused(429, "rate_limited")
    await nothing_under_way(messenger)


async def test_no_program_takes_everything_along(api: Api) -> None:
    ann = await api.register("ann")
    body = {"name": "p", "scopes": ["read", "send", "contacts", "groups", "admin"], "days": 1}
    token = (await ann.post("/api/tokens", body)).data["token"]
    (await api.call("GET", "/api/me/export", token=token)).refused(403, "forbidden")
    (await api.call("GET", "/api/me/export")).refused(401, "unauthorized")


async def test_an_export_ends_with_the_account(
    api: Api, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im.services.export.exports.KEEP_SECONDS", 0.0)
    _, bob = await api.people("ann", "bob")
    export = await messenger.exports.begin(identity(bob), "en")
    pieces = export.pieces()
    try:
        await anext(pieces)
        await messenger.database.write(users.disable, bob.id, True)
        with pytest.raises(Unauthorized):
            async for _ in pieces:
                pass
    finally:
        await export.close()
    await nothing_under_way(messenger)


async def test_an_export_holds_little_of_it_in_memory(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for _ in range(4):
        assert (await ann.upload(os.urandom(16 * MEBI))).status == 200
    received = 0

    def count(data: bytes) -> None:
        nonlocal received
        received += len(data)

    tracemalloc.start()
    try:
        await api._client.fetch(
            HTTPRequest(
                api.url + "/api/me/export",
                headers={"Authorization": f"Bearer {ann.token}"},
                streaming_callback=count,
                request_timeout=60,
            )
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received > 64 * MEBI
    assert peak < 24 * MEBI
