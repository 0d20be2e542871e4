"""A node as a process: ``python -m tests.relay.speaker '{"kind": …}' NAME``.

Prints each thing that happens as a JSON list in a line. Each line of input is ``COUNT SIZE``:
publish so many numbered ordered payloads of so many bytes. It ends at the end of the input.
"""

from __future__ import annotations

import asyncio
import json
import sys

from tests.relay.buses import make_bus


class Speaker:
    """Prints what it is told."""

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        self._say("deliver", node, payload.rstrip().decode())

    def up(self, node: str) -> None:
        self._say("up", node)

    def down(self, node: str) -> None:
        self._say("down", node)

    def gap(self, node: str) -> None:
        self._say("gap", node)

    def _say(self, *words: str) -> None:
        print(json.dumps(words), flush=True)


async def main(words: str, name: str) -> None:
    bus = make_bus(json.loads(words), name)
    await bus.start(Speaker())
    loop = asyncio.get_running_loop()
    number = 0
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        count, size = map(int, line.split())
        for _ in range(count):
            number += 1
            bus.publish("t", str(number).encode().ljust(size), ordered=True)
    await bus.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
