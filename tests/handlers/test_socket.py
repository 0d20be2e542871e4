"""The native socket: whatever comes over it is answered, and the connection goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from im.app import Messenger, now_ms
from im.client import Client
from im.store import users
from im.wire import capacity
from tests.handlers.api import WAIT, Api, Person

pytestmark = pytest.mark.gen_test(timeout=30)

BAD: list[tuple[str | bytes, str]] = [
    ("", "malformed"),
    ("hello", "malformed"),
    ("null", "malformed"),
    ("[]", "malformed"),
    ('"x"', "malformed"),
    ("{}", "malformed"),
    ('{"op":null}', "malformed"),
    ('{"op":5}', "malformed"),
    ('{"op":"ping"}{"op":"ping"}', "malformed"),
    ('{"op":"ping","id":{}}', "malformed"),
    ('{"op":"ping","id":true}', "malformed"),
    ('{"op":"ping","id":1.5}', "malformed"),
    ('{"op":"ping","id":' + "9" * 40 + "}", "malformed"),
    ('{"op":"ping","id":"' + "x" * 65 + '"}', "malformed"),
    ('{"op":"send","to":"u:2","text":"\\ud800"}', "malformed"),
    ('{"op":"send","to":"u:2","text":"\\udc00\\ud800"}', "malformed"),
    ('{"op":"send","to":"u:2","text":"x","extra":{"a":1e999}}', "malformed"),
    ('{"op":"send","to":"u:2","text":"x","extra":{"a":NaN}}', "malformed"),
    (
        '{"op":"send","to":"u:2","text":"x","extra":' + '{"a":' * 4000 + "1" + "}" * 4001,
        "malformed",
    ),
    ("[" * 100_000, "malformed"),
    ('{"op":"sync","conv":"p:1:2","limit":0}', "malformed"),
    ('{"op":"sync","conv":"p:1:2","limit":1e3}', "malformed"),
    ('{"op":"sync","conv":"p:1:2","after":1,"before":2}', "invalid"),
    ('{"op":"sync","conv":"nonsense"}', "invalid"),
    ('{"op":"conversations","cursor":"nonsense"}', "invalid"),
    ('{"op":"conversations","cursor":"\\u00e9"}', "invalid"),
    ('{"op":"watch","users":' + str([1] * 201) + "}", "malformed"),
    ('{"op":"recall","conv":"p:1:2","seq":9007199254740993}', "malformed"),
    ('{"op":"recall","conv":"p:1:2","seq":-1}', "malformed"),
    ('{"op":"hello","token":"x"}', "malformed"),
    ('{"op":"typing","to":"nobody"}', "invalid"),
    ('{"op":"pin","conv":"p:1:99"}', "not_found"),
    ('{"op":"fly"}', "unknown_op"),
    ('{"op":"' + "x" * 5000 + '"}', "unknown_op"),
    ('{"op":"<script>"}', "unknown_op"),
    (b"\x00\xff", "malformed"),
    (b'{"op":"ping"}', "malformed"),
    ('{"op":"send","to":"u:2","text":"' + "x" * 70_000 + '"}', "too_large"),
    ('{"op":"send","to":"u:2","text":"' + "x" * 900_000 + '"}', "too_large"),
]


async def test_a_bad_frame_is_answered_and_the_connection_goes_on(api: Api) -> None:
    ann, _ = await api.people("ann", "bob")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        for bad, code in BAD:
            await socket.send(bad)
            answer = await socket.read()
            assert (answer["op"], answer["code"]) == ("error", code), bad[:80]
            assert len(answer["message"]) < 500
            assert (await socket.ask("ping"))["op"] == "ok"


async def test_an_answer_repeats_the_id_even_of_what_could_not_be_read(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        for number in (7, -7, 2**53 - 1, "seven", "", "七" * 64):
            assert (await socket.ask("ping")) and not socket.kept
            for frame in ({"op": "send"}, {"op": "fly"}, {"op": 5}):
                await socket.send({"id": number, **frame})
                assert (await socket.read())["id"] == number


async def test_a_frame_over_the_hard_limit_closes_with_1009(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        await socket.send("x" * (1024 * 1024 + 1))
        assert await socket.closed() == 1009


@pytest.mark.parametrize("known", [True, False])
async def test_text_that_is_no_utf_8_ends_the_connection_as_the_rfc_asks(
    api: Api, messenger: Messenger, known: bool
) -> None:
    ann = await api.register("ann")
    async with api.socket(ann if known else None) as socket:
        if known:
            await socket.next_op("welcome")
        protocol = socket.connection.protocol
        assert protocol is not None
        await protocol._write_frame(True, 0x1, b"\xff\xfe")  # type: ignore[attr-defined]
        await socket.closed()
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")


async def test_the_first_frame_may_say_who_it_is(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket() as socket:
        for bad, code in (
            ("nonsense", "malformed"),
            (b"\x00", "malformed"),
            ("[" * 50_000, "malformed"),
            ('{"op":"ping","id":1}', "unauthorized"),
            ('{"op":"hello","token":"wrong"}', "unauthorized"),
            ('{"op":"hello","token":""}', "unauthorized"),
            ('{"op":"hello","token":"' + "x" * 300 + '"}', "malformed"),
        ):
            await socket.send(bad)
            assert (await socket.read())["code"] == code
        await socket.send({"op": "hello", "token": ann.token})
        welcome = await socket.next_op("welcome")
        assert (welcome["text"], welcome["user"]["name"]) == ("欢迎进入聊天系统", "ann")


@pytest.mark.parametrize("overrides", [{"sockets": {"hello_seconds": 0.1}}], ids=["0.1 s"])
async def test_who_says_nothing_is_sent_away(api: Api) -> None:
    async with api.socket() as socket:
        assert (await socket.next_op("error"))["code"] == "unauthorized"
        assert await socket.closed() == 1008


async def test_a_wrong_token_in_the_handshake_is_told_and_closed(api: Api) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Cookie": "im_session=wrong"}):
        async with api.socket(None, "/ws", **headers) as socket:
            assert (await socket.next_op("error"))["code"] == "unauthorized"
            assert await socket.closed() == 4001


async def test_the_native_socket_takes_no_token_from_the_address(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket(path=f"/ws?token={ann.token}") as socket:
        await socket.send({"op": "ping"})
        assert (await socket.next_op("error"))["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "http://HOST"}, True),
        ({"Origin": "http://HOST", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://friend.example"}, True),
        ({"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://HOST.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://friend.example.evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "overrides", [{"http": {"origins": ["https://friend.example"]}}], ids=["friend"]
)
@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_pages_of_other_hosts_get_no_socket(
    api: Api, path: str, headers: dict[str, str], allowed: bool
) -> None:
    ann = await api.register("ann")
    host = api.url.removeprefix("http://")
    sent = {name: value.replace("HOST", host) for name, value in headers.items()}
    sent["Cookie"] = f"im_session={ann.token}"
    if allowed:
        async with api.socket(None, path, **sent) as socket:
            assert await socket.read() is not None
    else:
        with pytest.raises(HTTPClientError, match="403"):
            async with api.socket(None, path, **sent):
                pass


@pytest.mark.parametrize(
    "overrides", [{"http": {"max_connections": 3, "max_connections_per_address": 2}}], ids=["2"]
)
@pytest.mark.parametrize("path", ["/ws", "/chat"])
async def test_too_many_connections_are_refused_before_the_handshake(
    api: Api, messenger: Messenger, path: str
) -> None:
    ann = await api.register("ann")
    async with api.socket(ann, path) as one, api.socket(ann, path):
        await one.read()
        with pytest.raises(HTTPClientError, match="429"):
            async with api.socket(ann, path):
                pass
        assert messenger.capacity.open == 2
    async with api.socket(ann, path) as socket:
        assert await socket.read() is not None


async def test_refused_handshakes_are_not_counted_as_open(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for path, headers in (
        ("/chat?token=wrong", {}),
        ("/chat", {"Origin": "http://evil.example", "Authorization": f"Bearer {ann.token}"}),
        ("/ws", {"Origin": "http://evil.example"}),
    ):
        with pytest.raises(HTTPClientError):
            async with api.socket(None, path, **headers):
                pass
    (await api.call("GET", "/ws")).status  # noqa: B018
    assert (await api.call("GET", "/ws")).status == 400
    assert messenger.capacity.open == 0


@pytest.mark.parametrize(
    "overrides", [{"limits": {"frames_per_second": 1.0, "frames_burst": 3}}], ids=["slow"]
)
async def test_too_many_frames_are_refused_and_say_when_to_go_on(api: Api) -> None:
    ann = await api.register("ann")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        for _ in range(4):
            await socket.send({"op": "ping"})
        answers = [await socket.read() for _ in range(4)]
        assert [answer["op"] for answer in answers] == ["ok", "ok", "ok", "error"]
        assert answers[3]["code"] == "rate_limited"
        assert 0 < answers[3]["retry_after"] <= 1001


async def test_what_is_sent_all_at_once_keeps_its_order(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as first, api.socket(bob) as second:
        await first.next_op("welcome")
        await second.next_op("welcome")
        for number in range(150):
            await first.send({"op": "send", "id": number, "to": "u:2", "text": str(number)})
        got = [(await second.next_op("message"))["text"] for _ in range(150)]
        assert got == [str(number) for number in range(150)]


def standing(person: Person, **state: object) -> dict[str, object]:
    """Someone's presence as a frame tells it: online, unless said otherwise."""
    return {"user": person.id, "online": True, "away": False, "last_seen": 0, **state}


@pytest.mark.parametrize("overrides", [{"sockets": {"grace_seconds": 0.2}}], ids=["0.2 s"])
async def test_typing_and_presence_are_told_to_those_who_may_know(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    await ann.send(f"u:{bob.id}", "x")
    async with api.socket(ann) as first, api.socket(eve) as stranger:
        await first.next_op("welcome")
        await stranger.next_op("welcome")
        known: dict[str, Any] = await first.ask("watch", users=[bob.id, eve.id])
        assert known["presence"] == [standing(bob, online=False)]
        assert (await stranger.ask("watch", users=[ann.id, bob.id])).get("presence", []) == []
        async with api.socket(bob) as second:
            await second.next_op("welcome")
            told = await first.next_op("presence")
            assert told["users"][0]["online"] is True
            await second.send({"op": "typing", "to": f"u:{ann.id}"})
            assert await first.next_op("typing") == {
                **{"op": "typing", "conv": "p:1:2", "user": bob.id},
            }
            assert (await stranger.ask("ping"))["op"] == "ok"
            assert stranger.kept == []
        told = await first.next_op("presence")
        assert told["users"][0]["online"] is False
        assert told["users"][0]["last_seen"] > 0


async def test_who_uses_none_of_their_devices_is_away_until_they_use_one(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.send(f"u:{bob.id}", "x")
    async with api.socket(ann) as first, api.socket(bob) as desk, api.socket(bob) as phone:
        for socket in (first, desk, phone):
            await socket.next_op("welcome")

        async def shown() -> dict[str, Any]:
            (state,) = (await first.ask("watch", users=[bob.id]))["presence"]
            return dict(state)

        assert (await desk.ask("away", idle_ms=300_000))["op"] == "ok"
        assert await shown() == standing(bob)
        await phone.ask("away", idle_ms=60_000)
        (told,) = (await first.next_op("presence"))["users"]
        now = (await phone.ask("ping"))["time"]
        assert told == standing(bob, away=True, last_seen=told["last_seen"])
        assert 60_000 <= now - told["last_seen"] < 120_000
        await desk.ask("away", away=False)
        assert (await first.next_op("presence"))["users"] == [standing(bob)]


async def test_a_lost_connection_is_shown_neither_when_it_breaks_nor_when_it_comes_back(
    api: Api,
) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.send(f"u:{bob.id}", "x")
    async with api.socket(ann) as first:
        await first.next_op("welcome")
        async with api.socket(bob) as second:
            await second.next_op("welcome")
            await first.ask("watch", users=[bob.id])
        assert (await first.ask("watch", users=[bob.id]))["presence"] == [standing(bob)]
        async with api.socket(bob) as second:
            await second.next_op("welcome")
            await second.send({"op": "typing", "to": f"u:{ann.id}"})
            await first.next_op("typing")
    assert not [frame for frame in first.kept if frame["op"] == "presence"]


async def test_whoever_was_connected_when_the_node_was_started_anew_has_the_grace(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.send(f"u:{bob.id}", "x")
    await messenger.database.write(users.seen, {bob.id: now_ms() - 10_000})
    async with api.socket(ann) as first:
        await first.next_op("welcome")
        assert (await first.ask("watch", users=[bob.id]))["presence"] == [standing(bob)]


async def test_whoever_was_last_seen_by_a_clock_that_was_ahead_is_not_shown_as_there(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.send(f"u:{bob.id}", "x")
    ahead = now_ms() + 3_600_000
    await messenger.database.write(users.seen, {bob.id: ahead})
    async with api.socket(ann) as first:
        await first.next_op("welcome")
        (shown,) = (await first.ask("watch", users=[bob.id]))["presence"]
        assert shown == standing(bob, online=False, last_seen=ahead)


@pytest.mark.parametrize("overrides", [{"groups": {"typing_notes": 2}}], ids=["2"])
async def test_nobody_is_told_who_writes_in_a_group_that_is_too_large(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    rooms = [
        (await ann.post("/api/groups", {"name": name, "members": people})).data
        for name, people in (("large", [bob.id, eve.id]), ("small", [bob.id]))
    ]
    async with api.socket(ann) as first, api.socket(bob) as second:
        await first.next_op("welcome")
        await second.next_op("welcome")
        for room in rooms:
            await first.send({"op": "typing", "to": f"g:{room['id']}"})
        assert (await second.next_op("typing"))["conv"] == f"g:{rooms[1]['id']}"
        assert (await second.ask("ping"))["op"] == "ok"
        assert not [frame for frame in second.kept if frame["op"] == "typing"]


async def test_a_program_comes_back_to_a_full_node_when_it_was_asked_to(
    api: Api, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "RETRY_MS", 1000)
    ann = await api.register("ann")
    messenger.capacity.limit(0)
    admit = messenger.capacity.admit
    loop = asyncio.get_running_loop()
    tries: list[float] = []

    def note(address: str) -> str:
        tries.append(loop.time())
        return admit(address)

    monkeypatch.setattr(messenger.capacity, "admit", note)
    program = Client([api.url], ann.token)
    await program.start(wait=False)
    async with asyncio.timeout(2 * WAIT):
        while not tries:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.01)
        messenger.capacity.limit(10)
        await program.connected()
    await program.close()
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 1.0
