"""The tests' LAN."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.services.netns import Namespace, Network, _namespaces, sweep_networks
from tests.services.process import wait_until

ROOT = Path(__file__).resolve().parents[2]

COUNT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
s.bind(("", 3000))
group = socket.inet_aton("239.192.77.1") + socket.inet_aton(sys.argv[1])
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print("ready", flush=True)
sys.stdin.readline()
s.setblocking(False)
count = 0
try:
    while s.recv(100):
        count += 1
except BlockingIOError:
    print(count)
"""

SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for _ in range(int(sys.argv[2])):
    s.sendto(b"x", (sys.argv[1], 3000))
"""


def received(sender: Namespace, receiver: Namespace, to: str, sent: int) -> int:
    """How many of ``sent`` datagrams from one machine to an address another one hears."""
    command = [*receiver.prefix, sys.executable, "-c", COUNT, receiver.address]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as counter:
        assert counter.stdout
        assert counter.stdout.readline() == "ready\n"
        sender.run(sys.executable, "-c", SEND, to, str(sent))
        return int(counter.communicate("now\n", timeout=20)[0])


def test_the_machines_hear_unicast_multicast_and_broadcast(
    netns: Callable[[int], Network],
) -> None:
    a, b = netns(2).machines
    for address in (b.address, "239.192.77.1", b.address.rpartition(".")[0] + ".255"):
        assert received(a, b, address, 20) == 20


def test_the_link_of_this_machine_gets_no_address_later(
    netns: Callable[[int], Network],
) -> None:
    network = netns(1)
    link = f"imt{network.number:03d}h"
    ipv6 = Path(f"/proc/sys/net/ipv6/conf/{link}/disable_ipv6")
    assert not ipv6.exists() or ipv6.read_text().strip() == "1"
    command = ["ip", "-o", "addr", "show", "dev", link]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert [line.split()[3] for line in shown.splitlines()] == [f"{network.host_address}/24"]


def test_a_machine_loses_the_share_that_it_shall(netns: Callable[[int], Network]) -> None:
    network = netns(2)
    a, b = network.machines
    b.drop(50)
    # 400 draws of one half: outside 140 to 260 once in 10**8 runs.
    assert 140 < received(a, b, b.address, 400) < 260
    assert 140 < received(a, b, "239.192.77.1", 400) < 260
    b.drop(100)
    assert received(a, b, b.address, 20) == 0
    network.heal()
    assert received(a, b, b.address, 20) == 20


def test_a_partition_parts_its_groups_and_heals(netns: Callable[[int], Network]) -> None:
    network = netns(3)
    a, b, c = network.machines
    network.partition([a, b], [c])
    assert received(a, b, "239.192.77.1", 20) == 20
    assert received(a, c, "239.192.77.1", 20) == 0
    assert received(c, a, a.address, 20) == 0
    network.heal()
    assert received(a, c, "239.192.77.1", 20) == 20


def test_a_link_may_be_deaf_one_way(netns: Callable[[int], Network]) -> None:
    a, b = netns(2).machines
    a.block([b])
    assert received(a, b, b.address, 20) == 20
    assert received(b, a, a.address, 20) == 0
    a.unblock()
    assert received(b, a, a.address, 20) == 20


def test_an_unplugged_machine_hears_nothing_until_it_is_plugged_in(
    netns: Callable[[int], Network],
) -> None:
    a, b = netns(2).machines
    b.unplug()
    assert received(a, b, b.address, 5) == 0
    b.plug()
    assert "default via" in b.run("ip", "route")
    assert received(a, b, "239.192.77.1", 5) == 5


CONNECT = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
s.sendall(b"over the bridge")
s.shutdown(socket.SHUT_WR)
print(s.recv(100).decode())
"""


def test_a_machine_reaches_a_server_of_the_test_by_a_forwarder(
    netns: Callable[[int], Network],
) -> None:
    network = netns(1)
    machine = network.machines[0]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

        thread = threading.Thread(target=echo)
        thread.start()
        port = server.getsockname()[1]
        forwarder = network.forward(port)
        said = machine.run(sys.executable, "-c", CONNECT, forwarder.address, str(port))
        assert said == "OVER THE BRIDGE\n"
        thread.join()
        forwarder.kill9()
        with_failure = subprocess.run(
            [*machine.prefix, sys.executable, "-c", CONNECT, forwarder.address, str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ConnectionRefusedError" in with_failure.stderr


def pids(machine: Namespace) -> list[str]:
    """Ids of the processes in a namespace."""
    command = ["ip", "netns", "pids", machine.name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_closing_a_network_kills_what_runs_in_it(netns: Callable[[int], Network]) -> None:
    network = netns(1)
    machine = network.machines[0]
    child = subprocess.Popen([*machine.prefix, "sleep", "600"])
    wait_until(lambda: pids(machine) == [str(child.pid)], what="the child in its namespace")
    network.close()
    assert child.wait(timeout=30) == -signal.SIGKILL
    assert machine.name not in _namespaces()


def test_a_sweep_removes_the_network_of_a_killed_run_only(
    netns: Callable[[int], Network],
) -> None:
    living = netns(1)
    code = (
        "import sys; from tests.services.netns import Network\n"
        "print(Network(1).machines[0].name, flush=True); sys.stdin.read()"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert run.stdout
    dead = run.stdout.readline().strip()
    assert dead in _namespaces()
    run.kill()
    run.communicate()
    sweep_networks()
    assert dead not in _namespaces()
    assert living.machines[0].name in _namespaces()
