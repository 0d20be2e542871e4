"""One who sends as much as the wire takes is refused, and the others go on."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

from im.client import Client
from im.protocol.server import Message
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.sockets import open_bare
from tests.cluster.wait import until
from tests.services.node import NodeFactory

FRAMES = 30_000
AT_ONCE = 500
BURST = 200
PER_SECOND = 50


def frame(number: int, to: int) -> bytes:
    """A message, masked with zeros."""
    text = json.dumps({"op": "send", "id": number, "to": f"u:{to}", "text": f"flood {number}"})
    return b"\x81" + bytes((0x80 | len(text),)) + b"\0\0\0\0" + text.encode()


MARKS = {
    "ok": b'"op":"ok"',
    "rate_limited": b'"code":"rate_limited"',
    "unavailable": b'"code":"unavailable"',
}
"""What the answers have; the last is for who comes in time to a node that is behind."""
LONGEST = max(map(len, MARKS.values()))


def test_a_client_that_floods_is_refused_frame_by_frame_and_the_others_go_on(
    node: NodeFactory, tmp_path: Path
) -> None:
    limits = {
        "IM_LIMITS_FRAMES_BURST": str(BURST),
        "IM_LIMITS_FRAMES_PER_SECOND": str(PER_SECOND),
    }
    url = f"sqlite:///{tmp_path / 'im.db'}"
    one_node = node(env={"IM_DATABASE_URL": url, **SETTINGS, **limits})

    async def run() -> None:
        people = [await Client.register([one_node.url], name, PASSWORD) for name in ("a", "b", "c")]
        one, other, third = people
        heard: list[str] = []
        answers: Counter[str] = Counter()
        longest = 0.0
        async with one, other:
            flood = await open_bare(one_node.url, third.token, buffer=65536)
            began = time.monotonic()

            async def send() -> None:
                loop = asyncio.get_running_loop()
                for start in range(0, FRAMES, AT_ONCE):
                    numbers = range(start, start + AT_ONCE)
                    data = b"".join(frame(number, one.user.id) for number in numbers)
                    await loop.sock_sendall(flood, data)

            async def read() -> None:
                loop, tail = asyncio.get_running_loop(), b""
                while answers.total() < FRAMES:
                    came = await loop.sock_recv(flood, 65536)
                    assert came, "the node hung up"
                    for name, mark in MARKS.items():
                        # What is cut in two is counted with its second half, and only there.
                        answers[name] += (tail[-len(mark) + 1 :] + came).count(mark)
                    tail = (tail + came)[-LONGEST:]

            async def hear() -> None:
                async for entry in other.entries():
                    if isinstance(entry, Message):
                        heard.append(entry.text)

            hearing = asyncio.create_task(hear())
            flooding = asyncio.gather(send(), read())
            said: list[str] = []
            while not flooding.done():
                said.append(f"calm {len(said)}")
                sent = time.monotonic()
                await one.send(f"u:{other.user.id}", said[-1])
                longest = max(longest, time.monotonic() - sent)
                await asyncio.sleep(0.05)
            await flooding
            took = time.monotonic() - began
            await until(lambda: len(heard) >= len(said), what="all that was said")
            hearing.cancel()
            flood.close()
            assert heard == said
            assert all(client.connections == 1 for client in (one, other))
        print(
            f"{FRAMES:,} frames in {took:.1f} s: {answers['ok']} stored,"
            f" {answers['rate_limited']:,} refused; {len(said)} messages of others"
            f" meanwhile, the slowest after {longest * 1000:.0f} ms"
        )
        assert answers.total() == FRAMES, "each is answered"
        assert answers["ok"] <= BURST + PER_SECOND * (took + 1)
        assert answers["ok"] + answers["unavailable"] >= BURST / 2

    asyncio.run(run())
