"""The first start makes the environment, whatever became of an earlier one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(180)
def test_an_environment_that_was_cut_short_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(HOME / "scripts" / "install.sh", tmp_path / "scripts")
    (tmp_path / "nothing.txt").touch()
    # As it is left when somebody presses Ctrl-C while pip is put into it.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    subprocess.run([tmp_path / "scripts" / "install.sh", "nothing.txt"], check=True)
