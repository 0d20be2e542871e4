"""Temporary folders that are removed, with the processes that belong to them, even after a kill."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
from pathlib import Path

PREFIX = "im-test-"
OWNER_VARIABLE = "TEST_FOLDER"
"""Environment variable that names the folder a process belongs to."""
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 1024**3
"""What must be free there. A run with two workers takes about a quarter of it."""


def scratch() -> Path:
    """The folder for what servers and tests write: in memory where there is room, else on disk.

    A killed process loses nothing of what it wrote in either, and no test takes the power away; but
    a disk that several servers sync to is what everybody would wait for.
    """
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
            return MEMORY
    return Path(tempfile.gettempdir())


class ServiceFolder:
    """A short-named folder (socket paths may have 107 bytes) for one server's files.

    It is held by a lock as long as this process lives. ``close`` kills what still runs for the
    folder and removes it; ``sweep`` does so for the folders of dead test runs.
    """

    def __init__(self, kind: str, root: Path | None = None) -> None:
        root = root or scratch()
        self._lock: int | None = None
        while self._lock is None:  # again only if a sweep met the folder before its lock
            self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-", dir=root))
            self._lock = _lock(self.path)

    @property
    def environment(self) -> dict[str, str]:
        """What a process that belongs to this folder must have in its environment."""
        return {OWNER_VARIABLE: str(self.path)}

    def close(self) -> None:
        """Kill what belongs to the folder, remove it. Safe to call twice."""
        if self._lock is None:
            return
        kill_owned(self.path)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        self._lock = None


def sweep(root: Path | None = None) -> list[Path]:
    """End and remove what dead test runs of this user left in ``root``; returns their folders."""
    swept = []
    roots = [root] if root else [MEMORY, Path(tempfile.gettempdir())]
    for path in (path for root in roots for path in root.glob(f"{PREFIX}*-*")):
        if not path.is_dir() or path.stat().st_uid != os.getuid():
            continue
        lock = _lock(path) if (path / "lock").exists() else None
        if lock is None:
            continue
        kill_owned(path)
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)
        swept.append(path)
    return swept


def owned(path: Path) -> list[int]:
    """Ids of the processes that carry ``path`` in their environment (Linux; elsewhere none)."""
    mark = f"{OWNER_VARIABLE}={path}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def kill_owned(path: Path) -> None:
    """SIGKILL every process that belongs to ``path``."""
    for pid in owned(path):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _lock(path: Path) -> int | None:
    """The descriptor of the folder's exclusive lock, or None while another process holds it."""
    try:
        lock = os.open(path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
