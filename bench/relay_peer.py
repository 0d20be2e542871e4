"""One end of a measurement, as a process: ``python -m bench.relay_peer '{"role": …}'``.

``send`` publishes for some seconds, ``receive`` counts and times what comes; each prints one JSON
object. Messages have 150 bytes: number (8), monotonic time in ns (8; the same clock in all network
namespaces of a machine), filling. What carries them is in ``relay_carriers.py``.
"""

from __future__ import annotations

import asyncio
import json
import resource
import struct
import sys
import time
from typing import Any

from bench.relay_carriers import Carrier, open_carrier

STAMP = struct.Struct("!QQ")
SIZE = 150
FILLING = bytes(range(SIZE - STAMP.size))
TURN = 0.001
"""Seconds between two turns in which a paced sender publishes."""
BATCH = 256
"""Messages that an unpaced sender publishes in a turn."""
SILENCE = 4.0
"""Seconds without a message after which a receiver that knows the end gives up."""
END = 2**64 - 1
"""Number of the last message; its time is how many there were."""


class Counter:
    """Counts messages and keeps how old each tenth was when it came."""

    def __init__(self) -> None:
        self.count = 0
        self.expected = -1
        self.first = 0
        self.last = 0
        self.ages: list[int] = []
        self.in_order = True
        self._number = -1

    def take(self, message: bytes) -> None:
        """A message has come."""
        number, sent = STAMP.unpack_from(message)
        if number == END:
            self.expected = sent
            return
        if not number % 10:
            self.ages.append(time.monotonic_ns() - sent)
        if not self.count:
            self.first = time.monotonic_ns()
        if number < self._number:
            self.in_order = False
        self._number = number
        self.count += 1

    def figures(self, seconds: float) -> dict[str, Any]:
        """What came, and p50, p99, p999 of the ages in ms."""
        ages = sorted(self.ages) or [0]
        at = {
            name: ages[min(int(len(ages) * share), len(ages) - 1)] / 1e6
            for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
        }
        return {"received": self.count, "expected": self.expected, "seconds": seconds, **at}


async def send(carrier: Carrier, seconds: float, rate: float) -> dict[str, Any]:
    """Publish so many messages a second; rate 0: as many as are taken."""
    count = 0
    began = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        due = int((now - began) * rate) - count if rate else BATCH * carrier.has_room()
        for _ in range(due):
            carrier.publish(STAMP.pack(count, time.monotonic_ns()) + FILLING)
            count += 1
        carrier.flush()
        await carrier.turn(TURN if rate or not due else 0)
    took = time.monotonic() - began
    carrier.publish(STAMP.pack(END, count) + FILLING)
    carrier.flush()
    return {"sent": count, "seconds": took}


async def receive(carrier: Carrier, counter: Counter, seconds: float) -> dict[str, Any]:
    """Take messages until all have come, or none has for ``SILENCE`` seconds after the end."""
    last, seen = time.monotonic(), -1
    deadline = time.monotonic() + seconds + 30
    while counter.count != counter.expected and time.monotonic() < deadline:
        await carrier.turn(0.005)
        if counter.count != seen:
            last, seen = time.monotonic(), counter.count
        elif time.monotonic() > last + seconds + SILENCE:
            break
    return counter.figures(last - counter.first / 1e9 if counter.count else 0.0)


async def main(words: dict[str, Any]) -> None:
    counter = Counter()
    carrier = open_carrier(words, counter.take)
    await carrier.start()
    print(json.dumps({"ready": True}), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    before = time.process_time()
    if words["role"] == "send":
        figures = await send(carrier, words["seconds"], words["rate"])
    else:
        figures = await receive(carrier, counter, words["seconds"])
    figures["cpu"] = time.process_time() - before
    figures["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures |= carrier.statistics()
    print(json.dumps(figures), flush=True)
    # The other end may still ask for repairs.
    waiting = loop.run_in_executor(None, sys.stdin.readline)
    while not waiting.done():
        await carrier.turn(0.005)
    await carrier.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
