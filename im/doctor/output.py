"""What a person reads, or a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from im.doctor.finding import Finding, Severity
from im.doctor.machines import Machine, machines
from im.i18n import Catalogue, Language
from relay.doctor.report import Reach, Report, Way

MARKS = {Severity.PROBLEM: "✗", Severity.ADVICE: "!", Severity.NOTE: "·"}


class Words:
    """The catalogue's sentences for one language."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._catalogue = catalogue
        self._language: Language = language

    def say(self, key: str, **values: str | int) -> str:
        """The sentence ``doctor.<key>``."""
        return self._catalogue.translate(self._language, f"doctor.{key}", **values)

    def sentence(self, finding: Finding) -> str:
        """What is so."""
        return self.say(finding.code, **self._spoken(finding))

    def mend(self, finding: Finding) -> str:
        """What to do; empty if there is nothing."""
        return self.say(f"mend.{finding.mend}", **self._spoken(finding)) if finding.mend else ""

    def reach(self, machine: Machine) -> str:
        """Which ways work with a machine, in both directions."""
        named = f" ({', '.join(machine.nodes)})" if machine.nodes else ""
        return self.say(
            "machine",
            host=f"{machine.host}{named}",
            inwards=self._ways(machine.heard, machine),
            outwards=self._ways(machine.hears, machine),
        )

    def _ways(self, reach: Reach, machine: Machine) -> str:
        # Running nodes tell nothing of broadcast when they don't use it.
        known = [way for way in Way if reach[way] or machine.doctor or way is not Way.BROADCAST]
        return ", ".join(
            f"{self.say(f'way.{way.name.lower()}')} {'✓' if reach[way] else '✗'}" for way in known
        )

    def _spoken(self, finding: Finding) -> dict[str, str | int]:
        values = dict(finding.values)
        if "way" in values:
            values["way"] = self.say(f"way.{values['way']}")
        return values


def text(findings: Iterable[Finding], report: Report | None, words: Words) -> Iterator[str]:
    """Lines for the terminal."""
    if report is not None and report.interface is not None:
        chosen = report.interface
        yield words.say("here", address=chosen.address, interface=chosen.name, mtu=chosen.mtu)
        for machine in machines(report):
            yield words.reach(machine)
        yield ""
    problems = 0
    for finding in findings:
        problems += finding.severity is Severity.PROBLEM
        yield f"{MARKS[finding.severity]} {words.sentence(finding)}"
        if finding.mend:
            yield f"    → {words.mend(finding)}"
        yield from (f"        {command}" for command in finding.commands)
    yield ""
    yield words.say("problems", count=problems) if problems else words.say("fine")


def as_json(findings: Iterable[Finding], report: Report | None, words: Words) -> str:
    """The same for programs: one object."""
    found = list(findings)
    return json.dumps(
        {
            "fine": not any(finding.severity is Severity.PROBLEM for finding in found),
            "machines": [
                {
                    "host": machine.host,
                    "nodes": list(machine.nodes),
                    "doctor": machine.doctor,
                    "heard": machine.heard._asdict(),
                    "hears": machine.hears._asdict(),
                }
                for machine in (machines(report) if report else [])
            ],
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity.value,
                    "host": finding.host,
                    "values": dict(finding.values),
                    "text": words.sentence(finding),
                    "mend": words.mend(finding),
                    "commands": list(finding.commands),
                }
                for finding in found
            ],
        },
        ensure_ascii=False,
        indent=2,
    )
