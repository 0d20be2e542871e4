"""Findings about this machine: database, clock, folder, port, buffers."""

from __future__ import annotations

from collections.abc import Iterator

from im.doctor.facts import Facts
from im.doctor.finding import Finding, Severity
from im.settings import Settings
from relay.doctor.report import Report
from relay.sockets import RECEIVE_BUFFER

CLOCK_OFF_MS = 2000
"""A difference that people see on their pages. No message is lost or out of order by it."""
TIME_COMMAND = ("timedatectl set-ntp true",)


def database_findings(facts: Facts) -> Iterator[Finding]:
    """Whether the database can be used."""
    database = facts.database
    values: dict[str, str | int] = {"database": database.place, "error": database.error}
    if database.state == "away":
        yield Finding("database_away", Severity.PROBLEM, values, "database")
    elif database.state == "newer":
        yield Finding("database_newer", Severity.PROBLEM, values, "same_version")
    elif database.state == "empty":
        yield Finding("database_empty", Severity.NOTE, values, "first_start", ("run.py",))


def clock_findings(facts: Facts) -> Iterator[Finding]:
    """Whether the clocks agree, with the database's as the measure."""
    offset = facts.database.clock
    if offset is not None and abs(offset) >= CLOCK_OFF_MS:
        code = "clock_fast" if offset > 0 else "clock_slow"
        values = {"seconds": _seconds(offset)}
        yield Finding(code, Severity.PROBLEM, values, "clock", TIME_COMMAND)
    for name, pages in sorted(facts.pages.items()):
        if pages.clock is not None and abs(pages.clock) >= CLOCK_OFF_MS:
            code = "clock_fast_there" if pages.clock > 0 else "clock_slow_there"
            values = {"node": name, "seconds": _seconds(pages.clock)}
            yield Finding(code, Severity.PROBLEM, values, "clock_there", TIME_COMMAND)


def machine_findings(settings: Settings, facts: Facts, report: Report) -> Iterator[Finding]:
    """Data folder, HTTP port, receive buffer, drops, Redis."""
    if facts.folder:
        values: dict[str, str | int] = {
            "folder": str(settings.node.data_dir),
            "error": facts.folder,
        }
        yield Finding("folder", Severity.PROBLEM, values, "folder", ("--data-dir FOLDER",))
    if facts.port:
        values = {"port": settings.http.port, "error": facts.port}
        commands = (f"ss -ltnp 'sport = :{settings.http.port}'", "--port 9000")
        yield Finding("http_port", Severity.PROBLEM, values, "http_port", commands)
    if facts.redis:
        yield Finding("redis_away", Severity.PROBLEM, {"error": facts.redis}, "redis")
    sysctl = (f"sysctl -w net.core.rmem_max={RECEIVE_BUFFER}",)
    if report.receive_buffer and report.receive_buffer < report.wanted_buffer:
        values = {"given": _kib(report.receive_buffer), "wanted": _kib(report.wanted_buffer)}
        yield Finding("buffer", Severity.ADVICE, values, "buffer", sysctl)
    if report.drops:
        yield Finding("drops", Severity.ADVICE, {"count": report.drops}, "buffer", sysctl)


def _seconds(ms: int) -> str:
    return f"{abs(ms) / 1000:.1f}"


def _kib(size: int) -> int:
    return size // 1024
