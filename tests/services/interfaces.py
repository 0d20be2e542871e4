"""Browsers and the interfaces of this machine.

When an interface comes or goes, Chromium breaks off what it is loading, from any host. So tests in
a browser hold off those that are about to change an interface of the test process's own namespace,
in whatever process they run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def _locked(operation: int) -> Iterator[None]:
    path = Path(tempfile.gettempdir()) / "im-test-interfaces.lock"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def interfaces_stay() -> contextlib.AbstractContextManager[None]:
    """Meanwhile no test changes an interface. Waits for those that do so now."""
    return _locked(fcntl.LOCK_SH)


def interfaces_change() -> contextlib.AbstractContextManager[None]:
    """Meanwhile no test runs in a browser. Waits for those that do; not for use in such a test."""
    return _locked(fcntl.LOCK_EX)
