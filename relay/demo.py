"""Try the relay: ``python -m relay.demo NAME`` in two terminals, then type lines.

The key is made from ``--secret``, so that this needs no database.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys

from relay.bus import BusError
from relay.keyring import Keyring
from relay.udp import UdpBus, UdpSettings


class Printer:
    """Prints what happens on the bus."""

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        """A line that someone typed."""
        print(f"{node}: {payload.decode(errors='replace')}", flush=True)

    def up(self, node: str) -> None:
        """A node came."""
        print(f"* {node} is up", flush=True)

    def down(self, node: str) -> None:
        """A node left."""
        print(f"* {node} is down", flush=True)

    def gap(self, node: str) -> None:
        """Something may be missing."""
        print(f"* something of {node} may be missing", flush=True)


async def main() -> None:
    """Publish each line of the standard input until it ends."""
    parser = argparse.ArgumentParser(prog="python -m relay.demo", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--mode", choices=("multicast", "broadcast", "peers"), default="multicast")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--interface", default="", help="a name; default: chosen by the route")
    parser.add_argument("--peer", action="append", default=[], help="host[:port], in mode peers")
    parser.add_argument("--secret", default="demo")
    options = parser.parse_args()
    key = hashlib.sha256(options.secret.encode()).digest()
    settings = UdpSettings(
        mode=options.mode,
        port=options.port,
        interface=options.interface,
        peers=tuple(options.peer),
    )
    bus = UdpBus(settings, Keyring(key[:8], {1: key}, 1), options.name)
    await bus.start(Printer())
    try:
        await bus.ready()
        heard = ", ".join(bus.members()) or "nobody yet"
        print(f"* {options.name} at {bus.address} hears {heard}", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            bus.publish("line", line.rstrip("\n").encode(), ordered=True)
    finally:
        await bus.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BusError as error:
        sys.exit(f"relay: {error}")
    except KeyboardInterrupt:
        pass
