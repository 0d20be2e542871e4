"""What a node's functions cost for each of many things that it does, whatever these are."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.servers import Server
from bench.spy import record, tool
from bench.stacks import OwnFunctions, divided, shares
from bench.threads import read_threads, spent

SHOWN = 24
"""Functions with a row of their own."""


def by_function(
    server: Server, done: Callable[[], int], seconds: float, kept: Path, name: str = "functions"
) -> tuple[dict[str, float], int]:
    """Microseconds in each function, all threads together, for each thing that was ``done``.

    As with ``bench.profile_message``: first the kernel counts for so many seconds, while nothing
    disturbs it, then samples divide what it has counted. Also how many there were meanwhile.
    """
    pid = server.process.pid
    spy = tool()
    before, threads = done(), read_threads(pid)
    time.sleep(seconds)
    used, count = spent(threads, read_threads(pid)), done() - before
    samples = record(spy, [pid], kept, name, seconds, "--native")
    return divided(shares(samples, OwnFunctions().of), used, count), count


def show(times: dict[str, float], what: str) -> Iterator[str]:
    """The table as Markdown, the largest first."""
    yield "| | µs |"
    yield "|---|---|"
    most = Counter(times).most_common()
    for place, value in most[:SHOWN]:
        yield f"| `{place}` | {value:.3g} |" if os.sep in place else f"| {place} | {value:.3g} |"
    rest = most[SHOWN:]
    if rest:
        yield f"| {len(rest)} others | {sum(value for _, value in rest):.3g} |"
    yield f"| {what} | {sum(times.values()):.3g} |"
