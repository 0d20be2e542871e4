"""Two machines on a LAN, with nothing configured but the database that they share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from im.client import Client
from im.protocol.server import AnyServerFrame, Event, Message, Presence, TypingNow
from tests.cluster.crew import PASSWORD
from tests.cluster.machines import start_on
from tests.cluster.wait import until
from tests.services.netns import Network
from tests.services.node import NodeFactory


async def heard(client: Client, wanted: Callable[[AnyServerFrame], bool]) -> float:
    """Seconds until a program is sent such a frame."""
    begun = time.monotonic()
    async with asyncio.timeout(30):
        while not wanted(await client.others.get()):
            pass
    return time.monotonic() - begun


def presence(user: int, online: bool) -> Callable[[AnyServerFrame], bool]:
    """Whether a frame says that someone has come or gone."""
    return lambda frame: (
        isinstance(frame, Presence)
        and any(shown.user == user and shown.online == online for shown in frame.users)
    )


def seen(client: Client) -> list[tuple[str, str]]:
    """What entries say: kind and text."""
    return [
        (entry.kind, "") if isinstance(entry, Event) else ("message", entry.text)
        for entry in client.taken()
        if isinstance(entry, Message | Event)
    ]


@pytest.mark.timeout(90)
def test_two_machines_find_each_other_and_people_talk_across_them(
    node: NodeFactory, two_machines: tuple[Network, str]
) -> None:
    here, there = start_on(node, *two_machines)

    async def run() -> None:
        took = await until(lambda: "is up" in here.log and "is up" in there.log, what="the other")
        one = await Client.register([here.url], "one", PASSWORD)
        two = await Client.register([there.url], "two", PASSWORD)
        await one.start()
        await two.start()
        to_one, to_two = f"u:{one.user.id}", f"u:{two.user.id}"
        first = await one.send(to_two, "hello")
        begun = time.monotonic()
        await until(lambda: two._entries.qsize() == 1, what="the message")
        across = time.monotonic() - begun
        await two.send(to_one, "and to you")
        shown = await one.request("watch", users=[two.user.id])
        if not any(person.online for person in shown.presence or []):
            await heard(one, presence(two.user.id, True))
        await two.close()
        went = await heard(one, presence(two.user.id, False))
        two = Client([there.url], two.token)
        await two.start()
        came = await heard(one, presence(two.user.id, True))
        await two.tell("typing", to=to_one)
        typing = await heard(one, lambda frame: isinstance(frame, TypingNow))
        await one.request("recall", conv=first.conv, seq=first.seq)
        await until(
            lambda: one._entries.qsize() == 3 and two._entries.qsize() == 3, what="the recall"
        )
        assert seen(one) == [("message", "hello"), ("message", "and to you"), ("recall", "")]
        connected = two.connections
        for killed in (here, there):
            killed.kill9()
        gone = time.monotonic()
        for killed in (here, there):
            killed.start(wait=False)
        for killed in (here, there):
            await asyncio.to_thread(killed.wait_ready)
        await one.send(to_two, "after all")
        await until(lambda: two.connections > connected and two._entries.qsize() == 4)
        back = time.monotonic() - gone
        late = Client([here.url, there.url], two.token)
        await late.start()
        await until(lambda: late._entries.qsize() == 4, what="the history")
        assert seen(late) == [
            ("message", ""),
            ("message", "and to you"),
            ("recall", ""),
            ("message", "after all"),
        ]
        for client in (one, two, late):
            await client.close()
        print(
            f"found each other {took:.2f} s after both were ready; across {across * 1000:.0f} ms;"
            f" offline shown after {went:.2f} s, online after {came:.2f} s, typing after"
            f" {typing * 1000:.0f} ms; talking again {back:.1f} s after both were killed"
        )

    asyncio.run(run())


@pytest.mark.timeout(60)
def test_people_on_a_killed_machine_are_shown_as_gone(
    node: NodeFactory, two_machines: tuple[Network, str]
) -> None:
    here, there = start_on(node, *two_machines)

    async def run() -> None:
        one = await Client.register([here.url], "one", PASSWORD)
        two = await Client.register([there.url], "two", PASSWORD)
        async with one:
            await two.start()
            await two.send(f"u:{one.user.id}", "hello")
            shown = await one.request("watch", users=[two.user.id])
            if not any(person.online for person in shown.presence or []):
                await heard(one, presence(two.user.id, True))
            there.kill9()
            took = await heard(one, presence(two.user.id, False))
            await two.close()
            print(f"people of a killed machine were shown as gone after {took:.2f} s")
            # Six seconds, three times.
            assert took < 3 * 6

    asyncio.run(run())
