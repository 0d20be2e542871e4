"""A finding: what is so, how bad it is, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """How bad a finding is."""

    PROBLEM = "problem"
    """It keeps nodes apart, or a node from running: the exit status is 1."""
    ADVICE = "advice"
    """It works, and could work better."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them.

    Attributes:
        code: of its sentence in the catalogue, ``doctor.<code>``.
        severity: see there.
        values: for the blanks of both sentences.
        mend: of the sentence that says what to do, ``doctor.mend.<mend>``; empty for none.
        commands: lines to type or settings to give; the same in every language.
        host: the other machine that it is about, or empty.
    """

    code: str
    severity: Severity
    values: Mapping[str, str | int] = field(default_factory=dict)
    mend: str = ""
    commands: tuple[str, ...] = ()
    host: str = ""
