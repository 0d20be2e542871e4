"""How many descriptors, and so sockets, the system lets this process have."""

from __future__ import annotations

import os
import resource

KEPT_FREE = 256
"""Descriptors for what is no client's socket: pages, database, files, the relay."""
FOR_NEWCOMERS = 512
"""Descriptors that newcomers always have; beyond them they take what sockets leave over."""
ALWAYS_FREE = 64
"""Descriptors, or an eighth of all, that no connection gets: without them the database could not
open what it needs, and those who are connected would be told that it is away."""
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


def are_short(some: int) -> bool:
    """Whether no more are left than must be kept free; ``some`` is any descriptor that is open."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return False
    try:
        lowest = os.dup(some)  # the lowest that is free (dup(2)): all below are in use
    except OSError:
        return True
    os.close(lowest)
    return lowest >= allowed - min(ALWAYS_FREE, allowed // 8)
