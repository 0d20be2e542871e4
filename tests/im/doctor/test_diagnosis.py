"""Each cause has its own finding, in both languages, with what mends it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from im.config import SettingsError
from im.doctor.command import parse_words
from im.doctor.diagnosis import diagnose
from im.doctor.facts import DatabaseFacts, Facts
from im.doctor.finding import Finding, Severity
from im.doctor.output import Words, as_json, text
from im.doctor.pages import NodePages
from im.i18n import LANGUAGES, read_catalogue
from im.settings import NodeSettings, RelaySection, Settings
from im.store.nodes import NodeRow
from relay.doctor.report import Doctor, Kind, Node, Reach, Report, Stranger, Way
from relay.interfaces import Interface
from relay.keyring import Keyring

HOME = Path(__file__).resolve().parents[3]
CATALOGUE = read_catalogue()
LO = Interface("lo", 1, "127.0.0.1", None, 65536)
ETH0 = Interface("eth0", 2, "10.0.0.1", "10.0.0.255", 1500)
ETH1 = Interface("eth1", 3, "192.168.9.1", "192.168.9.255", 1500)
FULL = 1452
ALL = Reach(FULL, FULL, FULL)
THERE = "10.0.0.2"
KEYS = Keyring(b"12345678", {1: b"k" * 32}, 1)


def row(name: str, host: str, relay: str | None = None) -> NodeRow:
    relay = f"{host}:3001" if relay is None else relay
    return NodeRow(name, "0.0.0.0", 8888, relay, 0, "1", 1, 0, 0, 0)


def node(name: str, host: str, **more: Any) -> Node:
    base = Node(
        name, host, 3001, "eth0", Reach(200, 0, 200), Reach(FULL, 0, FULL), frozenset(), True
    )
    return replace(base, **more)


def doctor(heard: Reach = ALL, hears: Reach = ALL, **more: Any) -> Doctor:
    return replace(Doctor(THERE, "eth0", FULL, heard, hears), **more)


def seen(**more: Any) -> Report:
    """What is found on a machine where everything is well, and nobody else."""
    base = Report(
        ETH0,
        (LO, ETH0),
        own=frozenset(Way),
        sizes=(0, 548, FULL),
        receive_buffer=9,
        wanted_buffer=9,
    )
    return replace(base, **more)


def facts(*rows: NodeRow, pages: dict[str, NodePages] | None = None, **more: Any) -> Facts:
    database = DatabaseFacts("mysql://db/im", False, "ready", "", KEYS, rows, 0)
    return replace(Facts(database, pages or {}), **more)


def findings(
    report: Report | None,
    known: Facts | None = None,
    hosts: tuple[str, ...] = (),
    settings: Settings | None = None,
) -> dict[str, Finding]:
    """By their codes, without the notes; each reads well in both languages."""
    found = diagnose(
        settings or Settings(), known or facts(), report, {host: host for host in hosts}
    )
    for language in LANGUAGES:
        words = Words(CATALOGUE, language)
        lines = "\n".join(text(found, report, words))
        assert "doctor." not in lines and "{" not in lines
        assert len(json.loads(as_json(found, report, words))["findings"]) == len(found)
        for finding in found:
            if finding.severity is not Severity.NOTE:
                assert finding.mend, f"{finding.code} says not what to do"
            assert words.sentence(finding) in lines and words.mend(finding) in lines
    return {finding.code: finding for finding in found if finding.severity is not Severity.NOTE}


def only(found: dict[str, Finding]) -> Finding:
    (finding,) = found.values()
    return finding


def relay(**values: Any) -> Settings:
    return Settings(relay=RelaySection(**values))


def test_nothing_is_found_where_two_machines_hear_each_other() -> None:
    nodes = (
        node("a", "10.0.0.1", hears_nodes=frozenset({"b"})),
        node("b", THERE, hears_nodes=frozenset({"a"})),
    )
    known = facts(row("a", "10.0.0.1"), row("b", THERE))
    assert findings(seen(doctors=(doctor(),), nodes=nodes), known, (THERE,)) == {}


@pytest.mark.parametrize(
    ("heard", "hears", "code", "mend", "command"),
    [
        (Reach(0, FULL, FULL), Reach(0, FULL, FULL), "filtered", "use_broadcast", "broadcast"),
        (Reach(0, 0, FULL), Reach(0, 0, FULL), "filtered", "use_peers", f"peers {THERE}"),
        (Reach(0, FULL, 0), Reach(0, 0, FULL), "filtered", "open_both", "3000-3064"),
        (ALL, Reach(), "hears_us_not", "open_there", "ufw allow 3000:3064/udp"),
        (Reach(), ALL, "unheard", "open_here", "--add-port=3000-3064/udp"),
        (Reach(0, FULL, FULL), ALL, "unheard", "use_broadcast", "broadcast"),
    ],
)
def test_what_gets_through_decides_what_mends_it(
    heard: Reach, hears: Reach, code: str, mend: str, command: str
) -> None:
    finding = only(findings(seen(doctors=(doctor(heard, hears),))))
    assert (finding.code, finding.mend, finding.severity) == (code, mend, Severity.PROBLEM)
    assert command in " ".join(finding.commands).replace("--relay-peers ", "")


def test_a_node_without_a_doctor_beside_it_tells_nothing_of_broadcast() -> None:
    filtered = node("b", THERE, heard=Reach(0, 0, 200), hears=Reach(0, 0, FULL))
    finding = only(findings(seen(nodes=(filtered,)), facts(row("b", THERE))))
    assert (finding.code, finding.mend) == ("filtered", "use_peers_or_look")


def test_large_datagrams_that_are_lost_name_the_size_that_passes() -> None:
    finding = only(findings(seen(doctors=(doctor(hears=Reach(1252, FULL, FULL)),))))
    assert (finding.code, finding.values["passed"], finding.values["full"]) == (
        "mtu_out",
        1280,
        1480,
    )
    assert finding.commands == ("ip link set dev eth0 mtu 1300",)
    finding = only(findings(seen(doctors=(doctor(heard=Reach(100, FULL, FULL)),))))
    assert (finding.code, finding.mend) == ("mtu_in", "mtu_unknown")
    # A machine with a smaller MTU sends smaller ones: no fault.
    smaller = doctor(heard=Reach(972, 972, 972), full=972)
    assert findings(seen(doctors=(smaller,))) == {}


def test_interfaces_that_nobody_else_is_on() -> None:
    both = (LO, ETH0, ETH1)
    assert only(findings(seen(interface=LO, interfaces=(LO,)))).code == "no_network"
    found = findings(seen(interface=LO, interfaces=both))
    assert found["no_route"].commands == ("--relay-interface eth0", "--relay-interface eth1")
    lost = Report(None, both, error="no such interface")
    finding = only(findings(lost, settings=relay(interface="eth7")))
    assert finding.code == "interface_missing" and "eth0 (10.0.0.1)" in finding.values["interfaces"]
    on_eth1 = doctor(Reach(), Reach(), interface="eth1")
    found = findings(seen(interfaces=both, doctors=(on_eth1,)))
    assert found["wrong_interface"].commands == ("--relay-interface eth1",)
    assert set(findings(seen(interfaces=both))) == {"alone", "other_interfaces"}


def test_a_firewall_of_this_machine_shows_without_another_machine() -> None:
    found = findings(seen(own=frozenset({Way.BROADCAST, Way.UNICAST})))
    assert found["firewall_here"].mend == "open_here"
    found = findings(seen(refused=((Way.MULTICAST, "Operation not permitted"),)))
    assert only(found).code == "send_refused"
    assert only(findings(seen(closed=((Way.MULTICAST, "taken"),)))).code == "cannot_open"


@pytest.mark.parametrize(
    ("kind", "detail", "code"),
    [
        (Kind.FOREIGN, "6f746865", "other_database"),
        (Kind.UNKNOWN_KEY, "7", "unknown_key"),
        (Kind.WRONG_KEY, "1", "wrong_key"),
        (Kind.OTHER_VERSION, "2", "other_version"),
    ],
)
def test_a_stranger_explains_why_a_machine_is_not_seen(kind: Kind, detail: str, code: str) -> None:
    report = seen(strangers=(Stranger(THERE, kind, detail, 3),))
    finding = only(findings(report, facts(row("b", THERE)), (THERE,)))
    assert finding.code == code and finding.values["host"] == THERE
    assert finding.severity is Severity.PROBLEM


def test_a_second_messenger_beside_a_healthy_cluster_is_no_problem() -> None:
    stranger = Stranger("10.0.0.9", Kind.FOREIGN, "6f746865", 3)
    assert findings(seen(strangers=(stranger,), doctors=(doctor(),))) == {}
    embedded = replace(facts().database, embedded=True)
    found = findings(seen(strangers=(stranger,)), facts(database=embedded))
    assert "other_database_embedded" in found


def test_nodes_of_the_database_that_are_not_heard_and_the_other_way_round() -> None:
    answers = {"b": NodePages("http://10.0.0.2:8888", True, 0)}
    assert only(findings(seen(), facts(row("b", THERE), pages=answers))).code == "not_heard"
    silent = {"b": NodePages("http://10.0.0.2:8888", False)}
    assert only(findings(seen(), facts(row("b", THERE), pages=silent))).code == "not_reached"
    assert only(findings(seen(), facts(row("b", THERE, "")))).code == "other_bus"
    assert only(findings(seen(), facts(row("b", "127.0.0.1")))).code == "on_loopback"
    assert only(findings(seen(), hosts=(THERE,))).code == "silent"
    assert only(findings(seen(nodes=(node("b", THERE),)))).code == "unregistered"


def test_nodes_that_do_not_hear_each_other_and_nodes_of_one_name() -> None:
    known = facts(row("a", "10.0.0.1"), row("b", THERE))
    nodes = (node("a", "10.0.0.1", hears_nodes=frozenset({"b"})), node("b", THERE))
    finding = only(findings(seen(nodes=nodes), known))
    assert (finding.code, finding.values["node"]) == ("deaf", "b")
    known = facts(row("b", THERE))
    twins = (node("b", THERE), node("b", "10.0.0.3"))
    assert only(findings(seen(nodes=twins), known)).code == "duplicate_name"
    mine = Settings(node=NodeSettings(name="b"))
    found = findings(seen(nodes=(node("b", THERE),)), known, settings=mine)
    assert only(found).code == "name_taken"


def test_nodes_of_another_mode() -> None:
    broadcasts = node("b", THERE, heard=Reach(0, 200, 200), hears=Reach(0, FULL, FULL))
    finding = only(findings(seen(nodes=(broadcasts,)), facts(row("b", THERE))))
    assert (finding.code, finding.values["other"]) == ("other_mode", "broadcast")
    multicasts = node("b", THERE, heard=Reach(200, 0, 0), hears=Reach(FULL, 0, 0))
    found = findings(
        seen(nodes=(multicasts,)), facts(row("b", THERE)), settings=relay(mode="peers")
    )
    assert only(found).code == "other_mode"


def test_this_machine_and_its_database() -> None:
    away = DatabaseFacts("mysql://db/im", False, "away", "no answer in time")
    newer = DatabaseFacts("mysql://db/im", False, "newer")
    fine = seen(doctors=(doctor(),))
    assert only(findings(fine, facts(database=away))).code == "database_away"
    assert only(findings(fine, facts(database=newer))).code == "database_newer"
    ahead = replace(facts().database, clock=90_000)
    finding = only(findings(fine, facts(database=ahead)))
    assert (finding.code, finding.values["seconds"]) == ("clock_fast", "90.0")
    behind = replace(facts().database, clock=-2_000)
    assert only(findings(fine, facts(database=behind))).code == "clock_slow"
    slow = {"b": NodePages("http://10.0.0.2:8888", True, -61_500)}
    finding = only(findings(fine, facts(pages=slow)))
    assert (finding.code, finding.values["node"]) == ("clock_slow_there", "b")
    assert only(findings(fine, facts(folder="read-only"))).code == "folder"
    assert only(findings(fine, facts(port="Address already in use"))).code == "http_port"
    found = findings(None, facts(redis="refused"), settings=relay(bus="redis"))
    assert only(found).code == "redis_away"


def test_buffers_are_advice_and_fail_nothing() -> None:
    report = seen(doctors=(doctor(),), receive_buffer=425_984, wanted_buffer=8_388_608, drops=7)
    found = findings(report)
    assert set(found) == {"buffer", "drops"}
    assert all(finding.severity is Severity.ADVICE for finding in found.values())
    assert found["buffer"].commands == ("sysctl -w net.core.rmem_max=4194304",)


def test_every_sentence_of_the_catalogue_is_used_and_every_one_used_is_there() -> None:
    folder = HOME / "im" / "doctor"
    source = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    spoken = set(re.findall(r'"(\w+)"', source)) | {"bus_none", "bus_redis"}
    for key in CATALOGUE.sentences("en"):
        prefix, _, code = key.partition(".")
        if prefix == "doctor" and not code.startswith("way."):
            assert code.removeprefix("mend.") in spoken, key


def test_the_command_line_is_checked() -> None:
    wishes = parse_words(("10.0.0.2", "--seconds=20", "--json", "--language=zh"))
    assert (wishes.hosts, wishes.seconds, wishes.json, wishes.language) == (
        ("10.0.0.2",),
        20.0,
        True,
        "zh",
    )
    for wrong in ("--seconds=soon", "--seconds=0", "--language=fr"):
        with pytest.raises(SettingsError):
            parse_words((wrong,))
