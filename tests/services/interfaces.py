"""Browsers and the interfaces of this machine.

When an interface comes or goes, Chromium breaks off what it is loading, from any host. So tests in
a browser hold off those that are about to change an interface of the test process's own namespace,
in whatever process they run. Who waits to change one is not overtaken by tests that begin later.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_held: list[int] = []
"""The lock's descriptor while a test of this process runs in a browser."""


@contextlib.contextmanager
def interfaces_stay() -> Iterator[None]:
    """Meanwhile no other test changes an interface. Waits for those that do so now."""
    descriptor = _open()
    try:
        with _turn():
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        _held.append(descriptor)
        yield
    finally:
        _held.clear()
        os.close(descriptor)


@contextlib.contextmanager
def interfaces_change() -> Iterator[None]:
    """Meanwhile no other test runs in a browser. Waits for those that do."""
    own = _held[0] if _held else None
    descriptor = _open() if own is None else own
    try:
        # Two that run in browsers would else wait for each other.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        with _turn():
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if own is None:
            os.close(descriptor)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_SH)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Held while one waits; else those who share would pass the one who shares with nobody."""
    descriptor = _open("turn")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(name: str = "interfaces") -> int:
    path = Path(tempfile.gettempdir()) / f"im-test-{name}.lock"
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
