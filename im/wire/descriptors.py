"""How many sockets the system lets this process have."""

from __future__ import annotations

import resource

KEPT_FREE = 256
"""Descriptors for what is no client's socket: pages, database, files, the relay."""
FOR_NEWCOMERS = 512
"""Descriptors that newcomers always have; beyond them they take what sockets leave over."""
WITHOUT_LIMIT = 10_240
"""Asked for where the system names none (macOS: ``OPEN_MAX``)."""


def raise_limit() -> int:
    """Let this process have as many descriptors as the system gives it; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WITHOUT_LIMIT if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted


def room(most: int, descriptors: int) -> int:
    """How many of ``most`` sockets there may be with so many descriptors."""
    return min(most, max(descriptors - KEPT_FREE, descriptors // 2))
