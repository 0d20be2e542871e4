"""A message shows a file to those who can see the message, and to nobody once it was recalled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from im.protocol.client import Send
from tests.handlers import samples
from tests.handlers.api import ON_BOTH, PASSWORD, Api, Person, eventually
from tests.handlers.media_store import everything, rows, stored
from tests.handlers.test_queries import statements

pytestmark = [pytest.mark.gen_test(timeout=60), ON_BOTH]


async def show(person: Person, to: str, file: int, media: str = "file", **more: Any) -> Any:
    """Send a file; where it was stored."""
    body = {"to": to, "media": media, "file": file, **more}
    return (await person.post("/api/messages", body)).data


async def recall(person: Person, place: dict[str, Any]) -> None:
    """Take a message back."""
    where = {"conv": place["conv"], "seq": place["seq"]}
    assert (await person.post("/api/messages/recall", where)).status == 200


async def see(url: str, *people: Person) -> list[int]:
    """The status that each of these people is answered."""
    return [(await person.fetch(url)).status for person in people]


async def gone(messenger: Messenger) -> bool:
    """Whether no file is left anywhere."""
    return not await stored(messenger) and not await everything(messenger)


async def test_pages_lists_and_sockets_show_what_a_message_has(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    picture = (await ann.upload(samples.picture(size=(1000, 500)), name="海.jpg")).data
    voice = (await ann.upload(samples.mp4(), "audio/mp4", duration_ms=1500, waveform="1,2,3")).data
    shared = ("id", "name", "type", "size")
    wanted = [
        {
            **{name: picture[name] for name in shared},
            **{"width": 1000, "height": 500, "thumbnail": True},
        },
        {
            **{name: voice[name] for name in shared},
            **{"duration_ms": 1500, "waveform": [1, 2, 3]},
        },
    ]
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        await show(ann, f"u:{bob.id}", picture["id"], "picture", text="看海")
        await show(ann, f"u:{bob.id}", voice["id"], "audio")
        live = [await socket.next_op("message") for _ in range(2)]
        page = (await socket.ask("sync", conv="p:1:2", after=0))["entries"]
        summary = (await socket.ask("conversations"))["conversations"]
    stored_page = (await bob.get("/api/messages", conv="p:1:2")).data["entries"]
    for entries in (live, page, stored_page):
        assert [entry["file"] for entry in entries] == wanted
        assert [entry["media"] for entry in entries] == ["picture", "audio"]
        assert entries[0]["text"] == "看海"
    assert next(row for row in summary if row["conv"] == "p:1:2")["last"]["file"] == wanted[1]


async def test_who_may_see_a_file(api: Api) -> None:
    ann, bob, carol, dave = await api.people("ann", "bob", "carol", "dave")
    body = {"name": "g", "members": [bob.id]}
    group = (await ann.post("/api/groups", body)).data["id"]
    file = (await ann.upload(b"minutes")).data
    url, number = file["url"], file["id"]
    everyone = (ann, bob, carol, dave)
    assert await see(url, *everyone) == [200, 404, 404, 404]
    first = await show(ann, f"g:{group}", number)
    assert await see(url, *everyone) == [200, 200, 404, 404]
    # Who comes later sees what is said later; who has left, what was said before.
    await ann.post(f"/api/groups/{group}/members", {"users": [carol.id]})
    assert await see(url, *everyone) == [200, 200, 404, 404]
    await bob.post(f"/api/groups/{group}/members/{bob.id}", method="DELETE")
    assert await see(url, *everyone) == [200, 200, 404, 404]
    second = await show(ann, f"g:{group}", number)
    await recall(ann, first)
    assert await see(url, *everyone) == [200, 404, 200, 404]
    # Carol shows it to Dave, as she may; he can show it on.
    await show(carol, f"u:{dave.id}", number, forwarded_from={"conv": "g:1", "seq": second["seq"]})
    assert await see(url, *everyone) == [200, 404, 200, 200]
    await recall(ann, second)
    assert await see(url, *everyone) == [404, 404, 200, 200], "those who were shown it have it"
    assert (await show(dave, f"u:{bob.id}", number))["seq"] == 1
    assert await see(url, *everyone) == [404, 200, 200, 200]
    (await ann.post("/api/messages", {"to": "all", "media": "file", "file": number})).refused(
        404, "not_found", "file"
    )
    assert (await api.call("GET", url)).status == 401


async def test_a_recalled_file_is_gone_for_everyone(api: Api, messenger: Messenger) -> None:
    ann, bob, carol = await api.people("ann", "bob", "carol")
    file = (await ann.upload(samples.picture(size=(900, 900), colour=None), name="x.jpg")).data
    one = await show(ann, f"u:{bob.id}", file["id"], "picture")
    two = await show(bob, f"u:{carol.id}", file["id"], "picture")
    assert len(await stored(messenger)) == 2
    await recall(ann, one)
    assert await see(file["url"], ann, bob, carol) == [404, 200, 200]
    page = (await bob.get("/api/messages", conv="p:1:2")).data["entries"]
    assert page[0]["recalled"] is True and "file" not in page[0]
    await recall(bob, two)
    assert await see(file["url"], ann, bob, carol) == [404] * 3
    await eventually(lambda: gone(messenger))
    for table in ("media", "media_reference", "media_content", "media_chunk"):
        assert await rows(messenger, f"SELECT * FROM {table}") == [], table
    extras = await rows(messenger, "SELECT extra, media_id FROM message WHERE kind = 0")
    assert extras == [(None, None)] * 2


async def test_a_file_is_shown_as_what_it_is(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    picture = (await ann.upload(samples.picture())).data["id"]
    voice = (await ann.upload(samples.webm(), "audio/webm")).data["id"]
    other = (await ann.upload(b"x")).data["id"]
    to = f"u:{bob.id}"
    for file, right, wrong in (
        (picture, ("picture", "sticker", "file"), ("audio", "text")),
        (voice, ("audio", "file"), ("picture", "sticker", "text")),
        (other, ("file",), ("picture", "sticker", "audio", "text")),
    ):
        for media in right:
            await show(ann, to, file, media)
        for media in wrong:
            body = {"to": to, "media": media, "file": file}
            (await ann.post("/api/messages", body)).refused(400, "invalid", "media")
    for missing in (999, 2**53 - 1):
        body = {"to": to, "media": "file", "file": missing}
        (await ann.post("/api/messages", body)).refused(404, "not_found", "file")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        refused = await socket.ask("send", to=to, media="file", file=999)
        assert (refused["code"], refused["field"]) == ("not_found", "file")


async def test_the_same_key_with_another_file_is_another_message(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    one, two = [(await ann.upload(data)).data["id"] for data in (b"1", b"2")]
    place = await show(ann, f"u:{bob.id}", one, key="k")
    again = await show(ann, f"u:{bob.id}", one, key="k")
    assert (again["seq"], again["repeated"]) == (place["seq"], True)
    body = {"to": f"u:{bob.id}", "media": "file", "file": two, "key": "k"}
    (await ann.post("/api/messages", body)).refused(409, "key_conflict", "key")
    await recall(ann, place)
    assert (await ann.fetch(f"/api/media/{one}")).status == 404, "a repeat is no second reference"


async def test_text_costs_no_statement_more_and_a_file_few(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    file = (await ann.upload(b"x")).data["id"]
    who = await messenger.sessions.resolve(ann.token)
    to = f"u:{bob.id}"

    async def text() -> None:
        await messenger.messages.send(who, Send(to=to, text="x"))

    async def shown() -> None:
        await messenger.messages.send(who, Send(to=to, media="file", file=file))

    plain, with_file = await statements(messenger, text), await statements(messenger, shown)
    assert plain <= 6
    # The file's row and its rights are read; it is locked, counted, and its place noted.
    assert with_file - plain <= 5


async def test_avatars_are_for_everyone_and_change(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    one, two = [
        (await ann.upload(samples.picture(colour=colour), square="true")).data
        for colour in ("red", "blue")
    ]
    assert (await ann.post("/api/me", {"avatar": one["id"]}, "PATCH")).data["avatar"] == one["id"]
    assert (await bob.get(f"/api/users/{ann.id}")).data["avatar"] == one["id"]
    reply = await bob.fetch(one["thumbnail_url"])
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, max-age=86400")
    assert (await api.call("GET", one["url"])).status == 401
    # Another's picture, one that is shown to one, and what is no picture are not taken.
    secret = (await bob.upload(samples.picture(colour="green"))).data["id"]
    await show(bob, f"u:{ann.id}", secret, "picture")
    text = (await ann.upload(b"x")).data["id"]
    for file in (secret, text, 999):
        reply = await ann.post("/api/me", {"avatar": file}, "PATCH")
        reply.refused(404, "not_found", "avatar")
    await ann.post("/api/me", {"avatar": two["id"]}, "PATCH")
    assert await see(one["url"], ann, bob) == [404, 404]
    assert await see(two["url"], ann, bob) == [200, 200]
    assert (await ann.post("/api/me", {"avatar": 0}, "PATCH")).data.get("avatar") is None
    assert await see(two["url"], ann, bob) == [404, 404]


async def test_avatars_that_change_at_once_leave_one(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    files = [
        (await ann.upload(samples.picture(colour=(number, 9, 9)))).data["id"] for number in range(4)
    ]
    await asyncio.gather(*(ann.post("/api/me", {"avatar": file}, "PATCH") for file in files))
    shown = (await ann.get("/api/me")).data["avatar"]
    found = await rows(messenger, "SELECT media_id FROM media_reference WHERE kind = 'avatar'")
    assert found == [(shown,)]
    assert await rows(messenger, "SELECT id FROM media WHERE reference_count > 0") == [(shown,)]


async def test_an_account_that_goes_takes_its_avatar(api: Api, messenger: Messenger) -> None:
    _, bob = await api.people("ann", "bob")
    file = (await bob.upload(samples.picture())).data["id"]
    await bob.post("/api/me", {"avatar": file}, "PATCH")
    gone_now = await bob.post("/api/me", {"password": PASSWORD}, "DELETE")
    assert gone_now.status == 200, gone_now.text
    await eventually(lambda: gone(messenger))


async def test_a_group_is_made_with_ones_own_picture_or_not_at_all(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    mine = (await ann.upload(samples.picture())).data
    others = (await bob.upload(samples.picture(colour="blue"))).data
    group = {"name": "g", "members": [bob.id], "category": "Crew"}
    for wrong in (others["id"], 999):
        refused = await ann.post("/api/groups", {**group, "icon": wrong})
        refused.refused(404, "not_found", "icon")
    made = (await ann.post("/api/groups", {**group, "icon": mine["id"]})).data
    assert (made["icon"], made["category"]) == (mine["id"], "Crew")
    assert await see(mine["url"], ann, bob) == [200] * 2
    await ann.post(f"/api/groups/{made['id']}", method="DELETE")
    assert await see(mine["url"], ann) == [404]
    await bob.post("/api/me", {"avatar": others["id"]}, "PATCH")
    await bob.post("/api/me", {"avatar": 0}, "PATCH")
    await eventually(lambda: gone(messenger))


async def test_a_groups_icon_is_set_by_who_leads_it(api: Api, messenger: Messenger) -> None:
    ann, bob, carol = await api.people("ann", "bob", "carol")
    group = (await ann.post("/api/groups", {"name": "g", "members": [bob.id]})).data["id"]
    here = f"/api/groups/{group}"
    one, two = [
        (await ann.upload(samples.picture(colour=colour))).data for colour in ("red", "blue")
    ]
    assert (await ann.post(here, {"icon": one["id"]}, "PATCH")).data["icon"] == one["id"]
    assert await see(one["url"], ann, bob, carol) == [200] * 3
    own = (await bob.upload(samples.picture())).data["id"]
    (await bob.post(here, {"icon": own}, "PATCH")).refused(403, "forbidden")
    (await ann.post(here, {"icon": own}, "PATCH")).refused(404, "not_found", "icon")
    await ann.post(here, {"icon": two["id"]}, "PATCH")
    assert await see(one["url"], ann, bob, carol) == [404] * 3
    assert (await bob.get(here)).data["icon"] == two["id"]
    await ann.post(here, method="DELETE")
    assert await see(two["url"], ann, bob, carol) == [404] * 3
    await bob.post("/api/me", {"avatar": own}, "PATCH")
    await bob.post("/api/me", {"avatar": 0}, "PATCH")
    await eventually(lambda: gone(messenger))
