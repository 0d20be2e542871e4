"""Network namespaces on one bridge, each with its own address, as hosts on a LAN (root, Linux).

Names carry the process id, so that runs beside each other don't meet; everything is removed even
when a test fails.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

needs_namespaces = pytest.mark.skipif(
    sys.platform != "linux"
    or os.geteuid() != 0
    or shutil.which("ip") is None
    or shutil.which("nft") is None,
    reason="network namespaces need root on Linux",
)


def run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    return done.stdout


@dataclass
class Host:
    """A namespace: ``command`` runs a program in it."""

    name: str
    address: str

    def command(self, *program: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *program]

    def drop(self, percent: int) -> None:
        """Drop so many percent of all UDP that comes in, unicast as well."""
        run(*self.command("nft", "flush", "chain", "ip", "f", "in"))
        if percent:
            rule = f"ip protocol udp numgen random mod 100 < {percent} drop"
            run(*self.command("nft", "add", "rule", "ip", "f", "in", *rule.split()))


@contextlib.contextmanager
def lan(size: int) -> Iterator[list[Host]]:
    """``size`` hosts with the addresses 10.77.0.1 and so on."""
    bridge = f"rb{os.getpid()}"
    hosts = [Host(f"rn{os.getpid()}-{n}", f"10.77.0.{n}") for n in range(1, size + 1)]
    try:
        # The bridge has a namespace of its own, so that two runs may use the same addresses.
        run("ip", "netns", "add", bridge)
        run("ip", "-n", bridge, "link", "add", "lan0", "type", "bridge")
        run("ip", "-n", bridge, "link", "set", "lan0", "up")
        for number, host in enumerate(hosts, 1):
            run("ip", "netns", "add", host.name)
            run(*f"ip -n {host.name} link add eth0 type veth peer p{number} netns {bridge}".split())
            run(*f"ip -n {bridge} link set p{number} master lan0 up".split())
            run(*f"ip -n {host.name} addr add {host.address}/24 brd + dev eth0".split())
            run("ip", "-n", host.name, "link", "set", "eth0", "up")
            run("ip", "-n", host.name, "link", "set", "lo", "up")
            run(*host.command("nft", "add", "table", "ip", "f"))
            chain = "{ type filter hook input priority 0 ; }"
            run(*host.command("nft", "add", "chain", "ip", "f", "in", chain))
        yield hosts
    finally:
        for name in [*(host.name for host in hosts), bridge]:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
