"""What the kernel has counted of a process's threads."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a thread: seconds on a core and waiting for one, and how often it left one.

    ``voluntary``: it waited for something; ``involuntary``: another one's turn came.
    """

    processor: float = 0.0
    runnable: float = 0.0
    voluntary: int = 0
    involuntary: int = 0

    def __sub__(self, before: Usage) -> Usage:
        return Usage(
            self.processor - before.processor,
            self.runnable - before.runnable,
            self.voluntary - before.voluntary,
            self.involuntary - before.involuntary,
        )


def read_threads(pid: int) -> dict[int, Usage]:
    """The threads that a process has now (``proc_pid_schedstat(5)``, ``proc_pid_status(5)``)."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        # One may end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            processor, runnable, _ = map(int, (task / "schedstat").read_text().split())
            status = dict(
                line.split(":\t", 1) for line in (task / "status").read_text().splitlines()
            )
            found[int(task.name)] = Usage(
                processor / 1e9,
                runnable / 1e9,
                int(status["voluntary_ctxt_switches"]),
                int(status["nonvoluntary_ctxt_switches"]),
            )
    return found


def spent(before: dict[int, Usage], after: dict[int, Usage]) -> dict[int, Usage]:
    """What each thread that is still there used between the two."""
    return {thread: usage - before.get(thread, Usage()) for thread, usage in after.items()}


def processor_seconds(pid: int) -> float:
    """Of a whole process so far, threads that have ended included."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS
