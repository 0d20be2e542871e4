"""Progress while it runs, and what was found, for people and for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.million_machine import Plan
from bench.million_memory import Memory

LINE_SECONDS = 5.0
"""Between two lines of progress where there is no terminal."""

Figures = dict[str, Any]


class Progress:
    """One phase: how many of all, how many a second, how long it takes still."""

    def __init__(self, what: str, whole: int) -> None:
        self._what = what
        self._whole = whole
        self._began = time.monotonic()
        self._told = 0.0
        self._terminal = sys.stderr.isatty()
        self._tell(f"{what} …")

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def __call__(self, done: int) -> None:
        """So many are done by now."""
        now = time.monotonic()
        if now - self._told < (0.2 if self._terminal else LINE_SECONDS):
            return
        self._told = now
        rate = done / max(self.seconds, 1e-9)
        left = f"{(self._whole - done) / rate:,.0f} s left" if done else "…"
        self._tell(f"{self._what}: {done:,} of {self._whole:,}, {rate:,.0f}/s, {left}")

    def end(self, words: str) -> None:
        """The phase is over, with this result."""
        self._tell(f"{self._what}: {words} ({self.seconds:,.1f} s)")
        if self._terminal:
            print(file=sys.stderr)

    def _tell(self, line: str) -> None:
        end = "" if self._terminal else "\n"
        start = "\r\033[K" if self._terminal else ""
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def shares(times: Sequence[float]) -> Figures:
    """The middle, the slowest hundredth and the slowest of times in ms."""
    if not times:
        return {}
    ordered = sorted(times)
    at = {"p50": 0.5, "p99": 0.99}
    found = {name: round(ordered[int(len(ordered) * share)], 1) for name, share in at.items()}
    return {**found, "worst": round(ordered[-1], 1)}


def memory_figures(empty: Memory, full: Memory, plan: Plan) -> Figures:
    """What the connections take, each and in all, and what the nodes take without them."""
    grown = full - empty
    each = {
        "nodes": grown.nodes,
        "load generators": grown.holders,
        "database": grown.database,
        "kernel, both ends": grown.kernel + grown.buffers,
        "all": -grown.available,
    }
    return {
        "kib_each": {name: round(kib / plan.people, 2) for name, kib in each.items()},
        "gib": {name: round(kib / 2**20, 2) for name, kib in each.items()},
        "empty_node_mib": round(empty.nodes / plan.nodes / 1024, 1),
    }


def table(results: Figures) -> str:
    """All figures as Markdown, a row for each."""
    rows = ["| | |", "|---|---|"]
    for phase, figures in results.items():
        if isinstance(figures, dict):
            rows += [f"| {phase}: {name} | {_shown(value)} |" for name, value in figures.items()]
        else:
            rows.append(f"| {phase} | {_shown(figures)} |")
    return "\n".join(rows)


def keep(results: Figures, path: Path) -> None:
    """Write them to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(each)}" for name, each in value.items())
    return f"{value:,}" if isinstance(value, int | float) else str(value)
