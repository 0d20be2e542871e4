"""What this process holds in memory."""

from __future__ import annotations

import resource
from pathlib import Path


def resident_kib() -> float:
    """Resident memory in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024
