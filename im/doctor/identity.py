"""Findings about who is who: other clusters, keys and versions, names, and the database."""

from __future__ import annotations

from collections.abc import Iterator

from im.app import program_version
from im.doctor.facts import Facts
from im.doctor.finding import Finding, Severity
from im.doctor.machines import is_local, machines
from im.settings import Settings
from relay.doctor.report import Kind, Report
from relay.packet import VERSION

TELLING = frozenset({Kind.FOREIGN, Kind.OTHER_VERSION, Kind.UNKNOWN_KEY, Kind.WRONG_KEY})
"""Strangers of these kinds are why a machine is not seen."""


def stranger_findings(settings: Settings, facts: Facts, report: Report) -> Iterator[Finding]:
    """What was heard that is not of this cluster."""
    alone = not machines(report)
    keyring = facts.database.keyring
    own = keyring.cluster.hex() if keyring else "-"
    for stranger in report.strangers:
        host = stranger.host
        values: dict[str, str | int] = {
            "host": host,
            "detail": stranger.detail,
            "own": own,
            "database": facts.database.place,
            "version": VERSION,
            "program": program_version(),
            "port": settings.relay.port,
        }
        if stranger.kind is Kind.FOREIGN:
            # Two messengers on one network are no fault; that nobody of the own one is there, is.
            severity = Severity.PROBLEM if alone else Severity.NOTE
            code = "other_database_embedded" if facts.database.embedded else "other_database"
            command = ("--database mysql://USER:PASSWORD@HOST/NAME",)
            yield Finding(code, severity, values, "same_database", command, host)
        elif stranger.kind is Kind.OTHER_VERSION:
            yield Finding("other_version", Severity.PROBLEM, values, "same_version", (), host)
        elif stranger.kind is Kind.UNKNOWN_KEY:
            command = ("run.py keys",)
            yield Finding("unknown_key", Severity.PROBLEM, values, "reread_keys", command, host)
        elif stranger.kind is Kind.WRONG_KEY:
            command = ("run.py keys rotate --now",)
            yield Finding("wrong_key", Severity.PROBLEM, values, "same_keys", command, host)
        elif stranger.kind is Kind.SEALED:
            yield Finding("sealed", Severity.NOTE, values, "", (), host)
        else:
            command = ("--relay-port 3100",)
            yield Finding("junk", Severity.ADVICE, values, "port", command, host)


def name_findings(settings: Settings, facts: Facts, report: Report) -> Iterator[Finding]:
    """Names that two living nodes have, and nodes that the database doesn't know."""
    fresh = [node for node in report.nodes if node.fresh]
    for name in sorted({node.name for node in fresh}):
        hosts = sorted({f"{node.host}:{node.port}" for node in fresh if node.name == name})
        if len(hosts) > 1:
            values: dict[str, str | int] = {"node": name, "hosts": ", ".join(hosts)}
            yield Finding("duplicate_name", Severity.PROBLEM, values, "name", ("--node-name NAME",))
    if settings.node.name and settings.node.workers == 1:
        for node in fresh:
            if node.name == settings.node.name and not is_local(node.host, report):
                values = {"node": node.name, "hosts": node.host}
                command = ("--node-name NAME",)
                yield Finding("name_taken", Severity.PROBLEM, values, "name", command)
    if facts.database.state == "ready":
        known = {row.name for row in facts.database.rows}
        for node in fresh:
            if node.name not in known:
                values = {"node": node.name, "host": node.host, "database": facts.database.place}
                yield Finding(
                    "unregistered", Severity.PROBLEM, values, "its_database", (), node.host
                )


def explained_hosts(report: Report) -> frozenset[str]:
    """Machines of which a stranger's datagrams tell why they are not seen."""
    return frozenset(stranger.host for stranger in report.strangers if stranger.kind in TELLING)
