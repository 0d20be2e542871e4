"""A real server process: started, signalled and ended by its id, its output kept in a file."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

POLL_INTERVAL = 0.02
"""Seconds between two looks at a condition."""
LOG_TAIL = 8000
"""Characters of a log that a failure shows."""


class ServiceFailed(Exception):
    """A server did not start, stop or answer; the message ends with the tail of its log."""


def wait_until(
    condition: Callable[[], bool], *, timeout: float = 30.0, what: str = "condition"
) -> None:
    """Return once ``condition()`` is true; raises ``TimeoutError`` after ``timeout`` seconds.

    Blocks: from a coroutine, run it in a thread.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} not seen within {timeout:g} s")
        time.sleep(POLL_INTERVAL)


class ServiceProcess:
    """One process in a process group of its own, which the kernel kills if its parent dies.

    Start it from a thread that lives as long as it shall: the kernel's signal follows the thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        cwd: Path | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        """``prefix`` enters another place first, as ``ip netns exec NAME`` does."""
        self.command = list(command)
        self.log_path = log
        self.environment = dict(environment)
        self._cwd = cwd
        self._prefix = list(prefix)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Id of the running process. Raises ``ServiceFailed`` if it was not started."""
        if self._process is None:
            raise ServiceFailed(f"{self.command[0]} was not started")
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended. A stopped one is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that the process wrote to its standard output and error, over all its starts."""
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def start(self) -> None:
        """Start the process; it may not be ready when this returns."""
        if self.running:
            raise ServiceFailed(f"{self.command[0]} runs already as {self.pid}")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, *_die_with_parent(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self._cwd,
                start_new_session=True,
            )

    def wait_ready(self, ready: Callable[[], bool], timeout: float) -> None:
        """Return when ``ready()`` is true. Raises ``ServiceFailed`` if it ends or takes longer."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise self.failure(f"ended with {self.returncode} before it was ready")
            if time.monotonic() >= deadline:
                raise self.failure(f"was not ready within {timeout:g} s")
            time.sleep(POLL_INTERVAL)

    def failure(self, what: str) -> ServiceFailed:
        """An error that says ``what`` happened and shows the end of the log."""
        return ServiceFailed(f"{' '.join(self.command)}\n{what}; its log:\n{self.log[-LOG_TAIL:]}")

    def stop(self) -> None:
        """SIGSTOP to the whole group: alive, its sockets open, but it answers nothing.

        Returns when it has halted: the thread that the kernel chose has to come to its turn before
        it halts the others.
        """
        self.signal(signal.SIGSTOP)
        if self.running:
            wait_until(self._halted, what="a halt")

    def cont(self) -> None:
        """SIGCONT: go on after ``stop``."""
        self.signal(signal.SIGCONT)

    def terminate(self, timeout: float = 30.0) -> int:
        """SIGTERM to the process alone and wait; returns the exit code.

        Raises ``ServiceFailed`` if it still runs after ``timeout`` seconds.
        """
        if self.running:
            self.cont()
            os.kill(self.pid, signal.SIGTERM)
        return self.wait(timeout)

    def kill9(self) -> None:
        """SIGKILL to the whole group: no goodbye, no flush. Returns when it is dead."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()

    def wait(self, timeout: float = 30.0) -> int:
        """The exit code, once it ended. Raises ``ServiceFailed`` after ``timeout`` seconds."""
        if self._process is None:
            raise ServiceFailed(f"{self.command[0]} was not started")
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.failure(f"still ran after {timeout:g} s") from None

    def _halted(self) -> bool:
        """Whether each of its threads stands still, or it has ended."""
        states = []
        for task in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                states.append(task.read_text().rpartition(") ")[2][0])
        return all(state in "TZX" for state in states)

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group; nothing if they all ended."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def program(*names: str, package: str) -> str:
    """The path of the first of these programs that is installed, also where Debian hides it.

    Raises ``ServiceFailed`` with the ``package`` that has it.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise ServiceFailed(f"{names[0]} is not installed: Debian and Ubuntu have {package}")


def _die_with_parent() -> list[str]:
    """Words before a command that make the kernel kill it with its parent (Linux, util-linux)."""
    if sys.platform == "linux" and shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", "KILL", "--"]
    return []
