"""What the relay must reach on two ordinary cores, beside what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

RATE = 200_000
"""Messages a second from one node to another, none lost."""
LATENCY_MS = {0: 5.0, 5: 10.0, 20: 30.0}
"""By loss in percent: the 99th percentile at 6,000 messages a second."""
KILL_SECONDS = 6.0
HEAL_SECONDS = 2.0
MESH_SECONDS = 1.0
HELLO_CORES = 0.3


def goals(results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Rows of (what, what it must reach, what was measured), as far as it was."""
    rows: list[tuple[str, str, str]] = []
    found = {
        (row["kind"], row["loss"]): row for row in results["tables"] if row["carrier"] == "relay"
    }
    for loss in LATENCY_MS:
        if row := found.get(("most", loss)):
            what = f"messages/s at {loss} % loss, none lost"
            rows.append((what, f"≥ {RATE:,}", f"{row['rate']:,.0f}, {row['lost']} lost"))
    for loss, limit in LATENCY_MS.items():
        if row := found.get(("paced", loss)):
            what = f"p99 at 6,000 messages/s and {loss} % loss"
            rows.append((what, f"≤ {limit:g} ms", f"{row['p99']:.1f} ms"))
    if lives := results["lives"]:
        crowds = [life["crowd"] for life in lives]
        for what, limit, unit, values in (
            ("`kill -9` of a node, noticed after", KILL_SECONDS, "s",
             [life["kill_seconds"] for life in lives]),
            ("payloads arrive again after the end of a partition of 10 s", HEAL_SECONDS, "s",
             [life["heal_seconds"] for life in lives]),
            ("54 processes of one host: full mesh after the last one's start", MESH_SECONDS, "s",
             [crowd["mesh_seconds"] for crowd in crowds]),
            ("their hellos", HELLO_CORES, "of a core",
             [crowd["hello_cores"] for crowd in crowds]),
        ):  # fmt: skip
            measured = f"{statistics.median(values):.2f} {unit}"
            rows.append((what, f"≤ {limit:g} {unit}", measured))
    return rows
