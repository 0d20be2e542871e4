"""Hosts for the measurements of the relay, the servers that rivals need, and a pair of peers."""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.relay.namespaces import Host, lan, run

HOME = Path(__file__).resolve().parent.parent
SERVERS = {
    "redis": (6390, "redis-server --port 6390 --bind {address} --protected-mode no --save ''"),
    "nats": (4290, "nats-server --port 4290 --addr {address}"),
}
NORM_BITS = 300e6
"""What NORM may send a second; its own congestion control would give up at the first loss."""

Words = dict[str, Any]


def drop(host: Host, percent: int) -> None:
    """Lose so many percent of all UDP and TCP that comes in."""
    run(*host.command("nft", "flush", "chain", "ip", "f", "in"))
    if percent:
        share = f"numgen random mod 100 < {percent} " if percent < 100 else ""
        rule = f"meta l4proto {{ tcp, udp }} {share}drop"
        run(*host.command("nft", "add", "rule", "ip", "f", "in", *rule.split()))


@contextlib.contextmanager
def hosts_and_servers(carrier: str) -> Iterator[tuple[list[Host], Words]]:
    """Two hosts; the server of a rival that needs one runs on the first."""
    words: Words = {"interface": "eth0", "norm_bits": NORM_BITS}
    with lan(2) as hosts, contextlib.ExitStack() as stack:
        if carrier in SERVERS:
            port, command = SERVERS[carrier]
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            program = command.format(address=hosts[0].address).replace(" ''", " ").split(" ")
            server = subprocess.Popen(
                hosts[0].command(*_die_with_parent(), *program),
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(_end, server)
            time.sleep(0.5)
            words |= {"server": hosts[0].address, "server_port": port}
        yield hosts, words


def start_peer(host: Host, words: Words) -> subprocess.Popen[str]:
    """A ``relay_peer`` on a host."""
    return subprocess.Popen(
        host.command(
            *_die_with_parent(), sys.executable, "-m", "bench.relay_peer", json.dumps(words)
        ),
        cwd=HOME,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_pair(
    hosts: list[Host], words: Words, disturb: Callable[[], object]
) -> tuple[Words, Words, int]:
    """Figures of the sender and the receiver, and bytes on the wire in both directions.

    ``disturb`` is called when both are connected and before anything is sent.
    """
    peers = [
        start_peer(host, {**words, "role": role})
        for host, role in zip(hosts, ("send", "receive"), strict=True)
    ]
    try:
        for peer in peers:
            read(peer, 40)
        disturb()
        before = sum(wire_bytes(host) for host in hosts)
        for peer in reversed(peers):
            tell(peer)
        received = read(peers[1], words["seconds"] + 60)
        wire = sum(wire_bytes(host) for host in hosts) - before
        sent = read(peers[0], 20)
        return sent, received, wire
    finally:
        for peer in peers:
            _end(peer)


def tell(peer: subprocess.Popen[str], line: str = "") -> None:
    """A line for the peer's input."""
    if peer.stdin is not None:
        peer.stdin.write(line + "\n")
        peer.stdin.flush()


def read(peer: subprocess.Popen[str], timeout: float) -> Words:
    """The next JSON line of the peer. Raises ``TimeoutError``."""
    if peer.stdout is None or not select.select([peer.stdout], [], [], timeout)[0]:
        raise TimeoutError("a peer says nothing")
    line = peer.stdout.readline()
    if not line:
        raise TimeoutError(f"a peer ended with {peer.wait(5)}")
    answer: Words = json.loads(line)
    return answer


def wire_bytes(host: Host) -> int:
    """Bytes that the host has sent, with all headers of Ethernet and IP."""
    shown = run("ip", "-n", host.name, "-s", "-j", "link", "show", "eth0")
    count: int = json.loads(shown)[0]["stats64"]["tx"]["bytes"]
    return count


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.communicate(timeout=10)


def _die_with_parent() -> list[str]:
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
