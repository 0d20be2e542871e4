"""Browsers and changes of interfaces take turns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.services.process import wait_until

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import sys
from tests.services.interfaces import {name}
with {name}():
    print("in", flush=True)
    sys.stdin.read()
"""


class Holder:
    """A process that wants the lock, and has it until it is told to go."""

    def __init__(self, name: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE.format(name=name)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def comes_in(self) -> bool:
        """Wait until it has the lock."""
        assert self.process.stdout
        return self.process.stdout.readline() == "in\n"

    def waits(self) -> bool:
        """Whether it stands before a lock now."""
        lines = Path("/proc/locks").read_text("ascii").splitlines()
        return any("->" in line and f" {self.process.pid} " in line for line in lines)

    def goes(self) -> None:
        """Let it end."""
        self.process.communicate(timeout=10)


def test_who_waits_to_change_an_interface_is_not_overtaken(tmp_path: Path) -> None:
    browser = Holder("interfaces_stay", tmp_path)
    assert browser.comes_in()
    changing = Holder("interfaces_change", tmp_path)
    wait_until(changing.waits, what="the wait for the browser")
    later = Holder("interfaces_stay", tmp_path)
    wait_until(later.waits, what="the wait behind the one that changes")
    browser.goes()
    assert changing.comes_in()
    assert later.waits()
    changing.goes()
    assert later.comes_in()
    later.goes()
