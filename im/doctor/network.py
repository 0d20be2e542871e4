"""Findings about the network: what gets through, in which direction, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from im.doctor.facts import Facts
from im.doctor.finding import Finding, Severity
from im.doctor.machines import MODE_WAYS, Machine, is_local, is_loopback, machines, remote_nodes
from im.doctor.pages import host_of
from im.settings import Settings
from relay.doctor.examination import GROUP_WAYS, PACKET_OVERHEAD
from relay.doctor.report import Report, Way
from relay.sockets import MTU_HEADROOM, UNICAST_PORTS

SMALLEST_TRIED = 548
"""Bytes of the smallest datagram from which an MTU is worth setting."""


def firewall_commands(port: int) -> tuple[str, ...]:
    """Lines that open the relay's ports, for the usual firewalls."""
    last = min(port + UNICAST_PORTS, 65535)
    return (
        f"nft insert rule inet filter input udp dport {port}-{last} accept",
        f"firewall-cmd --permanent --add-port={port}-{last}/udp && firewall-cmd --reload",
        f"ufw allow {port}:{last}/udp",
    )


def interface_findings(settings: Settings, report: Report) -> Iterator[Finding]:
    """Whether the relay uses an interface from which others can be reached."""
    others = [i for i in report.interfaces if not is_loopback(i.address)]
    names = ", ".join(f"{i.name} ({i.address})" for i in others) or "-"
    choose = tuple(f"--relay-interface {i.name}" for i in others)
    wanted, chosen = settings.relay.interface, report.interface
    if chosen is None:
        values = {"interface": wanted, "interfaces": names, "error": report.error}
        code = "interface_missing" if wanted else "cannot_open"
        yield Finding(code, Severity.PROBLEM, values, "interface" if choose else "network", choose)
        return
    if report.error:
        values = {"error": report.error}
        yield Finding("cannot_open", Severity.PROBLEM, values, "port", ("--relay-port 3100",))
        return
    if is_loopback(chosen.address):
        if not others:
            yield Finding("no_network", Severity.PROBLEM, {}, "network")
        elif wanted:
            values = {"interface": wanted, "interfaces": names}
            yield Finding("loopback", Severity.ADVICE, values, "interface", choose)
        else:
            values = {"group": settings.relay.group, "interfaces": names}
            yield Finding("no_route", Severity.PROBLEM, values, "interface", choose)
    places = {(doctor.host, doctor.interface) for doctor in report.doctors}
    places |= {(node.host, node.interface) for node in report.nodes}
    for host, other in sorted(places):
        if other == chosen.name or is_local(host, report):
            continue
        values = {"host": host, "other": other, "interface": chosen.name}
        command = (f"--relay-interface {other}",)
        yield Finding("wrong_interface", Severity.PROBLEM, values, "interface", command, host)


def firewall_findings(settings: Settings, report: Report) -> Iterator[Finding]:
    """Whether this machine itself stops datagrams, which shows without another machine."""
    if report.interface is None or report.error:
        return
    way = MODE_WAYS[settings.relay.mode]
    values: dict[str, str | int]
    closed, refused = dict(report.closed), dict(report.refused)
    ports = firewall_commands(settings.relay.port)
    if way in closed:
        mend = "interface" if way in GROUP_WAYS else "port"
        yield Finding("cannot_open", Severity.PROBLEM, {"error": closed[way]}, mend)
    elif way in refused:
        values = {"way": way.name.lower(), "error": refused[way]}
        yield Finding("send_refused", Severity.PROBLEM, values, "open_output")
    elif way in GROUP_WAYS and way not in report.own:
        values = {**_ports(settings), "way": way.name.lower()}
        yield Finding("firewall_here", Severity.PROBLEM, values, "open_here", ports)


def reach_findings(settings: Settings, report: Report) -> Iterator[Finding]:
    """For each machine that was heard: whether the relay's way works in both directions."""
    way = MODE_WAYS[settings.relay.mode]
    modes = dict(_other_modes(report, way))
    for machine in machines(report):
        if machine.both(way):
            yield from _sizes(machine, way, report)
        elif machine.host in modes:
            values = {
                "host": machine.host,
                "mode": settings.relay.mode,
                "other": modes[machine.host],
            }
            command = (f"--relay-mode {settings.relay.mode}",)
            host = machine.host
            yield Finding("other_mode", Severity.PROBLEM, values, "same_mode", command, host)
        else:
            yield _broken(machine, way, settings, report)


def _broken(machine: Machine, way: Way, settings: Settings, report: Report) -> Finding:
    """The finding for a machine with which the relay's way doesn't work."""
    if machine.heard[way]:
        code, mend = "hears_us_not", "open_there"
    elif machine.hears[way]:
        code, mend = "unheard", "open_here"
    else:
        code, mend = "filtered", "open_both"
    values = {"host": machine.host, "way": way.name.lower(), **_ports(settings)}
    commands = firewall_commands(settings.relay.port)
    if way is Way.MULTICAST and machine.both(Way.BROADCAST):
        mend, commands = "use_broadcast", ("--relay-mode broadcast",)
    elif way is not Way.UNICAST and machine.both(Way.UNICAST):
        mend = "use_peers" if machine.doctor else "use_peers_or_look"
        commands = (f"--relay-mode peers --relay-peers {machine.host}",)
    return Finding(code, Severity.PROBLEM, values, mend, commands, machine.host)


def _sizes(machine: Machine, way: Way, report: Report) -> Iterator[Finding]:
    """Whether the largest datagrams get through as well."""
    full = report.sizes[-1]
    inwards = machine.full and machine.heard[way] < machine.full
    if machine.hears[way] >= full and not inwards:
        return
    code = "mtu_in" if machine.hears[way] >= full else "mtu_out"
    passed = machine.heard[way] if code == "mtu_in" else machine.hears[way]
    around = PACKET_OVERHEAD + (20 if ":" in machine.host else 0)  # IPv6 has 20 bytes more
    values: dict[str, str | int] = {
        "host": machine.host,
        "full": (machine.full if code == "mtu_in" else full) + around,
        "passed": passed + around,
        "interface": report.interface.name if report.interface else "",
        "mtu": report.interface.mtu if report.interface else 0,
    }
    commands: tuple[str, ...] = ()
    if passed >= SMALLEST_TRIED:
        mtu = passed + around + MTU_HEADROOM - PACKET_OVERHEAD
        commands = (f"ip link set dev {values['interface']} mtu {mtu}",)
    mend = "mtu" if commands else "mtu_unknown"
    yield Finding(code, Severity.PROBLEM, values, mend, commands, machine.host)


def _other_modes(report: Report, way: Way) -> Iterator[tuple[str, str]]:
    """Machines with nodes that greet all by another way than the relay's here, and by which."""
    for node in remote_nodes(report):
        for other in GROUP_WAYS:
            if other != way and node.heard[other] and (way is Way.UNICAST or not node.heard[way]):
                yield node.host, other.name.lower()


def missing_findings(
    settings: Settings,
    facts: Facts,
    report: Report,
    hosts: Mapping[str, str],
    explained: frozenset[str],
) -> Iterator[Finding]:
    """Nodes of the database and machines of the command line of which nothing was heard.

    ``hosts``: addresses by the names that were given; ``explained``: machines of which another
    finding says already why.
    """
    names = {node.name for node in report.nodes}
    told = set(explained)
    commands = firewall_commands(settings.relay.port)
    for row in facts.database.rows:
        host = host_of(row)
        values: dict[str, str | int] = {"node": row.name, "host": host, **_ports(settings)}
        if row.name in names or host in explained:
            continue
        if not row.relay_address:
            yield Finding("other_bus", Severity.PROBLEM, values, "same_bus", ("--relay udp",), host)
        elif is_loopback(host):
            if report.interface and not is_loopback(report.interface.address):
                yield Finding("on_loopback", Severity.PROBLEM, values, "interface_there")
        else:
            told.add(host)
            pages = facts.pages.get(row.name)
            reached = pages is not None and pages.reached
            values["url"] = pages.url if pages else ""
            code = "not_heard" if reached or is_local(host, report) else "not_reached"
            mend = "open_both" if reached else "reach"
            yield Finding(code, Severity.PROBLEM, values, mend, commands if reached else (), host)
    heard = {machine.host for machine in machines(report)}
    for given, host in hosts.items():
        if host in heard or host in told or is_local(host, report):
            continue
        values = {"host": given if given == host else f"{given} ({host})", **_ports(settings)}
        yield Finding("silent", Severity.PROBLEM, values, "both_doctors", commands, host)


def deaf_findings(report: Report, explained: frozenset[str]) -> Iterator[Finding]:
    """Nodes that run here and there and don't hear each other, though the doctor finds nothing."""
    here = [node for node in report.nodes if node.fresh and is_local(node.host, report)]
    there = [node for node in remote_nodes(report) if node.fresh and node.host not in explained]
    for own in here:
        for other in there:
            for deaf, unheard in ((own, other), (other, own)):
                if unheard.name not in deaf.hears_nodes:
                    values = {"node": deaf.name, "other": unheard.name, "host": other.host}
                    host = other.host
                    yield Finding("deaf", Severity.PROBLEM, values, "restart_node", (), host)


def _ports(settings: Settings) -> dict[str, str | int]:
    first = settings.relay.port
    return {"port": first, "last": min(first + UNICAST_PORTS, 65535), "group": settings.relay.group}
