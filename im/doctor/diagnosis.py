"""All findings of one examination, the worst first."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from im.doctor.certificate import certificate_findings
from im.doctor.facts import Facts
from im.doctor.finding import Finding, Severity
from im.doctor.identity import explained_hosts, name_findings, stranger_findings
from im.doctor.local import clock_findings, database_findings, machine_findings
from im.doctor.machines import is_loopback, machines
from im.doctor.network import (
    deaf_findings,
    firewall_findings,
    interface_findings,
    missing_findings,
    reach_findings,
)
from im.settings import Settings
from relay.doctor.report import Report

_ORDER = list(Severity)


def diagnose(
    settings: Settings, facts: Facts, report: Report | None, hosts: Mapping[str, str]
) -> list[Finding]:
    """What is wrong, what could be better, what is good to know.

    ``report`` is None where the bus is not UDP. ``hosts``: addresses of the machines that were
    asked for, by the names that were given.
    """
    found = [*database_findings(facts)]
    if report is None:
        found.append(Finding(f"bus_{settings.relay.bus}", Severity.NOTE))
        report = Report(None, ())
    else:
        found += _network(settings, facts, report, hosts)
    found += clock_findings(facts)
    found += machine_findings(settings, facts, report)
    found += certificate_findings(settings, facts.certificate)
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def _network(
    settings: Settings, facts: Facts, report: Report, hosts: Mapping[str, str]
) -> list[Finding]:
    if report.interface is None or report.error:
        return [*interface_findings(settings, report)]
    found = [
        *interface_findings(settings, report),
        *firewall_findings(settings, report),
        *stranger_findings(settings, facts, report),
        *name_findings(settings, facts, report),
        *reach_findings(settings, report),
    ]
    about = frozenset(finding.host for finding in found if finding.severity is Severity.PROBLEM)
    explained = about | explained_hosts(report)
    found += chain(
        missing_findings(settings, facts, report, hosts, explained),
        deaf_findings(report, explained),
    )
    if not machines(report) and not any(f.severity is Severity.PROBLEM for f in found):
        found.append(Finding("alone", Severity.ADVICE, {}, "both_doctors"))
    usable = [i for i in report.interfaces if not is_loopback(i.address)]
    chosen = report.interface
    if len(usable) > 1 and not settings.relay.interface and not machines(report):
        others = [i for i in usable if i.name != chosen.name]
        values = {
            "interface": f"{chosen.name} ({chosen.address})",
            "others": ", ".join(f"{i.name} ({i.address})" for i in others),
        }
        commands = tuple(f"--relay-interface {i.name}" for i in others)
        found.append(Finding("other_interfaces", Severity.ADVICE, values, "interface", commands))
    return found
