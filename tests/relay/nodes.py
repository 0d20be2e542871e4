"""What the relay's socket tests share: a listener that remembers, free ports, started nodes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

from relay.keyring import Keyring
from relay.udp import UdpBus, UdpSettings

CLUSTER = b"testtest"
KEY = b"k" * 32


def keyring() -> Keyring:
    return Keyring(CLUSTER, {1: KEY}, 1)


class Recorder:
    """A listener that remembers what it was told, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.payloads: list[tuple[str, str, bytes]] = []
        self.changed = asyncio.Event()

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        self.payloads.append((node, topic, payload))
        self.changed.set()

    def up(self, node: str) -> None:
        self._note("up", node)

    def down(self, node: str) -> None:
        self._note("down", node)

    def gap(self, node: str) -> None:
        self._note("gap", node)

    def _note(self, *call: str) -> None:
        self.calls.append(call)
        self.changed.set()

    async def until(self, condition: Callable[[], bool], within: float = 30.0) -> None:
        """Wait until ``condition`` holds; checked whenever something happens."""
        async with asyncio.timeout(within):
            while not condition():
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.05)


def free_port() -> int:
    """A port that is free for UDP, as are those after it, most likely."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return min(port, 65000)


@contextlib.asynccontextmanager
async def node(
    name: str, settings: UdpSettings, ring: Keyring | None = None
) -> AsyncIterator[tuple[UdpBus, Recorder]]:
    """A started bus with its recorder; closed at the end."""
    recorder = Recorder()
    bus = UdpBus(settings, ring or keyring(), name)
    await bus.start(recorder)
    try:
        yield bus, recorder
    finally:
        await bus.close()
