"""Examinations on real sockets of one host, beside running nodes."""

from __future__ import annotations

import asyncio
import random
import socket
from dataclasses import replace

import pytest

from relay.doctor.examination import MAX_STRANGERS, Examination
from relay.doctor.examine import Options, examine
from relay.doctor.probe import MAX_ENTRIES, Probe
from relay.doctor.report import Kind, Reach, Report, Way
from relay.keyring import Keyring
from relay.udp import UdpSettings
from tests.relay.nodes import CLUSTER, KEY, free_port, keyring, node
from tests.relay.test_udp import on_loop


def options(port: int, seconds: float = 1.6, **more: object) -> Options:
    base = Options(port=port, interface="lo", seconds=seconds, hosts=("127.0.0.1",))
    return replace(base, **more)  # type: ignore[arg-type]


async def together(*examinations: tuple[Options, Keyring | None]) -> list[Report]:
    """Several at once."""
    return await asyncio.gather(*(examine(o, ring, lambda left: None) for o, ring in examinations))


@on_loop
async def test_two_examinations_find_each_other_on_all_ways_and_in_all_sizes() -> None:
    port = free_port()
    one, other = await together((options(port), keyring()), (options(port), keyring()))
    for report in (one, other):
        assert report.own == set(Way)
        (doctor,) = report.doctors
        full = report.sizes[-1]
        assert doctor.heard == doctor.hears == Reach(full, full, full)
        assert (doctor.host, doctor.interface, doctor.full) == ("127.0.0.1", "lo", full)
        assert not report.nodes and not report.strangers and not report.error


@on_loop
async def test_without_keys_they_find_each_other_as_well() -> None:
    port = free_port()
    one, other = await together((options(port), None), (options(port), keyring()))
    assert len(one.doctors) == len(other.doctors) == 1


@pytest.mark.parametrize("mode", ["multicast", "broadcast", "peers"])
@on_loop
async def test_a_running_node_tells_what_reaches_it_and_takes_nobody_in(mode: str) -> None:
    port = free_port()
    peers = ("127.0.0.1",) if mode == "peers" else ()
    settings = UdpSettings(mode=mode, port=port, interface="lo", peers=peers)  # type: ignore[arg-type]
    async with node("a", settings) as (a, heard), node("b", settings) as (b, _):
        await heard.until(lambda: a.members() == ["b"] and b.members() == ["a"])
        foreign = a.statistics()["foreign"]
        (report,) = await together((options(port, 2.2), keyring()))
        assert a.members() == ["b"] and ("down", "b") not in heard.calls
        assert a.statistics()["foreign"] > foreign, "probes are dropped"
        assert {found.name for found in report.nodes} == {"a", "b"}
        full = report.sizes[-1]
        for found in report.nodes:
            assert found.fresh
            assert found.hears.unicast == full and found.heard.unicast > 0
            assert found.hears.multicast == (full if mode == "multicast" else 0)
            assert found.hears.broadcast == (full if mode == "broadcast" else 0)
            assert found.hears_nodes == {"a", "b"} - {found.name}


@on_loop
async def test_nodes_of_other_clusters_keys_and_programs_are_told_apart() -> None:
    port = free_port()
    settings = UdpSettings(port=port, interface="lo")
    async with (
        node("foreign", settings, Keyring(b"otherone", {1: KEY}, 1)),
        node("unknown", settings, Keyring(CLUSTER, {7: KEY}, 7)),
        node("wrong", settings, Keyring(CLUSTER, {1: b"x" * 32}, 1)),
    ):
        running = asyncio.create_task(together((options(port), keyring())))
        await asyncio.sleep(0.3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
            program.setsockopt(
                socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1")
            )
            program.sendto(b"hello, LAN", ("239.192.77.1", port))
            program.sendto(b"IR\x05" + bytes(60), ("239.192.77.1", port))
        (report,) = await running
    assert {(s.kind, s.detail) for s in report.strangers} == {
        (Kind.FOREIGN, b"othe".hex()),
        (Kind.UNKNOWN_KEY, "7"),
        (Kind.WRONG_KEY, "1"),
        (Kind.JUNK, ""),
        (Kind.OTHER_VERSION, "5"),
    }
    assert all(stranger.host == "127.0.0.1" for stranger in report.strangers)
    assert not report.nodes


@on_loop
async def test_a_missing_interface_and_a_taken_port_are_reported() -> None:
    port = free_port()
    (report,) = await together((options(port, interface="eth77"), None))
    assert report.interface is None and "eth77" in report.error
    assert any(found.name == "lo" for found in report.interfaces)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.bind(("", port))  # without SO_REUSEADDR
        (report,) = await together((options(port, 1.0), None))
    assert {way for way, _ in report.closed} == {Way.MULTICAST, Way.BROADCAST}
    assert not report.error, "unicast goes on"


@on_loop
async def test_a_kernel_that_gives_a_smaller_receive_buffer_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("relay.sockets", "relay.doctor.examine"):
        monkeypatch.setattr(f"{module}.RECEIVE_BUFFER", 2**29)
    (report,) = await together((options(free_port(), 0.5), None))
    assert 0 < report.receive_buffer < report.wanted_buffer


@on_loop
async def test_datagrams_that_a_neighbour_was_too_slow_for_are_counted() -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.bind(("127.0.0.1", port + 60))
        running = asyncio.create_task(together((options(port, 1.0), None)))
        await asyncio.sleep(0.3)
        for _ in range(100):
            slow.sendto(bytes(1000), ("127.0.0.1", port + 60))
        (report,) = await running
    assert report.drops > 0


def test_memory_stays_bounded_whoever_talks() -> None:
    rng = random.Random(4)
    examination = Examination(keyring(), rng, 1452, (), (), 0.0)
    for number in range(1, 500):
        address = (f"10.0.{number // 250}.{number % 250}", number)
        probe = Probe(rng.randbytes(8), number, Way.UNICAST, 1452).encode(0, keyring())
        examination.receive(probe, address, Way.UNICAST, "eth0", True, 1.0)
        examination.receive(b"junk", address, Way.MULTICAST, "eth0", True, 1.0)
    assert len(examination.doctors()) == MAX_ENTRIES
    assert len(examination.strangers()) == MAX_STRANGERS
    assert len(examination.to_send(1.0)) < 200


def test_what_comes_on_another_interface_is_no_way_but_names_it() -> None:
    examination = Examination(keyring(), random.Random(1), 1452, (), (), 0.0)
    probe = Probe(b"12345678", 1, Way.MULTICAST, 1452).encode(0, keyring())
    examination.receive(probe, ("10.0.0.2", 3001), Way.MULTICAST, "eth1", False, 0.1)
    (doctor,) = examination.doctors()
    assert (doctor.interface, doctor.heard) == ("eth1", Reach())
    examination.receive(probe, ("10.0.0.2", 3001), Way.MULTICAST, "eth0", True, 0.2)
    (doctor,) = examination.doctors()
    assert doctor.interface == "eth0" and doctor.heard.multicast > 0
