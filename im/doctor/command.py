"""``run.py doctor [HOST …] [--seconds N] [--language zh|en] [--json]``"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from im.commands import USAGE
from im.config import SettingsError
from im.doctor.diagnosis import diagnose
from im.doctor.facts import Facts, gather
from im.doctor.finding import Severity
from im.doctor.output import Words, as_json, text
from im.i18n import LANGUAGES, choose, read_catalogue
from im.settings import Settings
from relay.doctor.examine import Options, examine
from relay.doctor.report import Report

SECONDS = 8.0
MAX_SECONDS = 3600.0
LOOKUP_SECONDS = 3.0
MAX_HOSTS = 16
"""Machines that are asked by unicast; each has 64 ports where a doctor may listen."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    hosts: tuple[str, ...]
    seconds: float
    language: str
    json: bool


def parse_words(words: Sequence[str]) -> Wishes:
    """Take the command's words apart. Raises ``SettingsError``."""
    given = dict(word.split("=", 1) for word in words if word.startswith("--") and "=" in word)
    hosts = tuple(word for word in words if not word.startswith("--"))
    language = given.get("--language", "")
    if language and language not in LANGUAGES:
        raise SettingsError(f"--language: {language!r} is not one of {', '.join(LANGUAGES)}")
    try:
        seconds = float(given.get("--seconds", SECONDS))
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= MAX_SECONDS:
        raise SettingsError(f"--seconds: a number from 1 to {MAX_SECONDS:.0f}")
    if len(hosts) > MAX_HOSTS:
        raise SettingsError(f"doctor: at most {MAX_HOSTS} hosts at once")
    return Wishes(hosts, seconds, language, "--json" in words)


async def run_doctor(
    settings: Settings, arguments: Sequence[str], environ: Mapping[str, str]
) -> int:
    """Examine, and print what is wrong and what mends it.

    The exit status: 0 if nothing is wrong, 1 otherwise, 2 for a wrong call.
    """
    try:
        wishes = parse_words(arguments)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    # What the log would say of an absent database is a finding here.
    logging.disable(logging.WARNING)
    spoken = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG")
    words = Words(read_catalogue(), choose(wishes.language, spoken, accept="en"))
    hosts: dict[str, str] = {}
    for name in wishes.hosts:
        try:
            hosts[name] = await _resolve(name)
        except (OSError, TimeoutError) as error:
            print(words.say("unknown_host", host=name, error=str(error)), file=sys.stderr)
            return USAGE
    print(words.say("asking"), file=sys.stderr, flush=True)
    facts = await gather(settings)
    report = None
    if settings.relay.bus == "udp":
        report = await _listen(settings, wishes, facts, hosts, words)
    findings = diagnose(settings, facts, report, hosts)
    if wishes.json:
        print(as_json(findings, report, words))
    else:
        print("\n".join(text(findings, report, words)))
    return int(any(finding.severity is Severity.PROBLEM for finding in findings))


async def _listen(
    settings: Settings, wishes: Wishes, facts: Facts, hosts: Mapping[str, str], words: Words
) -> Report:
    relay = settings.relay
    addresses = [a for row in facts.database.rows if (a := _address(row.relay_address))]
    options = Options(
        group=relay.group,
        port=relay.port,
        interface=relay.interface,
        seconds=wishes.seconds,
        hosts=tuple(dict.fromkeys([*hosts.values(), *(host for host, _ in addresses)])),
        nodes=tuple(addresses),
    )
    live = sys.stderr.isatty()
    if not live:
        print(words.say("listening", seconds=f"{wishes.seconds:g}"), file=sys.stderr, flush=True)

    def progress(left: float) -> None:
        if live:
            line = words.say("listening", seconds=f"{left:.0f}")
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    report = await examine(options, facts.database.keyring, progress)
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return report


def _address(relay_address: str) -> tuple[str, int] | None:
    host, _, port = relay_address.rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdigit() else None


async def _resolve(host: str) -> str:
    async with asyncio.timeout(LOOKUP_SECONDS):
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    # IPv4 first, as the relay's interface.
    return str(min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0])
