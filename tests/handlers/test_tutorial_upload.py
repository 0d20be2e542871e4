"""The tutorial's upload, and what its pictures and voices become for everyone else."""

from __future__ import annotations

import os
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers import samples
from tests.handlers.api import Api, Person, Reply
from tests.handlers.media_store import nothing_left, stored

pytestmark = pytest.mark.gen_test(timeout=60)

BOUNDARY = "----a-boundary"


def form(*parts: tuple[str, bytes] | tuple[str, bytes, str]) -> bytes:
    """A form's body: fields, and files with their names."""
    body = b""
    for name, data, *file in parts:
        more = f'; filename="{file[0]}"' if file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
        if file:
            head += "Content-Type: application/octet-stream\r\n"
        body += head.encode() + b"\r\n" + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


async def attach(api: Api, body: bytes, **headers: str) -> Reply:
    """Send a form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **named}
    return await api.call("POST", "/attach/upload", body, headers=named)


def token_of(person: Person) -> tuple[str, bytes]:
    """The field that says who asks."""
    return ("token", person.token.encode())


async def test_a_file_of_a_form_is_taken_as_it_comes(api: Api) -> None:
    ann = await api.register("ann")
    data = os.urandom(3_000_000) + b"\r\n--" + BOUNDARY[:-1].encode()
    bearer = {"Authorization": f"Bearer {ann.token}"}
    for body, headers in (
        (form(token_of(ann), ("file", data, "a.bin")), {}),
        (form(("file", data, "a.bin"), ("more", b"x")), bearer),
    ):
        reply = await attach(api, body, **headers)
        assert reply.json["message"] == "上传成功！"
        url = reply.data
        assert (await ann.fetch(url)).body == data


async def test_a_wrong_form_is_refused_and_leaves_nothing(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    file = ("file", samples.picture(), "a.jpg")
    (await attach(api, form(file))).refused(401, "unauthorized")
    (await attach(api, form(file, token_of(ann)))).refused(401, "unauthorized")
    (await attach(api, form(("token", b"wrong"), file))).refused(401, "unauthorized")
    (await attach(api, form(token_of(ann)))).refused(400, "malformed", "file")
    (await attach(api, form(token_of(ann), file, file))).refused(400, "malformed", "file")
    (await attach(api, form(token_of(ann), file)[:-30])).refused(400, "malformed", "file")
    bearer = {"Authorization": f"Bearer {ann.token}"}
    (await attach(api, b"nothing", **bearer)).refused(400, "malformed", "file")
    (await attach(api, form(("x", bytes(5000)), file))).refused(413, "too_large", "x")
    other = {"Content-Type": "application/x-www-form-urlencoded", **bearer}
    refused = await attach(api, b"x", **other)
    message = refused.refused(400, "malformed")["message"]
    assert "curl -F token=TOKEN -F file=@FILE http://" in message
    assert (await api.call("GET", "/attach/upload")).status == 405
    await nothing_left(messenger)


@pytest.mark.parametrize("overrides", [{"media": {"max_bytes": 100_000}}])
async def test_a_form_has_the_same_limits(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    body = form(token_of(ann), ("file", bytes(100_001), "a.bin"))
    (await attach(api, body)).refused(413, "too_large", "file")
    await nothing_left(messenger)


async def test_another_sites_page_uploads_for_nobody(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    file = ("file", samples.picture(), "a.jpg")
    cookie = f"im_session={ann.token}"
    (await attach(api, form(file), Cookie=cookie)).refused(403, "forbidden")
    # A token in the form says who asks, not the cookie beside it.
    (await attach(api, form(("token", b"x"), file), Cookie=cookie)).refused(401, "unauthorized")
    url = (await attach(api, form(token_of(bob), file), Cookie=cookie)).data
    assert (await bob.fetch(url)).status == 200
    assert (await ann.fetch(url)).status == 404
    xsrf = "2|abcdef01|" + "0" * 32 + "|1700000000"
    both = f"{cookie}; _xsrf={xsrf}"
    url = (await attach(api, form(("_xsrf", xsrf.encode()), file), Cookie=both)).data
    assert (await ann.fetch(url)).status == 200
    assert len(await stored(messenger)) == 1


async def test_the_dialects_pictures_are_everyones(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    picture = form(token_of(ann), ("file", samples.picture(), "a.jpg"))
    url = (await attach(api, picture)).data
    async with (
        api.socket(bob) as native,
        api.socket(path=f"/chat?userId={ann.id}&token={ann.token}") as dialect,
    ):
        await native.next_op("welcome")
        frame: dict[str, Any] = {"TargetId": bob.id, "Type": 1, "Media": 4, "Url": url}
        await dialect.send(frame)
        entry = await native.next_op("message")
        assert (entry["media"], entry["file"]["type"]) == ("picture", "image/jpeg")
        assert (await bob.fetch(url)).status == 200
        voice = (await bob.upload(samples.webm(), "audio/webm", duration_ms=900)).data
        body = {"to": f"u:{ann.id}", "media": "audio", "file": voice["id"]}
        await bob.post("/api/messages", body)
        heard = await dialect.next(lambda frame: frame.get("Media") == 3)
        assert heard["Url"] == voice["url"]
        # What one may not see, and what is not what it is said to be, is refused.
        secret = (await bob.upload(samples.picture())).data["url"]
        for wrong in ({**frame, "Url": secret}, {**frame, "Url": url, "Media": 3}):
            await dialect.send(wrong)
            assert (await dialect.next(lambda frame: frame.get("code") == -1))["error"]
        # Addresses elsewhere are kept as they are.
        await dialect.send({**frame, "Url": "http://elsewhere/x.png"})
        await native.next(lambda frame: frame.get("media") == "audio")
        assert "file" not in await native.next_op("message")


async def test_the_dialects_avatars_and_icons(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    file = ("file", samples.picture(), "a.jpg")
    one, two = [(await attach(api, form(token_of(ann), file))).data for _ in range(2)]
    changed = await ann.form("/user/updateUser", id=ann.id, icon=one)
    assert changed.data["icon"] == one
    assert (await bob.form("/user/find", userId=ann.id)).data["icon"] == one
    made = await ann.form("/contact/createCommunity", ownerId=ann.id, name="g", icon=two)
    assert made.data["icon"] == two
    for wrong in ("/api/media/999", "x", "/api/media/0"):
        reply = await ann.form("/user/updateUser", id=ann.id, icon=wrong)
        assert reply.status == 404
        body = {"ownerId": ann.id, "name": "h", "icon": wrong}
        assert (await ann.form("/contact/createCommunity", **body)).status == 404
