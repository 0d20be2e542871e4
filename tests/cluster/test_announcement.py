"""Phones and computers on the LAN find the server by themselves, and no longer once it is gone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.netns import Namespace, Network
from tests.services.node import NodeFactory
from tests.services.process import wait_until

BROWSE = """
import asyncio, json, sys
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

async def main(address, seconds):
    found, here = {}, AsyncZeroconf(interfaces=[address])
    def changed(zeroconf, service_type, name, state_change):
        if state_change is ServiceStateChange.Removed:
            found.pop(name, None)
        else:
            found[name] = service_type
    types = ["_http._tcp.local.", "_https._tcp.local."]
    browser = AsyncServiceBrowser(here.zeroconf, types, handlers=[changed])
    await asyncio.sleep(float(seconds))
    shown = []
    for name, type_ in sorted(found.items()):
        info = AsyncServiceInfo(type_, name)
        if await info.async_request(here.zeroconf, 1000):
            path = (info.properties.get(b"path") or b"").decode()
            shown.append([name, info.server, info.port, info.parsed_addresses(), path])
    print(json.dumps(shown))
    await browser.async_cancel()
    await here.async_close()

asyncio.run(main(*sys.argv[1:]))
"""


def listed(machine: Namespace, seconds: float = 1.5) -> list[Any]:
    """What a program on a machine of the network finds by mDNS within some seconds."""
    command = [*machine.prefix, sys.executable, "-c", BROWSE, machine.address, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(90)
def test_the_lan_is_told_where_the_pages_are_and_when_they_are_gone(
    node: NodeFactory, netns: Callable[[int], Network]
) -> None:
    network = netns(3)
    one, two, guest = network.machines
    env = {"IM_RELAY_BUS": "none", "IM_TLS_NAMES": "chat.local"}
    first = node(env=env | {"IM_NODE_NAME": "office"}, namespace=one)
    wait_until(
        lambda: "announced on the LAN as chat.local" in first.log, timeout=20, what="the first"
    )
    names = ("office._http._tcp.local.", "office._https._tcp.local.")
    assert listed(guest) == [
        [name, "chat.local.", first.port, [one.address], "/"] for name in names
    ]
    # Another one of the same names is listed beside it under names of its own.
    second = node(env=env | {"IM_NODE_NAME": "office"}, namespace=two)
    wait_until(
        lambda: "announced on the LAN as chat-2.local" in second.log, timeout=30, what="the second"
    )
    assert "chat.local is another machine's name" in second.log
    found = {name: (server, address) for name, server, _, (address,), _ in listed(guest)}
    assert found["office._http._tcp.local."] == ("chat.local.", one.address)
    assert found["office-2._http._tcp.local."] == ("chat-2.local.", two.address)
    first.terminate()
    assert {name for name, *_ in listed(guest)} == {
        "office-2._http._tcp.local.",
        "office-2._https._tcp.local.",
    }


@pytest.mark.timeout(60)
def test_nothing_is_announced_where_it_is_not_wanted(
    node: NodeFactory, netns: Callable[[int], Network]
) -> None:
    network = netns(2)
    machine, guest = network.machines
    env = {"IM_RELAY_BUS": "none", "IM_HTTP_ANNOUNCE": "false"}
    quiet = node(env=env, namespace=machine)
    loopback = node(env={"IM_RELAY_BUS": "none"})
    assert listed(guest) == []
    assert "announced" not in quiet.log + loopback.log


@pytest.mark.timeout(60)
def test_a_server_that_cannot_announce_works_all_the_same(
    node: NodeFactory, netns: Callable[[int], Network]
) -> None:
    network = netns(2)
    machine, guest = network.machines
    # Whoever holds the port for itself alone leaves none to others.
    holder = subprocess.Popen(
        [
            *machine.prefix,
            *(sys.executable, "-c"),
            "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
            "s.bind(('', 5353)); print('held', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        started = node(env={"IM_RELAY_BUS": "none"}, namespace=machine)
        warning = "the LAN is not told of this server (mDNS)"
        wait_until(lambda: warning in started.log, timeout=20, what="the warning")
        ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=9).status)"
        address = f"{started.url}/healthz"
        assert guest.run(sys.executable, "-c", ask, address).strip() == "200"
    finally:
        holder.kill()
        holder.communicate()
