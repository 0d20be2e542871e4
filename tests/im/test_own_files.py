"""What a node writes is for its own user: its database has the cluster's keys and all messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.services.node import RUN

EVERYBODY_READS = 0o022
"""The ``umask`` that most systems begin with."""


def run(folder: Path, *words: str) -> None:
    """A command on a database of its own, as most people start it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    done = subprocess.run(
        [sys.executable, str(RUN), *words, "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        env=kept,
        timeout=60,
        umask=EVERYBODY_READS,
    )
    assert done.returncode == 0, done.stderr


def rights(path: Path) -> int:
    """What whom may do with it."""
    return path.stat().st_mode & 0o777


def test_nobody_else_on_the_machine_reads_what_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    run(folder, "migrate")
    assert rights(folder) == 0o700
    assert {path.name: rights(path) for path in folder.iterdir()} == {"im.db": 0o600}


def test_what_was_open_to_all_is_closed_to_others_and_a_group_keeps_what_it_was_given(
    tmp_path: Path,
) -> None:
    run(tmp_path, "migrate")
    files = tmp_path / "media"
    files.mkdir(0o755)
    for path, mode in ((tmp_path / "im.db", 0o644), (files, 0o755)):
        path.chmod(mode)
    run(tmp_path, "migrate")
    assert (rights(tmp_path / "im.db"), rights(files)) == (0o640, 0o750)


def test_the_certificate_to_trust_is_for_everyone(tmp_path: Path) -> None:
    file = tmp_path / "lan.crt"
    run(tmp_path / "var", "trust", str(file))
    assert rights(file) == 0o644
