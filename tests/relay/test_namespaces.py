"""Hosts of their own on one LAN: every mode, with loss on input in every one of them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.relay.namespaces import Host, lan, needs_namespaces, run
from tests.source import ROOT

pytestmark = needs_namespaces
COUNT = 2000


class Talker:
    """A node in a namespace; killed at the end of the test if it is still there."""

    def __init__(self, host: Host, name: str, *arguments: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            host.command(sys.executable, "-m", "tests.relay.talker", name, *arguments),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended with {self.process.wait(5)}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def talkers(hosts: list[Host], mode: str, interface: str, until: str) -> Iterator[list[Talker]]:
    started: list[Talker] = []
    arguments = [mode, "3000", interface, str(len(hosts) - 1), str(COUNT), until]
    try:
        for number, host in enumerate(hosts):
            started.append(Talker(host, f"n{number}", *arguments))
        yield started
    finally:
        for talker in started:
            talker.process.kill()
            talker.process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("mode", "interface", "loss"),
    [("multicast", "eth0", 20), ("broadcast", "eth0", 5), ("multicast", "eth0", 50)],
)
def test_whatever_is_lost_on_a_lan_is_repaired_or_followed_by_a_gap(
    mode: str, interface: str, loss: int
) -> None:
    with lan(3) as hosts, talkers(hosts, mode, interface, "told") as nodes:
        for node in nodes:
            assert len(node.read()["up"]) == 2
        for host in hosts:
            host.drop(loss)
        for node in nodes:
            node.say()
        time.sleep(2 if loss < 50 else 4)  # a gap is due 3 s after its loss
        for host in hosts:
            host.drop(0)
        time.sleep(0.5)
        for node in nodes:
            node.say()
        for node in nodes:
            said = node.read()
            assert set(said["heard"]) == {other.name for other in nodes} - {node.name}
            gaps = {call[1] for call in said["calls"] if call[0] == "gap"}
            for other, numbers in said["heard"].items():
                assert len(set(numbers)) == len(numbers), "delivered twice"
                ordered = [number for number in numbers if number % 2 == 0]
                assert ordered == sorted(ordered), "out of order"
                if len(numbers) < COUNT:
                    assert other in gaps, f"{COUNT - len(numbers)} lost without a gap"
            if loss < 50:
                assert not gaps, "the relay itself repairs this"
            assert said["statistics"]["send_errors"] == 0


def test_a_node_follows_its_interface_to_another_address() -> None:
    with lan(2) as hosts, contextlib.ExitStack() as stack:
        for host in hosts:
            run(*host.command("ip", "route", "replace", "224.0.0.0/4", "dev", "eth0"))
        nodes = stack.enter_context(talkers(hosts, "multicast", "", "all"))
        for node in nodes:
            node.read()
        run(*hosts[0].command("ip", "addr", "del", "10.77.0.1/24", "dev", "eth0"))
        run(*hosts[0].command("ip", "addr", "add", "10.77.0.9/24", "brd", "+", "dev", "eth0"))
        run(*hosts[0].command("ip", "route", "replace", "224.0.0.0/4", "dev", "eth0"))
        time.sleep(2.5)  # it looks every 2 s
        for node in nodes:
            node.say()
        for node in nodes:
            said = node.read()
            assert [len(set(numbers)) for numbers in said["heard"].values()] == [COUNT]
            assert ["down", "n0"] not in said["calls"] and ["down", "n1"] not in said["calls"]


@pytest.mark.parametrize("loss", [0, 20])
def test_hosts_without_ipv4_find_each_other_by_ipv6(loss: int) -> None:
    with lan(2) as hosts, contextlib.ExitStack() as stack:
        for host in hosts:
            run(*host.command("ip", "-4", "addr", "flush", "dev", "eth0"))
        for host in hosts:
            deadline = time.monotonic() + 10
            while "tentative" in run(*host.command("ip", "-6", "addr", "show", "dev", "eth0")):
                assert time.monotonic() < deadline, "the address is never ready"
                time.sleep(0.05)
            if loss:
                drop_ipv6(host, loss)
        nodes = stack.enter_context(talkers(hosts, "multicast", "", "all"))
        for node in nodes:
            assert node.read()["address"].startswith("[fe80::")
        for node in nodes:
            node.say()
        for node in nodes:
            said = node.read()
            assert [len(set(numbers)) for numbers in said["heard"].values()] == [COUNT]
            assert said["statistics"]["send_errors"] == 0


def drop_ipv6(host: Host, percent: int) -> None:
    """Drop so many percent of all UDP over IPv6 that comes in."""
    run(*host.command("nft", "add", "table", "ip6", "g"))
    chain = "{ type filter hook input priority 0 ; }"
    run(*host.command("nft", "add", "chain", "ip6", "g", "in", chain))
    rule = f"meta l4proto udp numgen random mod 100 < {percent} drop"
    run(*host.command("nft", "add", "rule", "ip6", "g", "in", *rule.split()))
