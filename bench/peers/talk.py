"""People who talk in pairs at a steady rate, through a messenger's own Python client.

    talk.py KIND PAIRS RATE SECONDS ADDRESS…

KIND is ``im`` (two addresses of nodes, and a file with "token id" in each line), ``nats``,
``jetstream``, ``socketio`` or ``xmpp`` (one address). One of each pair speaks, the other hears;
RATE messages are sent a second in all, whether earlier ones were acknowledged or not. Prints one
line of JSON: how many were sent, acknowledged and heard, and the times from sending to each in ms.
All kinds are driven in the same way by one thread, whose own cost is in all figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

WARM_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
"""What has not come by then is missing."""
PADDING = "x" * 60

Hear = Callable[[str], None]
Say = Callable[[str], Awaitable[None]]
"""Resolves when the messenger has acknowledged."""


async def im(hear: Hear, pairs: int, addresses: list[str]) -> list[Say]:
    """Ours: one of each pair on the first node, one on the second. "ok" follows the commit."""
    from websockets.asyncio.client import connect

    one, other, file = addresses
    text = await asyncio.to_thread(Path(file).read_text)
    people = [line.split() for line in text.splitlines()]
    numbers = itertools.count(1)
    running: set[asyncio.Task[None]] = set()
    said: list[Say] = []

    async def come(
        address: str, token: str, *, hears: bool
    ) -> tuple[Any, dict[int, asyncio.Future[None]]]:
        headers = {"Authorization": f"Bearer {token}"}
        socket = await connect(f"ws://{address}/ws", additional_headers=headers, compression=None)
        waiting: dict[int, asyncio.Future[None]] = {}

        async def read() -> None:
            async for data in socket:
                frame = json.loads(data)
                if frame["op"] == "ok":
                    waiting.pop(frame["id"]).set_result(None)
                elif hears and frame["op"] == "message":
                    hear(frame["text"])

        running.add(asyncio.create_task(read()))
        return socket, waiting

    def speaker(socket: Any, waiting: dict[int, asyncio.Future[None]], to: str) -> Say:
        async def say(text: str) -> None:
            number = next(numbers)
            answered = waiting[number] = asyncio.get_running_loop().create_future()
            await socket.send(
                json.dumps({"op": "send", "id": number, "to": f"u:{to}", "text": text})
            )
            await answered

        return say

    for pair in range(pairs):
        socket, waiting = await come(one, people[2 * pair][0], hears=False)
        await come(other, people[2 * pair + 1][0], hears=True)
        said.append(speaker(socket, waiting, people[2 * pair + 1][1]))
    return said


async def nats(hear: Hear, pairs: int, addresses: list[str], stream: bool = False) -> list[Say]:
    """NATS: who publishes is not answered; with a stream, when the server has written it."""
    import nats as client

    said: list[Say] = []

    async def heard(message: Any) -> None:
        hear(message.data.decode())

    def speaker(connection: Any, subject: str) -> Say:
        context = connection.jetstream()

        async def say(text: str) -> None:
            if stream:
                await context.publish(subject, text.encode())
            else:
                await connection.publish(subject, text.encode())

        return say

    for pair in range(pairs):
        one, other = [await client.connect(f"nats://{addresses[0]}") for _ in range(2)]
        if stream and not pair:
            await one.jetstream().add_stream(name="talk", subjects=["talk.*"])
        await other.subscribe(f"talk.{pair}", cb=heard)
        await other.flush()
        said.append(speaker(one, f"talk.{pair}"))
    return said


async def jetstream(hear: Hear, pairs: int, addresses: list[str]) -> list[Say]:
    """NATS with a stream that keeps everything in a file."""
    return await nats(hear, pairs, addresses, stream=True)


async def socketio(hear: Hear, pairs: int, addresses: list[str]) -> list[Say]:
    """python-socketio: the acknowledgement is what the server's handler returns."""
    import socketio as client

    said: list[Say] = []

    def speaker(connection: Any, to: str) -> Say:
        async def say(text: str) -> None:
            await connection.call("say", {"to": to, "text": text})

        return say

    for pair in range(pairs):
        one, other = client.AsyncClient(), client.AsyncClient()
        for connection, name in ((one, f"a{pair}"), (other, f"b{pair}")):
            connection.on("heard", lambda data: hear(data["text"]))
            await connection.connect(
                f"http://{addresses[0]}", auth={"name": name}, transports=["websocket"]
            )
        said.append(speaker(one, f"b{pair}"))
    return said


REQUEST_ACK = '<r xmlns="urn:xmpp:sm:3"/>'
NEVER = 1_000_000_000
"""Messages after which slixmpp itself would ask for an acknowledgement."""


async def xmpp(hear: Hear, pairs: int, addresses: list[str]) -> list[Say]:
    """ejabberd: acknowledged as in XEP-0198, when the server has taken the stanza over."""
    import slixmpp

    host, port = addresses[0].split(":")
    domain = "localhost"
    said: list[Say] = []

    async def come(name: str) -> Any:
        client = slixmpp.ClientXMPP(f"{name}@{domain}/bench", "secret")
        client.enable_starttls = client.enable_direct_tls = False
        client.enable_plaintext = True
        client["feature_mechanisms"].unencrypted_plain = True
        client["feature_mechanisms"].unencrypted_scram = True
        for plugin in ("xep_0077", "xep_0198"):
            client.register_plugin(plugin)
        client["xep_0077"].force_registration = True
        client["xep_0198"].window = NEVER
        ready = asyncio.get_running_loop().create_future()

        async def register(_: Any) -> None:
            query = client.Iq()
            query["type"] = "set"
            query["register"]["username"] = name
            query["register"]["password"] = "secret"
            await query.send()

        client.add_event_handler("register", register)
        client.add_event_handler("session_start", lambda _: ready.set_result(None))
        client.add_event_handler("message", lambda message: hear(message["body"]))
        client.connect(host, int(port))
        await ready
        client.send_presence()
        return client

    def speaker(client: Any, to: str) -> Say:
        waiting: dict[str, asyncio.Future[None]] = {}

        def acked(stanza: Any) -> None:
            if stanza["id"] in waiting:
                waiting.pop(stanza["id"]).set_result(None)

        client.add_event_handler("stanza_acked", acked)
        numbers = itertools.count(1)

        async def say(text: str) -> None:
            message = client.make_message(mto=to, mbody=text, mtype="chat")
            message["id"] = f"m{next(numbers)}"
            waiting[message["id"]] = answered = asyncio.get_running_loop().create_future()
            message.send()
            # Behind the message in the same queue; what the plugin sends itself overtakes it.
            client.send(REQUEST_ACK, use_filters=False)
            await answered

        return say

    for pair in range(pairs):
        one, _ = await come(f"a{pair}"), await come(f"b{pair}")
        said.append(speaker(one, f"b{pair}@{domain}"))
    return said


KINDS = {kind.__name__: kind for kind in (im, nats, jetstream, socketio, xmpp)}


async def talk(kind: str, pairs: int, rate: float, seconds: float, addresses: list[str]) -> None:
    """Connect everyone, talk, print."""
    sent = acknowledged = heard = 0
    acknowledging: list[float] = []
    hearing: list[float] = []
    counting = over = False
    complete = asyncio.Event()

    def check() -> None:
        if over and heard >= sent and acknowledged >= sent:
            complete.set()

    def hear(text: str) -> None:
        nonlocal heard
        number, at, _ = text.split(" ")
        if number == "counted":
            heard += 1
            hearing.append(time.monotonic() - float(at))
            check()

    async def say(speaker: Say) -> None:
        nonlocal acknowledged
        at, mark = time.monotonic(), counting
        await speaker(f"{'counted' if mark else 'warm'} {at:.6f} {PADDING}")
        if mark:
            acknowledged += 1
            acknowledging.append(time.monotonic() - at)
            check()

    speakers = itertools.cycle(await KINDS[kind](hear, pairs, addresses))
    running: set[asyncio.Task[None]] = set()
    begin = time.monotonic()
    total = 0
    while (now := time.monotonic()) < begin + WARM_SECONDS + seconds:
        counting = now >= begin + WARM_SECONDS
        while total < (now - begin) * rate:
            task = asyncio.create_task(say(next(speakers)))
            running.add(task)
            task.add_done_callback(running.discard)
            total += 1
            sent += counting
        await asyncio.sleep(0.001)
    over = True
    check()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(complete.wait(), PATIENCE_SECONDS)
    print(
        json.dumps(
            {
                **{"rate": rate, "sent": sent, "acknowledged": acknowledged, "heard": heard},
                "acknowledged_ms": shares(acknowledging),
                "heard_ms": shares(hearing),
            }
        ),
        flush=True,
    )


def shares(times: list[float]) -> dict[str, float]:
    """The median and the 99th percentile in ms; nothing of nothing."""
    ordered = sorted(times)
    if not ordered:
        return {}
    return {
        f"p{share}": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 2)
        for share in (50, 99)
    }


if __name__ == "__main__":
    name, pairs, rate, seconds, *addresses = sys.argv[1:]
    asyncio.run(talk(name, int(pairs), float(rate), float(seconds), addresses))
    # Nobody takes leave: some clients would complain of each connection.
    os._exit(0)
