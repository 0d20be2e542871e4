"""How soon the relay notices a death, heals after a partition, and what its hellos cost.

python -m bench.relay_life
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.relay_hosts import HOME, drop
from relay.keyring import Keyring
from relay.udp import UdpBus, UdpSettings
from tests.relay.namespaces import Host, lan

CROWD = 54
"""Processes of one host: what a million connections take at 20,000 descriptors each."""
WATCHED = 10.0
"""Seconds over which the crowd's CPU time is taken."""
PARTITION = 10.0
WORDS = json.dumps({"kind": "multicast", "port": 3000, "interface": "eth0"})


@contextlib.contextmanager
def speakers(hosts: list[Host]) -> Iterator[list[subprocess.Popen[str]]]:
    """A node on each host that prints what happens."""
    started: list[subprocess.Popen[str]] = []
    try:
        for number, host in enumerate(hosts):
            command = [sys.executable, "-m", "tests.relay.speaker", WORDS, f"n{number}"]
            started.append(
                subprocess.Popen(
                    host.command(*command),
                    cwd=HOME,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate(timeout=10)


def wait_for(process: subprocess.Popen[str], *words: str) -> None:
    """Read until the node says this."""
    assert process.stdout is not None
    for line in iter(process.stdout.readline, ""):
        if json.loads(line)[: len(words)] == list(words):
            return
    raise RuntimeError(f"a node ended before it said {words}")


def notice_a_kill() -> float:
    """Seconds from ``kill -9`` to ``down``."""
    with lan(2) as hosts, speakers(hosts) as (one, other):
        wait_for(one, "up", "n1")
        wait_for(other, "up", "n0")
        time.sleep(1)
        other.kill()
        began = time.monotonic()
        wait_for(one, "down", "n1")
        return time.monotonic() - began


def heal_a_partition() -> float:
    """Seconds from the end of a partition to the first payload that is delivered again."""
    with lan(2) as hosts, speakers(hosts) as (one, other):
        wait_for(one, "up", "n1")
        wait_for(other, "up", "n0")
        for host in hosts:
            drop(host, 100)
        wait_for(one, "down", "n1")
        wait_for(other, "down", "n0")
        time.sleep(PARTITION - 5)
        for host in hosts:
            drop(host, 0)
        began = time.monotonic()
        wait_for(one, "up", "n1")
        wait_for(other, "up", "n0")
        assert other.stdin is not None
        other.stdin.write("1 150\n")
        other.stdin.flush()
        wait_for(one, "deliver", "n1")
        return time.monotonic() - began


class _Silent:
    """A listener that notes when all are up."""

    def __init__(self, wanted: int) -> None:
        self._missing = wanted
        self.complete = asyncio.Event()

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        pass

    def up(self, node: str) -> None:
        self._missing -= 1
        if not self._missing:
            self.complete.set()

    def down(self, node: str) -> None:
        self._missing += 1

    def gap(self, node: str) -> None:
        pass


def _join(number: int, port: int, pipe: multiprocessing.connection.Connection) -> None:
    async def run() -> None:
        key = hashlib.sha256(b"bench").digest()
        ring = Keyring(key[:8], {1: key}, 1)
        bus = UdpBus(UdpSettings(interface="lo", port=port), ring, f"n{number}")
        loop = asyncio.get_running_loop()
        listener = _Silent(CROWD - 1)
        await loop.run_in_executor(None, pipe.recv)
        began = time.monotonic()
        await bus.start(listener)
        await listener.complete.wait()
        pipe.send((began, time.monotonic()))
        await loop.run_in_executor(None, pipe.recv)
        before = time.process_time()
        await loop.run_in_executor(None, pipe.recv)
        pipe.send((time.process_time() - before, bus.statistics()["kernel_drops"]))
        await loop.run_in_executor(None, pipe.recv)
        os._exit(0)  # no goodbyes: the next measurement has another port

    asyncio.run(run())


def gather_a_crowd(port: int = 3700) -> dict[str, float]:
    """54 nodes of one host: seconds from the last one's start to the full mesh; cores of hellos."""
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    try:
        for number in range(CROWD):
            ours, theirs = context.Pipe()
            process = context.Process(target=_join, args=(number, port, theirs), daemon=True)
            process.start()
            pipes.append(ours)
            processes.append(process)
        for pipe in pipes:
            pipe.send("begin")
        times = [pipe.recv() for pipe in pipes]
        mesh = max(complete for _, complete in times) - max(began for began, _ in times)
        time.sleep(4)  # until none is new any more
        _tell(pipes)
        time.sleep(WATCHED)
        _tell(pipes)
        found = [pipe.recv() for pipe in pipes]
        _tell(pipes)
        return {
            "mesh_seconds": mesh,
            "hello_cores": sum(used for used, _ in found) / WATCHED,
            "kernel_drops": sum(drops for _, drops in found),
        }
    finally:
        for process in processes:
            process.join(2)
            process.kill()


def measure() -> dict[str, Any]:
    """All of it, printed."""
    figures: dict[str, Any] = {}
    for name, title, taken in _MEASUREMENTS:
        figures[name] = taken()
        print(f"{title}: {_shown(figures[name])}", flush=True)
    return figures


_MEASUREMENTS: tuple[tuple[str, str, Callable[[], Any]], ...] = (
    ("kill_seconds", "a kill -9 is noticed after", notice_a_kill),
    ("heal_seconds", f"after a partition of {PARTITION:.0f} s, payloads arrive again after",
     heal_a_partition),
    ("crowd", f"{CROWD} processes on one host", gather_a_crowd),
)  # fmt: skip


def _shown(figure: Any) -> str:
    if isinstance(figure, dict):
        return ", ".join(f"{name} {value:.2f}" for name, value in figure.items())
    return f"{figure:.2f} s"


def _tell(pipes: list[multiprocessing.connection.Connection]) -> None:
    for pipe in pipes:
        pipe.send("go on")


if __name__ == "__main__":
    measure()
