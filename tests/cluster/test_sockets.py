"""Sockets of people who read slowly, fall silent, are too many, or whose session ends."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError

from im.client import Client, call
from im.protocol.server import Presence
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.sockets import connect, drain, open_bare, receive, until_closed
from tests.cluster.wait import until
from tests.services.node import NodeFactory

TOO_SLOW = b"\x88\x0a\x03\xf5too slow"
"""A close frame with 1013 (RFC 6455, sections 5.2 and 7.4)."""
SESSION_ENDED = 4001
MANY = 300
"""Messages of 20 kB that no kernel's buffers hold."""


def on(tmp_path: Path, **settings: str) -> dict[str, str]:
    """The environment of a node on a new embedded database."""
    return {"IM_DATABASE_URL": f"sqlite:///{tmp_path / 'im.db'}", **SETTINGS, **settings}


async def shown(client: Client, count: int) -> None:
    """Return when so many entries have come to a program."""
    await until(lambda: client._entries.qsize() == count, what=f"entry {count}")


async def revoked(url: str, token: str, session: int) -> None:
    """End a session of one's own."""
    await call(url, "DELETE", f"/api/sessions/{session}", token=token)


@pytest.mark.parametrize(("relay", "limit"), [("udp", 1.0), ("none", 3.5)])
def test_a_session_revoked_on_one_node_closes_its_sockets_on_the_other(
    node: NodeFactory, tmp_path: Path, relay: str, limit: float
) -> None:
    env = on(tmp_path, IM_RELAY=relay, IM_SESSIONS_RECHECK_SECONDS="2")
    here, there = node(env=env), node(env=env)

    async def run() -> None:
        if relay == "udp":
            await until(lambda: "is up" in here.log and "is up" in there.log, what="the other")
        phone = await Client.register([here.url], "one", PASSWORD)
        laptop = await Client.log_in([there.url], "one", PASSWORD)
        kept, _ = await connect(there.url, phone.token)
        sockets = [await connect(there.url, laptop.token) for _ in range(3)]
        begun = time.monotonic()
        await revoked(here.url, phone.token, sockets[0][1].session)
        for opened, _ in sockets:
            await until_closed(opened)
            assert opened.close_code == SESSION_ENDED
        took = time.monotonic() - begun
        await kept.write_message('{"op":"ping","id":1}')
        while getattr(await receive(kept), "id", None) != 1:
            pass
        again, _ = await connect(here.url, phone.token)
        with pytest.raises(AssertionError, match="unauthorized"):
            await connect(there.url, laptop.token)
        again.close()
        kept.close()
        print(f"relay {relay}: closed after {took * 1000:.0f} ms")
        assert took < limit

    asyncio.run(run())


def test_a_slow_reader_is_closed_with_1013_and_delays_nobody(
    node: NodeFactory, tmp_path: Path
) -> None:
    one_node = node(env=on(tmp_path, IM_SOCKETS_QUEUE_BYTES="65536"))

    async def run() -> None:
        writer = await Client.register([one_node.url], "writer", PASSWORD)
        reader = await Client.register([one_node.url], "reader", PASSWORD)
        slow = await Client.register([one_node.url], "slow", PASSWORD)
        async with writer, reader:
            bare = await open_bare(one_node.url, slow.token)
            worst = 0.0
            draining = None
            for sent in range(1, MANY + 1):
                begun = time.monotonic()
                await writer.send("all", "x" * 20_000)
                await shown(reader, sent)
                worst = max(worst, time.monotonic() - begun)
                if sent == MANY - 50:  # the node gives up on who doesn't read the goodbye
                    draining = asyncio.create_task(drain(bare))
            assert draining is not None
            tail = await draining
            bare.close()
            print(f"{MANY} messages of 20 kB, the other reader waited {worst:.3f} s at most")
            assert tail.endswith(TOO_SLOW), tail[-40:]
            assert worst < 1.0
            async with Client([one_node.url], slow.token) as back:
                await shown(back, MANY)

    asyncio.run(run())


def test_who_answers_no_ping_is_dropped_and_shown_as_gone(
    node: NodeFactory, tmp_path: Path
) -> None:
    one_node = node(env=on(tmp_path, IM_SOCKETS_PING_SECONDS="1", IM_SOCKETS_DEAD_SECONDS="4"))

    async def run() -> None:
        lively = await Client.register([one_node.url], "lively", PASSWORD)
        dead = await Client.register([one_node.url], "dead", PASSWORD)
        async with lively:
            bare = await open_bare(one_node.url, dead.token)
            begun = time.monotonic()
            user = (await call(one_node.url, "GET", "/api/me", token=dead.token))["id"]
            await lively.send(f"u:{user}", "are you there?")
            await lively.request("watch", users=[user])
            await drain(bare)
            took = time.monotonic() - begun
            async with asyncio.timeout(15):
                while True:
                    frame = await lively.others.get()
                    if isinstance(frame, Presence) and not frame.users[0].online:
                        break
            bare.close()
            print(f"dropped {took:.1f} s after it fell silent")
            # Not before its time is over; and then at the next look, three times.
            assert 3.9 < took < 3 * 5
            await asyncio.sleep(2)
            assert lively.connections == 1, "who answers pings stays"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("setting", "status"),
    [("IM_HTTP_MAX_CONNECTIONS", 503), ("IM_HTTP_MAX_CONNECTIONS_PER_ADDRESS", 429)],
)
def test_too_many_sockets_are_refused_with_a_time_to_come_back(
    node: NodeFactory, tmp_path: Path, setting: str, status: int
) -> None:
    one_node = node(env=on(tmp_path, **{setting: "3"}))

    async def run() -> None:
        person = await Client.register([one_node.url], "one", PASSWORD)
        sockets = [(await connect(one_node.url, person.token))[0] for _ in range(3)]
        with pytest.raises(HTTPClientError) as refused:
            await connect(one_node.url, person.token)
        answer = refused.value.response
        assert refused.value.code == status
        assert answer is not None and 0 < int(answer.headers["Retry-After"]) < 60
        sockets.pop().close()

        async with asyncio.timeout(30):
            while len(sockets) < 3:
                with suppress(HTTPClientError):
                    sockets.append((await connect(one_node.url, person.token))[0])
        for opened in sockets:
            opened.close()

    asyncio.run(run())


def test_a_node_asks_for_as_many_descriptors_as_it_may_have(
    node: NodeFactory, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    one_node = node(env=on(tmp_path), start=False)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        one_node.start(wait=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    one_node.wait_ready()

    async def run() -> None:
        person = await Client.register([one_node.url], "one", PASSWORD)
        sockets = [(await connect(one_node.url, person.token))[0] for _ in range(300)]
        for opened in sockets:
            opened.close()

    asyncio.run(run())


def test_sockets_that_break_at_any_moment_leave_nothing_behind(
    node: NodeFactory, tmp_path: Path, rng: random.Random
) -> None:
    one_node = node(env=on(tmp_path))

    async def run() -> None:
        watcher = await Client.register([one_node.url], "watcher", PASSWORD)
        flighty = await Client.register([one_node.url], "flighty", PASSWORD)
        user = (await call(one_node.url, "GET", "/api/me", token=flighty.token))["id"]

        async def come_and_go() -> None:
            coming = asyncio.create_task(open_bare(one_node.url, flighty.token))
            await asyncio.sleep(rng.uniform(0, 0.03))
            coming.cancel()
            bare = (await asyncio.gather(coming, return_exceptions=True))[0]
            if not isinstance(bare, BaseException):
                bare.close()

        async with watcher:
            await watcher.send(f"u:{user}", "hello")
            for _ in range(30):
                await asyncio.gather(*(come_and_go() for _ in range(10)))

            async with asyncio.timeout(10):
                online = True
                while online:
                    answer = await watcher.request("watch", users=[user])
                    online = any(person.online for person in answer.presence or [])

    asyncio.run(run())
