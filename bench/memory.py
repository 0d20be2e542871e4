"""What a process holds in memory."""

from __future__ import annotations

import resource
from pathlib import Path


def resident_kib(pid: int | str = "self") -> float:
    """Resident memory in KiB, of this process or another one."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024
