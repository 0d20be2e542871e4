"""Where the memory is: with the nodes, the load generators, the database, and in the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.million_machine import meminfo

PAGE_KIB = 4


@dataclass(frozen=True, slots=True)
class Memory:
    """KiB at one moment.

    Attributes:
        nodes, holders, database: proportional set size of their processes: what several share
            counts once (``proc_pid_smaps(5)``).
        kernel: its own objects (slab): sockets of both ends, files, what epoll keeps.
        buffers: of TCP, for what is on its way (``/proc/net/sockstat``).
        available: what is left of the machine.
    """

    nodes: int
    holders: int
    database: int
    kernel: int
    buffers: int
    available: int

    def __sub__(self, before: Memory) -> Memory:
        return Memory(
            self.nodes - before.nodes,
            self.holders - before.holders,
            self.database - before.database,
            self.kernel - before.kernel,
            self.buffers - before.buffers,
            self.available - before.available,
        )


def read_memory(nodes: Iterable[int], holders: Iterable[int], database: int) -> Memory:
    """Of the machine and these processes, now."""
    whole = meminfo()
    return Memory(
        nodes=sum(map(proportional_kib, nodes)),
        holders=sum(map(proportional_kib, holders)),
        database=proportional_kib(database),
        kernel=whole["Slab"],
        buffers=_tcp_pages() * PAGE_KIB,
        available=whole["MemAvailable"],
    )


def proportional_kib(pid: int) -> int:
    """Proportional set size of a process; 0 when it is gone."""
    return _rolled_up(pid, "Pss:")


def anonymous_kib(pid: int) -> int:
    """What a process has of its own, without files; 0 when it is gone.

    It does not grow when others end that had the same program's files open.
    """
    return _rolled_up(pid, "Anonymous:")


def _rolled_up(pid: int, name: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0


def _tcp_pages() -> int:
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1])
    return 0
