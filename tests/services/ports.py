"""Free ports that two test processes never get at once."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST_PORT = 20_000
"""Below the kernel's ephemeral range (32768 on Linux), so no outgoing connection takes the port."""
LAST_PORT = 31_999


class PortReservations:
    """Ports of 127.0.0.1 kept for this process until ``release`` or the process ends.

    A port is reserved by locking a file named after it, then tried by binding it for TCP and UDP.
    The kernel frees the locks of a dead process, so nothing is left behind by a killed run.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / f"im-test-ports-{os.getuid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._locks: dict[int, int] = {}
        self._random = random.Random()

    def reserve(self, span: int = 1) -> int:
        """The first of ``span`` consecutive free ports; ``RuntimeError`` if there are none."""
        for _ in range(1000):
            first = self._random.randint(FIRST_PORT, LAST_PORT - span + 1)
            taken: list[int] = []
            while len(taken) < span and self._take(first + len(taken)):
                taken.append(first + len(taken))
            if len(taken) == span:
                return first
            for port in taken:
                self.release(port)
        raise RuntimeError(f"no {span} consecutive free ports from {FIRST_PORT} to {LAST_PORT}")

    def release(self, port: int) -> None:
        """Give one port back; of a port that is not reserved here nothing happens."""
        lock = self._locks.pop(port, None)
        if lock is not None:
            os.close(lock)

    def close(self) -> None:
        """Give every port back."""
        for port in list(self._locks):
            self.release(port)

    def _take(self, port: int) -> bool:
        if port in self._locks:
            return False
        lock = os.open(self._folder / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        if not _bindable(port):
            os.close(lock)
            return False
        self._locks[port] = lock
        return True


def _bindable(port: int) -> bool:
    """Whether nobody on this machine listens on ``port``, on any address."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                return False
    return True
