"""``run.py doctor`` on two machines of a LAN: each cause is named, with what mends it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.crew import SETTINGS
from tests.im.store.harness import ready
from tests.services.netns import Namespace, Network
from tests.services.node import RUN, Node, NodeFactory
from tests.services.process import wait_until

pytestmark = pytest.mark.timeout(180)

SECONDS = "3"
NO_MULTICAST = "ip daddr 224.0.0.0/4 udp dport 1-65535 drop"

OTHER_VERSION = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
for _ in range(40):
    s.sendto(b"IR" + bytes([9]) + bytes(80), ("239.192.77.1", 3000))
    time.sleep(0.1)
"""


class Consultation:
    """A doctor that runs on a machine."""

    def __init__(
        self, machine: Namespace, folder: Path, *words: str, language: str = "en", **env: str
    ) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
        own = {
            "IM_NODE_DATA_DIR": str(folder),
            "IM_HTTP_PORT": "0",
            "IM_DATABASE_TIMEOUT_SECONDS": "1",
        }
        words = ("doctor", *words, "--seconds", SECONDS, "--language", language)
        self._process = subprocess.Popen(
            [*machine.prefix, sys.executable, str(RUN), *words],
            env={**clean, **own, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self) -> tuple[int, str]:
        """Exit status and output."""
        try:
            said, complained = self._process.communicate(timeout=30)
        finally:
            self._process.kill()
        assert "Traceback" not in complained, complained
        return self._process.returncode, said


class Answer:
    """What a doctor with ``--json`` says."""

    def __init__(self, consultation: Consultation) -> None:
        self.status, said = consultation.result()
        self._answer: dict[str, Any] = json.loads(said)
        self.findings = {finding["code"]: finding for finding in self._answer["findings"]}
        self.problems = {
            code for code, finding in self.findings.items() if finding["severity"] == "problem"
        }
        self.machines = {machine["host"]: machine for machine in self._answer["machines"]}
        assert self.status == bool(self.problems)

    def commands(self, code: str) -> str:
        """What mends it, joined."""
        return "\n".join(self.findings[code]["commands"])


@pytest.fixture
def lan(netns: Callable[[int], Network]) -> Network:
    """Two machines."""
    return netns(2)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A data folder with a database on which a cluster has begun."""

    async def begin() -> None:
        async with ready(f"sqlite:///{tmp_path / 'shared' / 'im.db'}"):
            pass

    (tmp_path / "shared").mkdir()
    asyncio.run(begin())
    return tmp_path / "shared"


def both(lan: Network, one: Path, other: Path, *words: str) -> tuple[Answer, Answer]:
    """Doctors on both machines at the same time."""
    here, there = lan.machines
    first, second = Consultation(here, one, "--json", *words), Consultation(there, other, "--json")
    return Answer(first), Answer(second)


def started(node: NodeFactory, lan: Network, shared: Path, *machines: int) -> list[Node]:
    """A node on each of these machines, with the same database."""
    env = {"IM_DATABASE_URL": f"sqlite:///{shared / 'im.db'}", "IM_RELAY_PORT": "3000", **SETTINGS}
    nodes = [node(env=env, namespace=lan.machines[number], wait=False) for number in machines]
    for one in nodes:
        one.wait_ready()
    return nodes


def test_two_machines_where_all_is_well(node: NodeFactory, lan: Network, shared: Path) -> None:
    here, there = started(node, lan, shared, 0, 1)
    wait_until(lambda: "is up" in here.log and "is up" in there.log, what="the other")
    ups = here.log.count("is up"), there.log.count("is up")
    for answer, other in zip(both(lan, shared, shared), reversed(lan.machines), strict=True):
        assert (answer.status, answer.problems) == (0, set()), answer.findings
        machine = answer.machines[other.address]
        assert machine["doctor"] and len(machine["nodes"]) == 1
        assert all(machine["heard"].values()) and all(machine["hears"].values())
    assert "is down" not in here.log + there.log, "a doctor doesn't disturb"
    assert (here.log.count("is up"), there.log.count("is up")) == ups, "nor does it come in"


def test_multicast_is_filtered_and_broadcast_passes(lan: Network, shared: Path) -> None:
    for machine in lan.machines:
        machine.filter(NO_MULTICAST)
    for answer in both(lan, shared, shared):
        assert answer.problems == {"filtered", "firewall_here"}
        assert answer.findings["filtered"]["mend"].startswith("Broadcast gets through")
        assert answer.commands("filtered") == "--relay-mode broadcast"
        assert "udp dport 3000-3064 accept" in answer.commands("firewall_here")


def test_only_unicast_passes_and_is_found_by_the_name_of_the_host(
    lan: Network, shared: Path
) -> None:
    here, there = lan.machines
    for machine in lan.machines:
        machine.filter(NO_MULTICAST)
        machine.filter(f"ip daddr {machine.address.rpartition('.')[0]}.255 drop")
    one, other = both(lan, shared, shared, there.address)
    for answer, host in ((one, there.address), (other, here.address)):
        assert "filtered" in answer.problems
        assert answer.commands("filtered") == f"--relay-mode peers --relay-peers {host}"


def test_a_machine_that_hears_nothing_is_told_from_one_that_is_not_heard(
    lan: Network, shared: Path
) -> None:
    here, there = lan.machines
    there.block([here])
    one, other = both(lan, shared, shared)
    assert one.problems == {"hears_us_not"}
    assert there.address in one.findings["hears_us_not"]["text"]
    assert "ufw allow 3000:3064/udp" in one.commands("hears_us_not")
    assert other.problems == set() and "alone" in other.findings
    there.unblock()
    there.filter(f"ip saddr {here.address} {NO_MULTICAST}")
    one, other = both(lan, shared, shared)
    assert one.problems == {"hears_us_not"} and other.problems == {"unheard"}


def test_a_running_node_is_enough_to_find_out_what_is_filtered(
    node: NodeFactory, lan: Network, shared: Path
) -> None:
    here, there = lan.machines
    (running,) = started(node, lan, shared, 1)
    for machine in lan.machines:
        machine.filter(f"ip daddr 224.0.0.0/4 ip saddr != {machine.address} drop")
    answer = Answer(Consultation(here, shared, "--json"))
    assert answer.problems == {"filtered"}
    assert answer.machines[there.address]["hears"]["unicast"] > 1400
    assert answer.commands("filtered") == f"--relay-mode peers --relay-peers {there.address}"
    here.unblock()
    there.unblock()
    for machine in lan.machines:
        machine.filter("ip protocol udp drop")
    answer = Answer(Consultation(here, shared, "--json"))
    assert {"not_heard", "firewall_here"} == answer.problems
    assert running.url in answer.findings["not_heard"]["text"]
    there.unplug()
    answer = Answer(Consultation(here, shared, "--json"))
    # After some seconds the node itself has noticed that it is alone, and says so in the database.
    assert {"not_reached", "on_loopback"} & answer.problems


def test_another_database_another_key_and_another_version_are_named(
    lan: Network, shared: Path, tmp_path: Path
) -> None:
    here, there = lan.machines
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    async def begin() -> None:
        async with ready(f"sqlite:///{elsewhere / 'im.db'}"):
            pass

    asyncio.run(begin())
    for answer, host in zip(
        both(lan, shared, elsewhere), (there.address, here.address), strict=True
    ):
        assert answer.problems == {"other_database_embedded"}
        assert host in answer.findings["other_database_embedded"]["text"]
        assert "--database mysql://" in answer.commands("other_database_embedded")
    shutil.rmtree(elsewhere)
    shutil.copytree(shared, elsewhere)
    with sqlite3.connect(elsewhere / "im.db") as database:
        database.execute("UPDATE cluster_key SET secret = ?", (b"x" * 32,))
    for answer in both(lan, shared, elsewhere):
        assert answer.problems == {"wrong_key"}
    with sqlite3.connect(elsewhere / "im.db") as database:
        database.execute("UPDATE cluster_key SET number = 9")
    one, _ = both(lan, shared, elsewhere)
    assert one.problems == {"unknown_key"}
    speaker = subprocess.Popen([*there.prefix, sys.executable, "-c", OTHER_VERSION, there.address])
    try:
        answer = Answer(Consultation(here, shared, "--json"))
    finally:
        speaker.kill()
        speaker.wait()
    assert answer.problems == {"other_version"}
    assert there.address in answer.findings["other_version"]["text"]


def test_small_datagrams_pass_and_large_ones_do_not(lan: Network, shared: Path) -> None:
    _, there = lan.machines
    there.filter("ip length > 1300 drop")
    one, other = both(lan, shared, shared)
    assert one.problems == {"mtu_out"} and other.problems == {"mtu_in"}
    for answer, code in ((one, "mtu_out"), (other, "mtu_in")):
        assert "1280 bytes pass, of 1480 bytes don't" in answer.findings[code]["text"]
        assert answer.commands(code) == "ip link set dev eth0 mtu 1300"


def test_the_wrong_interface_is_used_or_none(lan: Network, shared: Path) -> None:
    here, there = lan.machines
    here.run("ip", "link", "add", "eth9", "type", "veth", "peer", "name", "eth8")
    here.run("ip", "addr", "add", "10.99.0.1/24", "dev", "eth9")
    for link in ("eth8", "eth9"):
        here.run("ip", "link", "set", link, "up")
    here.run("ip", "route", "add", "224.0.0.0/4", "dev", "eth9")
    one, _ = both(lan, shared, shared)
    assert one.problems == {"wrong_interface"}
    assert one.commands("wrong_interface") == "--relay-interface eth0"
    assert there.address in one.findings["wrong_interface"]["text"]
    here.run("ip", "link", "del", "eth9")
    here.run("ip", "route", "del", "default")
    answer = Answer(Consultation(here, shared, "--json"))
    assert "no_route" in answer.problems
    assert f"eth0 ({here.address})" in answer.findings["no_route"]["text"]
    answer = Answer(Consultation(here, shared, "--json", "--relay-interface", "eth7"))
    assert answer.problems == {"interface_missing"}
    here.unplug()
    answer = Answer(Consultation(here, shared, "--json"))
    assert answer.problems == {"no_network"}


def test_without_the_database_what_is_possible_goes_on(lan: Network, tmp_path: Path) -> None:
    here, there = lan.machines
    url = f"mysql://im:secret-word@{lan.host_address}:1/im"
    first, second = (
        Consultation(machine, tmp_path, "--json", IM_DATABASE_URL=url) for machine in (here, there)
    )
    one, two = Answer(first), Answer(second)
    assert one.problems == two.problems == {"database_away"}
    assert "secret-word" not in json.dumps(one.findings)
    assert all(one.machines[there.address]["heard"].values())


def test_two_machines_that_have_ipv6_alone(lan: Network, shared: Path) -> None:
    for machine in lan.machines:
        machine.run("ip", "addr", "flush", "dev", "eth0", "scope", "global")
        wait_until(
            lambda machine=machine: "tentative" not in machine.run("ip", "-6", "addr"),  # type: ignore[misc]
            what="IPv6 addresses that are checked",
        )
    for answer in both(lan, shared, shared):
        assert answer.problems == set()
        (machine,) = answer.machines.values()
        assert ":" in machine["host"]
        for reach in (machine["heard"], machine["hears"]):
            assert reach["multicast"] and reach["unicast"] and not reach["broadcast"]


def test_a_person_reads_it_in_chinese_or_english(lan: Network, shared: Path) -> None:
    here, there = lan.machines
    for machine in lan.machines:
        machine.filter(NO_MULTICAST)
    first = Consultation(here, shared, language="zh")
    second = Consultation(there, shared, language="en")
    status, chinese = first.result()
    assert status == 1
    assert f"✗ 本机与 {there.address} 之间，组播双向都不通" in chinese
    assert "    → 广播双向都通" in chinese and "        --relay-mode broadcast" in chinese
    _, english = second.result()
    assert (
        f"Between here and {here.address}, multicast gets through in neither direction" in english
    )
    assert english.rstrip().endswith("Problems found: 2.")
