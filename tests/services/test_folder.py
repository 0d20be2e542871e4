"""Folders of servers, and what remains of killed runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.services.folder import ServiceFolder, owned, sweep
from tests.services.process import wait_until

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import os, subprocess, sys, time
from pathlib import Path
from tests.services.folder import ServiceFolder
folder = ServiceFolder("x", Path(sys.argv[1]))
child = subprocess.Popen(["sleep", "600"], env={**os.environ, **folder.environment},
                         start_new_session=True, stdout=subprocess.DEVNULL)
print(folder.path, child.pid, flush=True)
time.sleep(600)
"""


def start_run(root: Path) -> tuple[subprocess.Popen[str], Path, int]:
    """A process that owns a folder with a server that outlives it."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout
    path, pid = run.stdout.readline().split()
    return run, Path(path), int(pid)


def test_closing_a_folder_kills_its_processes_and_removes_it(tmp_path: Path) -> None:
    folder = ServiceFolder("x", tmp_path)
    child = subprocess.Popen(["sleep", "600"], env={**os.environ, **folder.environment})
    wait_until(lambda: owned(folder.path) == [child.pid], what="the child")
    folder.close()
    assert child.wait(timeout=30) == -signal.SIGKILL
    assert not folder.path.exists()
    folder.close()


def test_a_sweep_ends_what_a_killed_run_left(tmp_path: Path) -> None:
    run, path, orphan = start_run(tmp_path)
    run.kill()
    run.communicate()
    wait_until(lambda: owned(path) == [orphan], what="the orphan")
    assert sweep(tmp_path) == [path]
    assert not path.exists()
    wait_until(lambda: owned(path) == [], what="the orphan's end")


def test_a_sweep_leaves_a_living_run_alone(tmp_path: Path) -> None:
    run, path, child = start_run(tmp_path)
    try:
        assert sweep(tmp_path) == []
        assert path.exists()
        assert owned(path) == [child]
    finally:
        run.kill()
        run.communicate()
        sweep(tmp_path)
