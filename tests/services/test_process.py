"""Server processes of tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.process import ServiceFailed, ServiceProcess, wait_until

ROOT = Path(__file__).resolve().parents[2]


def script(tmp_path: Path, code: str) -> ServiceProcess:
    """A Python program as a service."""
    return ServiceProcess(
        [sys.executable, "-u", "-c", code], log=tmp_path / "log", environment=os.environ
    )


def state(pid: int) -> str:
    """The kernel's letter for what a process does: T is stopped, S sleeps."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_failed_start_shows_the_log(tmp_path: Path) -> None:
    process = script(tmp_path, "import sys; sys.exit('no such database')")
    process.start()
    with pytest.raises(ServiceFailed, match=r"ended with 1(?s:.*)no such database"):
        process.wait_ready(lambda: False, timeout=10)


def test_a_start_that_takes_too_long_is_a_failure(tmp_path: Path) -> None:
    process = script(tmp_path, "import time; time.sleep(600)")
    process.start()
    with pytest.raises(ServiceFailed, match=r"not ready within 0\.1 s"):
        process.wait_ready(lambda: False, timeout=0.1)
    process.kill9()
    assert process.returncode == -signal.SIGKILL


def test_terminate_lets_it_end_in_order(tmp_path: Path) -> None:
    process = script(
        tmp_path,
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('drained'), sys.exit(7)))\n"
        "print('up'); time.sleep(600)",
    )
    process.start()
    process.wait_ready(lambda: "up" in process.log, timeout=10)
    assert process.terminate() == 7
    assert process.log == "up\ndrained\n"


def test_signals_reach_the_children_too(tmp_path: Path) -> None:
    process = script(
        tmp_path,
        "import subprocess, time\nprint(subprocess.Popen(['sleep', '600']).pid)\ntime.sleep(600)",
    )
    process.start()
    process.wait_ready(lambda: process.log.endswith("\n"), timeout=10)
    child = int(process.log)
    process.stop()
    wait_until(lambda: state(child) == "T" == state(process.pid), what="the stop")
    process.cont()
    wait_until(lambda: state(child) == "S" == state(process.pid), what="the resumption")
    process.stop()
    process.kill9()
    wait_until(
        lambda: not Path(f"/proc/{child}").exists() or state(child) == "Z", what="the child's end"
    )


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.services.process import ServiceProcess\n"
        "p = ServiceProcess(['sleep', '600'], log=Path(sys.argv[1]), environment=os.environ)\n"
        "p.start(); p.wait_ready(lambda: b'sleep' == "
        "Path(f'/proc/{p.pid}/cmdline').read_bytes().split(b'\\0')[0], 10)\n"
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert Path(f"/proc/{child}").exists()
    parent.kill()
    parent.communicate()
    wait_until(
        lambda: not Path(f"/proc/{child}").exists() or state(child) == "Z", what="the child's end"
    )
