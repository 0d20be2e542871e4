"""A node as a process of its own, for tests: ``python -m tests.relay.talker NAME MODE PORT …``.

Prints one JSON line when it is up with so many others, on a line of input publishes so many
numbered payloads, and prints what it heard: once it has heard ``all`` or after another line.
"""

from __future__ import annotations

import asyncio
import json
import sys

from relay.udp import UdpBus, UdpSettings
from tests.relay.nodes import Recorder, keyring


async def main(
    name: str, mode: str, port: str, interface: str, others: str, count: str, until: str
) -> None:
    recorder = Recorder()
    settings = UdpSettings(mode=mode, port=int(port), interface=interface)  # type: ignore[arg-type]
    bus = UdpBus(settings, keyring(), name)
    await bus.start(recorder)
    await recorder.until(lambda: len(bus.members()) >= int(others), 20)
    print(json.dumps({"up": bus.members(), "address": bus.address}), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)  # begin
    first_gaps = len(recorder.calls)
    for number in range(int(count)):
        bus.publish("t", b"%s %d" % (name.encode(), number), ordered=number % 2 == 0)
        if number % 10 == 9:
            await asyncio.sleep(0.002)
    if until == "all":
        expected = int(others) * int(count)
        await recorder.until(lambda: len(recorder.payloads) >= expected, 20)
    else:
        await loop.run_in_executor(None, sys.stdin.readline)
    heard: dict[str, list[int]] = {}
    for node, _, payload in recorder.payloads:
        heard.setdefault(node, []).append(int(payload.split()[1]))
    statistics = dict(bus.statistics())
    later = recorder.calls[first_gaps:]
    print(json.dumps({"heard": heard, "calls": later, "statistics": statistics}), flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)  # the others may need it still
    await bus.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
