"""Files come in whole or not at all, and are stored once."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest

from im.app import Messenger
from tests.handlers.api import ON_BOTH, Api, Person, Reply, eventually
from tests.handlers.media_store import nothing_left, stored

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]

MEBI = 1024 * 1024


@pytest.fixture
def overrides() -> dict[str, Any]:
    """So that a test may upload as often as it needs."""
    return {"limits": {"uploads": "10000/minute"}}


async def test_a_file_comes_back_as_it_was(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    data = os.urandom(2 * MEBI + 12_345)
    file = (await ann.upload(data, name="备忘 录.bin")).data
    assert file == {
        "id": file["id"],
        "name": "备忘 录.bin",
        "type": "application/octet-stream",
        "size": len(data),
        "media": "file",
        "url": f"/api/media/{file['id']}",
    }
    reply = await ann.fetch(file["url"])
    assert (reply.status, reply.body) == (200, data)
    headers = reply.headers
    assert headers["Content-Length"] == str(len(data))
    assert headers["Etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"__ _.bin\"; filename*=UTF-8''%E5%A4%87%E5%BF%98%20%E5%BD%95.bin"
    )
    assert (await ann.fetch(file["url"] + "/thumbnail")).status == 404
    assert messenger.files.uploads.open == messenger.files.media.sending == 0


async def test_parts_are_given_as_asked(api: Api) -> None:
    ann = await api.register("ann")
    data = os.urandom(2 * MEBI + 10)
    url = (await ann.upload(data)).data["url"]
    tag = (await ann.fetch(url, "HEAD")).headers["Etag"]
    size = len(data)
    for asked, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        (f"bytes={MEBI - 1}-{MEBI}", MEBI - 1, MEBI),
        (f"bytes={2 * MEBI}-", 2 * MEBI, size - 1),
        ("bytes=-5", size - 5, size - 1),
        (f"bytes=5-{10 * size}", 5, size - 1),
        (f"bytes=-{10 * size}", 0, size - 1),
    ):
        for condition in ({}, {"If_Range": tag}):
            reply = await ann.fetch(url, Range=asked, **condition)
            assert reply.status == 206, asked
            assert reply.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
            assert reply.body == data[first : last + 1]
    for asked in ("bytes=1-2,4-5", "bytes=-", "bytes=7-6", "lines=1-2", "bytes=a-b", "bytes=1"):
        assert (await ann.fetch(url, Range=asked)).body == data, asked
    assert (await ann.fetch(url, Range="bytes=0-9", If_Range='"other"')).body == data
    for asked in (f"bytes={size}-", "bytes=-0"):
        reply = await ann.fetch(url, Range=asked)
        assert (reply.status, reply.headers["Content-Range"]) == (416, f"bytes */{size}")
    for known in (tag, f'"x", W/{tag}', "*"):
        reply = await ann.fetch(url, If_None_Match=known)
        assert (reply.status, reply.body) == (304, b"")
    head = await ann.fetch(url, "HEAD")
    assert (head.headers["Content-Length"], head.body) == (str(size), b"")


@pytest.mark.parametrize("overrides", [{"media": {"max_bytes": 100_000}}])
async def test_too_much_is_refused_by_name(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    async with api.socket(ann) as socket:
        assert (await socket.next_op("welcome"))["limits"]["upload_bytes"] == 100_000
    assert (await ann.upload(bytes(100_000))).status == 200
    assert (await ann.upload(bytes(100_001))).refused(413, "too_large", "file")
    reply = await chunked(api, ann, 40, 5_000)
    reply.refused(413, "too_large", "file")

    async def one() -> bool:
        return len(await stored(messenger)) == 1 and not messenger.files.uploads.open

    await eventually(one)


async def chunked(api: Api, person: Person, pieces: int, size: int) -> Any:
    """Upload without saying beforehand how much."""

    async def produce(write: Any) -> None:
        for _ in range(pieces):
            await write(bytes(size))

    response = await api._client.fetch(
        HTTPRequest(
            api.url + "/api/media",
            method="POST",
            headers={"Authorization": f"Bearer {person.token}"},
            body_producer=produce,
        ),
        raise_error=False,
    )
    return Reply(response.code, response.headers, response.body or b"")


async def test_what_comes_without_a_length_is_taken(api: Api) -> None:
    ann = await api.register("ann")
    file = (await chunked(api, ann, 300, 7_000)).data
    assert file["size"] == 2_100_000
    assert (await ann.fetch(file["url"])).body == bytes(2_100_000)


@pytest.mark.parametrize(
    "overrides", [{"media": {"quota_bytes": 250_000, "guest_quota_bytes": 50_000}}]
)
async def test_everyone_has_so_much_room(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    for _ in range(2):
        assert (await ann.upload(bytes(100_000))).status == 200
    (await ann.upload(bytes(100_000))).refused(413, "quota")
    assert (await bob.upload(bytes(100_000))).status == 200
    guest = (await api.call("POST", "/api/guest", {})).data
    guest = Person(guest["user"]["id"], "", guest["token"], api)
    assert (await guest.upload(bytes(50_000))).status == 200
    (await guest.upload(b"x")).refused(413, "quota")
    assert len(await stored(messenger)) == 2, "the same bytes are there once"


@pytest.mark.parametrize("overrides", [{"limits": {"uploads": "3/minute"}}])
async def test_nobody_uploads_all_the_time(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for _ in range(3):
        assert (await ann.upload(b"x")).status == 200
    refused = await ann.upload(b"x")
    assert refused.refused(429, "rate_limited")["retry_after"] > 0
    assert (await bob.upload(b"x")).status == 200


async def test_the_same_file_is_stored_once_and_tells_nobody(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    data = os.urandom(MEBI + 5)
    one = (await ann.upload(data, name="secret.bin")).data
    two = (await bob.upload(data, name="mine.bin")).data
    assert one["id"] != two["id"]
    assert (await bob.fetch(two["url"])).body == data
    for person, other in ((bob, one), (ann, two)):
        (await person.fetch(other["url"])).refused(404, "not_found")
        message = {"to": f"u:{ann.id if person is bob else bob.id}", "media": "file"}
        reply = await person.post("/api/messages", {**message, "file": other["id"]})
        reply.refused(404, "not_found", "file")

    async def once() -> bool:
        return len(await stored(messenger)) == 1

    await eventually(once)
    # Whether it was known or not, the answers have the same fields.
    assert one.keys() == two.keys()


async def test_an_upload_that_is_cut_leaves_nothing(
    api: Api, messenger: Messenger, base_url: str
) -> None:
    ann = await api.register("ann")
    host, _, port = base_url.removeprefix("http://").partition(":")
    head = (
        f"POST /api/media HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 3000000\r\n"
        f"Authorization: Bearer {ann.token}\r\n\r\n"
    ).encode()
    for sent in (0, 1, 1000, 300_000, 2_999_999):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head + os.urandom(sent))
        await writer.drain()

        async def begun() -> bool:
            return messenger.files.uploads.open > 0

        await eventually(begun, "an upload")
        writer.close()
        await nothing_left(messenger)


@pytest.mark.parametrize("overrides", [{"media": {"uploads": 2}}])
async def test_so_many_uploads_at_once_and_no_more(
    api: Api, messenger: Messenger, base_url: str
) -> None:
    ann, bob = await api.people("ann", "bob")
    host, _, port = base_url.removeprefix("http://").partition(":")
    writers = []
    for _ in range(2):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /api/media HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
            + f"Authorization: Bearer {ann.token}\r\n\r\nabc".encode()
        )
        writers.append(writer)

    async def both() -> bool:
        return messenger.files.uploads.open == 2

    await eventually(both)
    (await ann.upload(b"x")).refused(429, "rate_limited")
    assert (await bob.upload(b"x")).status == 200
    writers[0].close()

    async def one() -> bool:
        return messenger.files.uploads.open == 1

    await eventually(one)
    assert (await ann.upload(b"x")).status == 200
    writers[1].close()


async def test_an_upload_in_a_browser_needs_its_token(api: Api) -> None:
    ann = await api.register("ann")
    cookie = {"Cookie": f"im_session={ann.token}"}
    (await api.call("POST", "/api/media", b"x", headers=cookie)).refused(403, "forbidden")
    token = "2|abcdef01|" + "0" * 32 + "|1700000000"
    both = {"Cookie": f"im_session={ann.token}; _xsrf={token}", "X-XSRFToken": token}
    assert (await api.call("POST", "/api/media", b"x", headers=both)).status == 200
    foreign = {**both, "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await api.call("POST", "/api/media", b"x", headers=foreign)).status == 403


async def test_names_are_shown_and_never_paths(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for given, shown in (
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\a.txt", "a.txt"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1"),
        (".bashrc", "bashrc"),
        ('q"uo\\te.txt', "te.txt"),
        ("", ""),
        ("/", ""),
    ):
        file = (await ann.upload(b"x", name=given)).data
        assert file["name"] == shown, given
        reply = await ann.fetch(file["url"])
        assert reply.status == 200
        assert "\n" not in reply.headers["Content-Disposition"]
        assert "Set-Cookie" not in reply.headers
    for number in await stored(messenger):
        assert number > 0, "files are named by numbers"
